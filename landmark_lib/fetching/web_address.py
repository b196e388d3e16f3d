"""Addresses of the web, read as browsers read them: by the URL standard of WHATWG."""

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote

from ada_url import URL

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError

DEFAULT_PORTS = {"http": 80, "https": 443}
SCHEMES = tuple(DEFAULT_PORTS)
# Browsers look for a host behind any number of slashes. In a list, an address without one is a mistake.
WITH_HOST = re.compile(r"https?://[^/\\?#]", re.IGNORECASE)


@dataclass(frozen=True)
class WebAddress:
    """Where an http or https request goes.

    Attributes:
        scheme: http or https.
        host: A name in ASCII (internationalised ones as punycode), an IPv4 address with four decimal numbers,
            or an IPv6 address in brackets.
        port: As given, or the scheme's.
        url: What is asked for, percent-encoded, without user and fragment.
        user: "user:password", or nothing.
    """

    scheme: str
    host: str
    port: int
    url: str
    user: str

    @classmethod
    def listed(cls, text: str) -> Self:
        """Read an address of a list.

        Raises:
            BadPhotoError: It is none.
        """
        if not WITH_HOST.match(text.strip()):
            raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, "an address without a host")
        return cls._read(_parsed(text))

    def redirected(self, location: str) -> Self:
        """Follow a redirect.

        Args:
            location: The header's value as `http.client` gives it: a character for each byte.

        Raises:
            BadPhotoError: It leads to no address, or to one of another scheme.
        """
        # What servers send raw is UTF-8 or older; browsers and curl pass the bytes on, percent-encoded.
        encoded = re.sub(r"[\x80-\xff]", lambda byte: f"%{ord(byte[0]):02X}", location)
        target = _parsed(encoded, self.url)
        if target.protocol.removesuffix(":") not in SCHEMES:
            raise BadPhotoError(Reason.REFUSED_ADDRESS, f"redirected to {target.href:.200}")
        address = self._read(target)
        # Who asked for a password once is told it again, and nobody else.
        return replace(address, user=address.user or (self.user if address.origin == self.origin else ""))

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The header's value that tells user and password."""
        return f"Basic {b64encode(self.user.encode()).decode()}" if self.user else None

    @classmethod
    def _read(cls, parsed: URL) -> Self:
        scheme = parsed.protocol.removesuffix(":")
        # urllib3 would encode every % of an address in which one stands for itself.
        path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", parsed.pathname + parsed.search)
        user = f"{parsed.username}:{parsed.password}" if parsed.username or parsed.password else ""
        return cls(
            scheme=scheme,
            host=parsed.hostname,
            port=int(parsed.port or DEFAULT_PORTS[scheme]),
            url=f"{scheme}://{parsed.host}{path}",
            user=unquote(user),
        )


def _parsed(text: str, base: str | None = None) -> URL:
    try:
        return URL(text, base)
    except ValueError:
        detail = f"no address that a browser would take: {text!r:.200}"
        raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, detail) from None
