"""Photos by http and https: patient with servers, wary of where they send us."""

import email.utils
import time
from contextlib import suppress

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
MOST_REDIRECTS = 20  # as browsers
# What may pass, beside a broken connection and all from 500 on: time-out, too early, too many requests.
PASSING = {408, 425, 429}
# A body that trickles in, never silent for a whole time-out, is given up after this many of them.
MOST_TIMEOUTS = 20
LONGEST_PAUSE = 120  # seconds, whatever a server asks for
CHUNK = 64 * 1024  # bytes
# A page of an error up to this size is read to its end, which keeps its connection.
LARGEST_PAGE = 64 * 1024  # bytes


class Downloader:
    """Downloads photos; its connections are kept and shared by the threads that call it.

    Args:
        fetch: Limits, and what to say to servers.
        pause: Seconds that the pauses between attempts grow from: none before the first retry, then 2, 4,
            8 ... times this, unless the server says how long.
    """

    def __init__(self, fetch: FetchSettings, pause: float = 1.0) -> None:
        self._fetch = fetch
        self._most_bytes = fetch.max_megabytes * MEGABYTE
        self._retry = Patience(fetch.retries, backoff_factor=pause, backoff_max=LONGEST_PAUSE)
        self._routes = Routes(fetch)

    def close(self) -> None:
        """Close the connections."""
        self._routes.close()

    def download(self, url: str) -> bytes:
        """Get what lies at an address, trying again what may pass.

        Raises:
            BadPhotoError: Nothing there, too large, refused, or failed on every attempt.
            UserError: The environment names a proxy that cannot be.
        """
        trail = [WebAddress.listed(url)]
        try:
            return self._persist(trail)
        except BadPhotoError as error:
            proxy = self._routes.proxy(trail[-1])
            if proxy is None or error.reason is not Reason.DOWNLOAD_FAILED:
                raise
            raise BadPhotoError(error.reason, f"{error.detail} (through {proxy.origin})") from None

    def _persist(self, trail: list[WebAddress]) -> bytes:
        retry = self._retry
        while True:
            del trail[1:]
            response, failure = None, None
            try:
                response = self._follow(trail)
                if not _may_pass(response.status):
                    return self._content(response)
            except ValueError as error:
                raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
            except HTTPError as error:
                failure = error
            finally:
                if response is not None:
                    self._finish(response)
            retry = _after_pause(retry, response, failure)

    def _follow(self, trail: list[WebAddress]) -> BaseHTTPResponse:
        """Ask for the first address, follow redirects, and add where they lead to the trail."""
        while len(trail) <= MOST_REDIRECTS + 1:
            response = self._ask(trail[-1])
            location = next(iter(response.headers.getlist("Location")), None)
            if response.status not in REDIRECTS or not location:
                return response
            self._finish(response)
            trail.append(trail[-1].redirected(location))
        raise BadPhotoError(Reason.DOWNLOAD_FAILED, f"more than {MOST_REDIRECTS} redirects")

    def _ask(self, address: WebAddress) -> BaseHTTPResponse:
        connections = self._routes.to(address)
        headers = dict(connections.headers)
        if address.authorization:
            headers["Authorization"] = address.authorization
        return connections.request("GET", address.url, headers=headers, redirect=False, preload_content=False)

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


class Patience(Retry):
    """The pauses between attempts, with `Retry-After` as servers write it."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that a server asks for, at most `LONGEST_PAUSE`.

        0, which leaves the usual pause, stands for what is over and for what nobody understands.
        """
        try:
            seconds = float(retry_after)
        except ValueError:
            seconds = _seconds_until(retry_after)
        return min(seconds, LONGEST_PAUSE) if seconds > 0 else 0  # also for not a number


def _seconds_until(date: str) -> float:
    """Return the seconds until a date of HTTP, in any of its three forms; 0 if it is none."""
    try:
        parsed = email.utils.parsedate_tz(date)
        return email.utils.mktime_tz(parsed) - time.time() if parsed else 0
    except (ValueError, IndexError, OverflowError):  # of a year 99999, and worse
        return 0


def _may_pass(status: int) -> bool:
    return status in PASSING or status >= 500


def _after_pause(retry: Patience, response: BaseHTTPResponse | None, failure: HTTPError | None) -> Patience:
    try:
        retry = retry.increment("GET", response=response, error=failure)
    except HTTPError:  # no attempt left
        detail = _told(failure) if failure else f"HTTP {response.status if response else None}"
        raise BadPhotoError(Reason.DOWNLOAD_FAILED, detail) from None
    retry.sleep(response)
    return retry


def _told(failure: HTTPError) -> str:
    if isinstance(failure, ProxyError):
        return f"{failure.args[0]}: {failure.original_error}"
    return str(failure.args[0])
