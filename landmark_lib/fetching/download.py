"""Downloads photos by http and https, with retries and checked redirects."""

import email.utils
import time
from contextlib import suppress
from typing import Self

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ProxyError
from urllib3.util import Retry

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.fetching.routes import Routes
from landmark_lib.fetching.web_address import WebAddress
from landmark_lib.settings import FetchSettings

MEGABYTE = 1_000_000
REDIRECTS = {300, 301, 302, 303, 307, 308}
MAX_REDIRECTS = 20  # as in browsers
# Temporary errors besides broken connections and all from 500 on: timeout, too early, too many requests.
TEMPORARY = {408, 425, 429}
# A slow body, never silent for a whole timeout, is abandoned after this many timeouts.
MAX_TIMEOUTS = 20
MAX_PAUSE = 120  # seconds, whatever a server asks for
CHUNK = 64 * 1024  # bytes
# An error page up to this size is read to its end, so that its connection can be reused.
MAX_PAGE = 64 * 1024  # bytes


class Downloader:
    """Downloads photos over connections that are kept and shared by the calling threads.

    Args:
        fetch: Limits and headers.
        pause: Base of the pauses between attempts, in seconds: none before the first retry, then 2, 4, 8 …
            times this, unless the server asks for another.
    """

    def __init__(self, fetch: FetchSettings, pause: float = 1.0) -> None:
        self._fetch = fetch
        self._max_bytes = fetch.max_megabytes * MEGABYTE
        self._retry = Patience(fetch.retries, backoff_factor=pause, backoff_max=MAX_PAUSE)
        self._routes = Routes(fetch)

    def close(self) -> None:
        """Close the connections."""
        self._routes.close()

    def download(self, url: str) -> bytes:
        """Return the content at an address; retry after temporary errors.

        Raises:
            BadPhotoError: Nothing is there, it is too large or refused, or all attempts failed.
            UserError: The environment names an invalid proxy.
        """
        trail = [WebAddress.parse(url)]
        try:
            return self._follow_with_retries(trail)
        except BadPhotoError as error:
            proxy = self._routes.proxy(trail[-1])
            if proxy is None or error.reason is not Reason.DOWNLOAD_FAILED:
                raise
            raise BadPhotoError(error.reason, f"{error.detail} (through {proxy.origin})") from None

    def _follow_with_retries(self, trail: list[WebAddress]) -> bytes:
        retry = self._retry
        while True:
            del trail[1:]
            response, failure = None, None
            try:
                response = self._follow(trail)
                if response.status not in TEMPORARY and response.status < 500:
                    if response.status in {404, 410}:
                        raise BadPhotoError(Reason.MISSING_FILE, f"HTTP {response.status}")
                    if response.status != 200:
                        raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"HTTP {response.status}")
                    return self._body(response, self._max_bytes)
            except ValueError as error:
                raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
            except HTTPError as error:
                failure = error
            finally:
                if response is not None:
                    self._finish(response)
            retry = retry.pause(response, failure)

    def _follow(self, trail: list[WebAddress]) -> BaseHTTPResponse:
        """Request the first address and follow redirects, adding their targets to the trail."""
        while len(trail) <= MAX_REDIRECTS + 1:
            connections = self._routes.to(trail[-1])
            headers = dict(connections.headers)
            if trail[-1].authorization:
                headers["Authorization"] = trail[-1].authorization
            response = connections.request(
                "GET", trail[-1].url, headers=headers, redirect=False, preload_content=False
            )
            location = next(iter(response.headers.getlist("Location")), None)
            if response.status not in REDIRECTS or not location:
                return response
            self._finish(response)
            trail.append(trail[-1].redirect(location))
        raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"more than {MAX_REDIRECTS} redirects")

    def _body(self, response: BaseHTTPResponse, max_bytes: int) -> bytes:
        if (response.length_remaining or 0) > max_bytes:
            raise BadPhotoError(Reason.TOO_LARGE, f"{response.length_remaining} bytes")
        deadline = time.monotonic() + MAX_TIMEOUTS * self._fetch.timeout
        content = bytearray()
        while chunk := response.read1(CHUNK, decode_content=True):
            content += chunk
            if len(content) > max_bytes:
                raise BadPhotoError(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
            if time.monotonic() > deadline:
                raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"too slow: {len(content)} bytes so far")
        return bytes(content)

    def _finish(self, response: BaseHTTPResponse) -> None:
        with suppress(HTTPError, BadPhotoError):
            self._body(response, MAX_PAGE)
        # A connection with an unread rest cannot be reused, but the pool still counts it.
        response.close()
        response.release_conn()


class Patience(Retry):
    """The pauses between attempts, which respect `Retry-After`."""

    def pause(self, response: BaseHTTPResponse | None, failure: HTTPError | None) -> Self:
        """Wait after a failed attempt. Return the pauses that are left.

        Raises:
            BadPhotoError: No attempt is left.
        """
        try:
            left = self.increment("GET", response=response, error=failure)
        except HTTPError:
            detail = str(failure.args[0]) if failure else f"HTTP {response.status if response else None}"
            if isinstance(failure, ProxyError):
                detail += f": {failure.original_error}"
            raise BadPhotoError(Reason.DOWNLOAD_FAILED, detail) from None
        left.sleep(response)
        return left

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that a server asks for, at most `MAX_PAUSE`.

        0, which means the usual pause, for past times and for unreadable values.
        """
        try:
            seconds = float(retry_after)
        except ValueError:
            try:  # an HTTP date, in any of its three formats
                date = email.utils.parsedate_tz(retry_after)
                seconds = email.utils.mktime_tz(date) - time.time() if date else 0
            except (ValueError, IndexError, OverflowError):  # such as a year 99999
                seconds = 0
        return min(seconds, MAX_PAUSE) if seconds > 0 else 0  # false for NaN
