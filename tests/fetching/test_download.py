"""Downloads wait, retry and give up as they should, and go nowhere they must not."""

import gzip
import ipaddress
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.dataset import Reason
from landmark_lib.fetching import download
from landmark_lib.fetching.download import Downloader, is_public
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.images.decode import BadPhotoError
from landmark_lib.settings import FetchSettings

PHOTO = bytes(range(256)) * 1000
SECONDS = 30  # that nothing here should take


class Site(ThreadingHTTPServer):
    """A web server that tells what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Visit)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = Counter()  # times by path
        self.agents = set()
        self.connections = 0
        self.at_once = self.most_at_once = 0
        self.meeting = threading.Barrier(3)
        self.over = threading.Event()
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """Say nothing of clients that hung up, as many here do."""

    @contextmanager
    def count(self, path, agent):
        with self.lock:
            self.asked[path] += 1
            self.agents.add(agent)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_GET(self):
        path, _, argument = self.path[1:].partition("?")
        with self.server.count(path, self.headers["User-Agent"]):
            getattr(self, path)(argument)

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def photo(self, _):
        self.answer(200, PHOTO)

    def zipped(self, _):
        self.answer(200, gzip.compress(PHOTO), Content_Encoding="gzip")

    def bomb(self, _):
        self.answer(200, gzip.compress(bytes(3_000_000)), Content_Encoding="gzip")

    def status(self, number):
        self.answer(int(number), b"<p>Sorry")

    def second_time(self, number):
        first = self.server.asked["second_time"] == 1
        self.answer(*((int(number), b"busy") if first else (200, PHOTO)), Retry_After="0")

    def busy(self, retry_after):
        self.answer(503, Retry_After=unquote(retry_after))

    def silent(self, _):
        self.server.over.wait(SECONDS)

    def trickle(self, _):
        self.answer(200, Content_Length=len(PHOTO))
        while not self.server.over.wait(0.01):
            self.wfile.write(b".")

    def endless(self, _):
        self.answer(200, Content_Length=None, Connection="close")
        while not self.server.over.is_set():
            self.wfile.write(PHOTO)

    def cut_once(self, _):
        self.cut("" if self.server.asked["cut_once"] == 1 else "whole")

    def cut(self, whole):
        self.answer(200, PHOTO if whole else PHOTO[:1000], Content_Length=len(PHOTO))
        self.close_connection = True

    def hop(self, left):
        self.answer(302, b"over there", Location=f"hop?{int(left) - 1}" if int(left) else "/photo")

    def to(self, address):
        self.answer(301, Location=address)

    def meet(self, _):
        self.server.meeting.wait(SECONDS)  # for two others at the same time
        self.answer(200, PHOTO)


@pytest.fixture
def site():
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, args=[0.01])
        thread.start()
        yield site
        site.over.set()
        site.shutdown()
        thread.join()


@pytest.fixture
def get(site):
    """Give a function that downloads from the site."""

    def get(address, *, pause=0, **settings):
        fetch = FetchSettings(**{"allow_private_addresses": True, "most_megabytes": 2, **settings})
        with closing(Downloader(fetch, pause)) as downloader:
            return downloader.download(f"{site.url}/{address}")

    return get


@pytest.fixture
def listener():
    """Give a socket that waits for connections at an address that stands for a private network's."""
    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.settimeout(SECONDS)
        yield listener


def refusal(get, address, **settings):
    with pytest.raises(BadPhotoError) as caught:
        get(address, **settings)
    return caught.value.reason, caught.value.detail


def test_a_photo_comes_as_it_is(get):
    assert get("photo") == PHOTO


def test_a_body_packed_for_the_way_is_unpacked(get):
    assert get("zipped") == PHOTO


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_missing_and_not_asked_for_again(get, site, status):
    assert refusal(get, f"status?{status}") == (Reason.MISSING_FILE, f"HTTP {status}")
    assert site.asked["status"] == 1


@pytest.mark.parametrize("status", [204, 304, 401, 403, 451])
def test_other_answers_without_a_photo_fail_at_once(get, site, status):
    assert refusal(get, f"status?{status}") == (Reason.DOWNLOAD_FAILED, f"HTTP {status}")
    assert site.asked["status"] == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_fails_once_is_tried_again(get, site, status):
    assert get(f"second_time?{status}") == PHOTO
    assert site.asked["second_time"] == 2


