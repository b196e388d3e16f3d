"""Photos by http and https: patient with servers, wary of where they send us."""

import ipaddress
import socket
import time
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.settings import FetchSettings

SCHEMES = ("http", "https")
MEGABYTE = 1_000_000
MOST_REDIRECTS = 5
# A body that trickles in, never silent for a whole time-out, is given up after this many of them.
MOST_TIMEOUTS = 20
LONGEST_PAUSE = 120  # seconds, whatever a server asks for
CHUNK = 64 * 1024  # bytes
# A page of an error up to this size is read to its end, which keeps its connection.
LARGEST_PAGE = 64 * 1024  # bytes
# How a network without IPv4 addresses writes those of the others (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Downloader:
    """Downloads photos; its connections are kept and shared by the threads that call it.

    Proxies named in the environment are not used: behind one, nobody here could tell which address a
    download reaches.

    Args:
        fetch: Limits, and what to say to servers.
        pause: Seconds that the pauses between attempts grow from: none before the first retry, then 2, 4,
            8 ... times this, unless the server says how long.
    """

    def __init__(self, fetch: FetchSettings, pause: float = 1.0) -> None:
        self._fetch = fetch
        self._most_bytes = fetch.most_megabytes * MEGABYTE
        self._retry = Retry(fetch.retries, backoff_factor=pause, retry_after_max=LONGEST_PAUSE)
        self._pools = PoolManager(
            maxsize=fetch.connections_per_host,
            block=True,
            retries=False,
            timeout=Timeout(connect=fetch.timeout, read=fetch.timeout),
            headers={"User-Agent": fetch.user_agent},
        )
        if not fetch.allow_private:
            self._pools.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}

    def close(self) -> None:
        """Close the connections."""
        self._pools.clear()

    def download(self, url: str) -> bytes:
        """Get what lies at an address, trying again what may pass: no connection, a broken one, 429, 5xx.

        Raises:
            BadPhotoError: Nothing there, too large, refused, or failed on every attempt.
        """
        retry = self._retry
        while True:
            response, failure = None, None
            try:
                response = self._follow(url)
                if not _may_pass(response.status):
                    return self._content(response)
            except ValueError as error:
                raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
            except HTTPError as error:
                failure = error
            finally:
                if response is not None:
                    self._finish(response)
            retry = _after_pause(retry, url, response, failure)

    def _follow(self, url: str) -> BaseHTTPResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = self._pools.request("GET", url, redirect=False, preload_content=False)
            target = response.get_redirect_location()
            if not target:
                return response
            self._finish(response)
            url = urljoin(url, target)
            if urlsplit(url).scheme not in SCHEMES:
                raise BadPhotoError(Reason.REFUSED_ADDRESS, f"redirected to {url}")
        raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"more than {MOST_REDIRECTS} redirects")

    def _content(self, response: BaseHTTPResponse) -> bytes:
        if response.status in {404, 410}:
            raise BadPhotoError(Reason.MISSING_FILE, f"HTTP {response.status}")
        if response.status != 200:
            raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"HTTP {response.status}")
        return self._body(response, self._most_bytes)

    def _body(self, response: BaseHTTPResponse, most_bytes: int) -> bytes:
        if (response.length_remaining or 0) > most_bytes:
            raise BadPhotoError(Reason.TOO_LARGE, f"{response.length_remaining} bytes")
        give_up = time.monotonic() + MOST_TIMEOUTS * self._fetch.timeout
        content = bytearray()
        while chunk := response.read1(CHUNK, decode_content=True):
            content += chunk
            if len(content) > most_bytes:
                raise BadPhotoError(Reason.TOO_LARGE, f"more than {most_bytes} bytes")
            if time.monotonic() > give_up:
                raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"too slow: {len(content)} bytes so far")
        return bytes(content)

    def _finish(self, response: BaseHTTPResponse) -> None:
        with suppress(HTTPError, BadPhotoError):
            self._body(response, LARGEST_PAGE)
        # What was not read to its end is of no more use; the pool waits for its connection all the same.
        response.close()
        response.release_conn()


def is_public(address: str) -> bool:
    """Tell whether the internet routes an IP address, also where an IPv6 address wraps one of IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return wrapped.is_global
    return ip.is_global


def _may_pass(status: int) -> bool:
    return status == 429 or status >= 500


def _after_pause(
    retry: Retry, url: str, response: BaseHTTPResponse | None, failure: HTTPError | None
) -> Retry:
    try:
        retry = retry.increment("GET", url, response=response, error=failure)
        retry.sleep(response)
    except (HTTPError, ValueError):  # no attempt left, or a Retry-After that says nothing
        detail = str(failure.args[0]) if failure else f"HTTP {response.status if response else None}"
        raise BadPhotoError(Reason.DOWNLOAD_FAILED, detail) from None
    return retry


def _refuse_private(connected: socket.socket) -> socket.socket:
    # Asked of the connection itself: a name could tell another address each time it is looked up.
    address = connected.getpeername()[0]
    if not is_public(address):
        connected.close()
        raise BadPhotoError(Reason.REFUSED_ADDRESS, f"{address} is no address of the internet")
    return connected


class _PublicHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn())


class _PublicHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn())


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection
