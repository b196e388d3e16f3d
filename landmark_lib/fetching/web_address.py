"""Web addresses, parsed like a browser: by the WHATWG URL standard."""

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
# Browsers find a host after any number of slashes. In a list, an address without a host is a mistake.
WITH_HOST = re.compile(r"https?://[^/\\?#]", re.IGNORECASE)


@dataclass(frozen=True)
class WebAddress:
    """The target of an http or https request.

    Attributes:
        scheme: http or https.
        host: An ASCII name (internationalised ones in punycode), an IPv4 address of four decimal numbers, or
            an IPv6 address in brackets.
        port: As given, or the scheme's default.
        url: The requested URL, percent-encoded, without user and fragment.
        user: "user:password", or empty.
    """

    scheme: str
    host: str
    port: int
    url: str
    user: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address in a list's text.

        Raises:
            BadPhotoError: It is invalid.
        """
        if not WITH_HOST.match(text.strip()):
            raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, "an address without a host")
        return cls._read(_parse(text))

    def redirect(self, location: str) -> Self:
        """Return the target of a redirect.

        Args:
            location: The header's value as `http.client` returns it: one character per byte.

        Raises:
            BadPhotoError: The target is invalid or has another scheme.
        """
        # Servers send raw UTF-8 or older encodings; like browsers and curl, percent-encode the bytes.
        encoded = re.sub(r"[\x80-\xff]", lambda byte: f"%{ord(byte[0]):02X}", location)
        target = _parse(encoded, self.url)
        if target.protocol.removesuffix(":") not in SCHEMES:
            raise BadPhotoError(Reason.REFUSED_ADDRESS, f"redirected to {target.href:.200}")
        address = self._read(target)
        # Send a password only to the origin that it belongs to.
        return replace(address, user=address.user or (self.user if address.origin == self.origin else ""))

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The value of the Authorization header, if there is a user."""
        return f"Basic {b64encode(self.user.encode()).decode()}" if self.user else None

    @classmethod
    def _read(cls, parsed: URL) -> Self:
        scheme = parsed.protocol.removesuffix(":")
        # urllib3 would encode every % of an address with one % that is not an escape.
        path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", parsed.pathname + parsed.search)
        user = f"{parsed.username}:{parsed.password}" if parsed.username or parsed.password else ""
        return cls(
            scheme=scheme,
            host=parsed.hostname,
            port=int(parsed.port or DEFAULT_PORTS[scheme]),
            url=f"{scheme}://{parsed.host}{path}",
            user=unquote(user),
        )


def _parse(text: str, base: str | None = None) -> URL:
    try:
        return URL(text, base)
    except ValueError:
        detail = f"invalid address: {text!r:.200}"
        raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, detail) from None