def test_what_always_fails_is_given_up_after_the_retries(get, site):
    assert refusal(get, "status?503", retries=3) == (Reason.DOWNLOAD_FAILED, "HTTP 503")
    assert site.asked["status"] == 4


def test_pauses_double_and_a_server_may_name_its_own_up_to_a_limit(get, monkeypatch):
    paused = []
    monkeypatch.setattr("time.sleep", paused.append)
    refusal(get, "status?503", retries=4, pause=1)
    assert paused == [2, 4, 8]
    paused.clear()
    refusal(get, "busy?7", retries=2, pause=1)
    assert paused == [7, 7]
    paused.clear()
    refusal(get, "busy?86400", retries=1, pause=1)
    assert paused == [120]


@pytest.mark.parametrize("retry_after", ["soon", "Fri, 01 Feb 99999 00:00:00 GMT"])
def test_a_pause_that_nobody_understands_is_no_crash(get, retry_after):
    assert refusal(get, f"busy?{retry_after}") == (Reason.DOWNLOAD_FAILED, "HTTP 503")


def test_a_silent_server_is_given_up(get, site):
    reason, detail = refusal(get, "silent", timeout=0.2, retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "timed out" in detail
    assert site.asked["silent"] == 2


def test_a_body_that_only_trickles_is_given_up(get):
    reason, detail = refusal(get, "trickle", timeout=0.05)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "too slow" in detail


def test_nobody_listening_is_a_failed_download(get, site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reason, detail = refusal(get, f"to?http://127.0.0.1:{port}/", retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "refused" in detail
    assert " at 0x" not in detail  # or two runs would not write the same row


@pytest.mark.parametrize("address", ["photo", "endless", "bomb"])
def test_too_many_bytes_are_not_taken(get, site, monkeypatch, address):
    monkeypatch.setattr(download, "MEGABYTE", len(PHOTO) // 2)
    assert refusal(get, address, most_megabytes=1)[0] == Reason.TOO_LARGE
    assert site.asked[address] == 1


def test_as_many_bytes_as_allowed_are_taken(get, monkeypatch):
    monkeypatch.setattr(download, "MEGABYTE", len(PHOTO))
    assert get("photo", most_megabytes=1) == PHOTO


def test_a_body_cut_short_is_asked_for_again(get, site):
    assert get("cut_once") == PHOTO
    assert site.asked["cut_once"] == 2


def test_a_body_always_cut_short_is_a_failed_download(get, site):
    reason, detail = refusal(get, "cut", retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "IncompleteRead" in detail
    assert site.asked["cut"] == 2


def test_redirects_are_followed_up_to_a_limit(get, site):
    assert get(f"hop?{download.MOST_REDIRECTS - 1}") == PHOTO
    assert refusal(get, f"hop?{download.MOST_REDIRECTS}")[0] == Reason.DOWNLOAD_FAILED


def test_a_redirect_that_leads_to_itself_ends(get):
    assert refusal(get, "to?") == (Reason.DOWNLOAD_FAILED, "HTTP 301")
    assert refusal(get, "to?to") == (Reason.DOWNLOAD_FAILED, "HTTP 301")


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/photo.jpg", "gs://bucket/photo"])
def test_a_redirect_to_another_scheme_is_refused(get, target):
    assert refusal(get, f"to?{target}") == (Reason.REFUSED_ADDRESS, f"redirected to {target}")


def test_a_redirect_to_an_address_that_cannot_be_is_unsupported(get):
    assert refusal(get, "to?http://[::1/photo")[0] == Reason.UNSUPPORTED_ADDRESS


@pytest.mark.parametrize("url", ["http://[::1/", "http:///photo", "http://a:port/", f"http://{'a' * 64}.org"])
def test_an_address_that_cannot_be_is_unsupported(url):
    with closing(Downloader(FetchSettings(), pause=0)) as downloader, pytest.raises(BadPhotoError) as caught:
        downloader.download(url)
    assert caught.value.reason == Reason.UNSUPPORTED_ADDRESS


def test_the_user_agent_is_the_one_set(get, site):
    get("photo", user_agent="landmarks (mailto:me@example.org)")
    assert site.agents == {"landmarks (mailto:me@example.org)"}


def test_one_connection_serves_many_photos_and_small_failures(site):
    with closing(Downloader(FetchSettings(allow_private_addresses=True))) as downloader:
        assert downloader.download(f"{site.url}/photo") == PHOTO
        with pytest.raises(BadPhotoError):
            downloader.download(f"{site.url}/status?404")
        assert downloader.download(f"{site.url}/hop?2") == PHOTO
    assert site.connections == 1


def test_a_host_sees_as_many_connections_as_allowed_and_no_more(site):
    fetch = FetchSettings(allow_private_addresses=True, connections_per_host=3)
    with closing(Downloader(fetch)) as downloader, ThreadPoolExecutor(9) as threads:
        photos = list(threads.map(downloader.download, [f"{site.url}/meet"] * 9, timeout=SECONDS))
    assert photos == [PHOTO] * 9
    assert (site.most_at_once, site.connections) == (3, 3)


def test_a_failed_download_gives_its_connection_back(site):
    fetch = FetchSettings(
        allow_private_addresses=True, connections_per_host=1, most_megabytes=1, timeout=0.2, retries=0
    )
    addresses = ["endless", "cut", "silent", "status?404", "to?ftp://x/", "photo"]
    with closing(Downloader(fetch, pause=0)) as downloader, ThreadPoolExecutor(1) as threads:
        tries = [threads.submit(downloader.download, f"{site.url}/{address}") for address in addresses]
        assert tries.pop().result(SECONDS) == PHOTO
    assert all(isinstance(attempt.exception(), BadPhotoError) for attempt in tries)


def test_a_list_is_downloaded_side_by_side_and_comes_in_its_order(site):
    addresses = ["meet", "meet", "meet", "status?404", "photo", "silent", "photo"]
    listed = [
        {"image_id": str(i), "uri": f"{site.url}/{address}", "reason": None, "archive": None}
        for i, address in enumerate(addresses)
    ]
    fetch = FetchSettings(allow_private_addresses=True, connections_per_host=3, timeout=0.5, retries=0)
    fetched = list(fetch_photos(iter(listed), fetch, "labels.csv"))
    assert [row for row, _ in fetched] == listed
    told = [photo if isinstance(photo, bytes) else photo.reason for _, photo in fetched]
    assert told == [PHOTO] * 3 + [Reason.MISSING_FILE, PHOTO, Reason.DOWNLOAD_FAILED, PHOTO]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.2", "2130706434", "[::ffff:127.0.0.2]"])
def test_a_private_address_is_refused_before_it_is_told_anything(listener, scheme, host):
    port = listener.getsockname()[1]
    with closing(Downloader(FetchSettings(), pause=0)) as downloader:
        with pytest.raises(BadPhotoError, match=r"127\.0\.0\.2 is no address") as caught:
            downloader.download(f"{scheme}://{host}:{port}/photo")
        assert caught.value.reason == Reason.REFUSED_ADDRESS
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_name_of_a_private_address_is_refused(site, get):
    with closing(Downloader(FetchSettings(), pause=0)) as downloader, pytest.raises(BadPhotoError) as caught:
        downloader.download(f"http://localhost:{site.server_port}/photo")
    assert caught.value.reason == Reason.REFUSED_ADDRESS
    assert not site.asked


def test_a_redirect_to_a_private_address_is_refused(site, get, listener, monkeypatch):
    # Only for this test, the site is on the internet.
    monkeypatch.setattr(download, "is_public", lambda address: address == "127.0.0.1")
    port = listener.getsockname()[1]
    assert get("photo", allow_private_addresses=False) == PHOTO
    reason, _ = refusal(get, f"to?http://127.0.0.2:{port}/photo", allow_private_addresses=False)
    assert reason == Reason.REFUSED_ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "240.0.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::a9fe:a9fe"),
    ],
)
def test_addresses_of_no_internet_are_known(address):
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_for_ipv6_is_as_public_as_itself(address):
    wrapped = [0xFFFF << 32 | int(address), 0x64FF9B << 96 | int(address), 0x2002 << 112 | int(address) << 80]
    assert {is_public(str(ipaddress.IPv6Address(number))) for number in wrapped} == {address.is_global}


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)
