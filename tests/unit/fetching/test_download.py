"""Downloads wait, retry and fail as they should."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import PHOTO, SECONDS

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.fetching import download as downloads
from landmark_lib.fetching.download import MAX_PAUSE, Downloader, Patience
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.settings import FetchSettings


@pytest.fixture
def refusal(site, refusal):
    """Return a function that downloads a failing address from the site, and returns why it failed."""
    return lambda address, **how: refusal(f"{site.url}/{address}", **how)


@pytest.fixture
def paused(monkeypatch):
    """Return the pauses that were requested; none is waited for."""
    paused = []
    monkeypatch.setattr("time.sleep", paused.append)
    return paused


def test_photo_is_downloaded_unchanged(get):
    assert get("photo") == PHOTO


def test_compressed_body_is_decompressed(get):
    assert get("zipped") == PHOTO


@pytest.mark.parametrize("status", [404, 410])
def test_missing_photo_is_not_requested_again(refusal, site, status):
    assert refusal(f"status?{status}") == (Reason.MISSING_FILE, f"HTTP {status}")
    assert site.asked["status"] == 1


@pytest.mark.parametrize("status", [204, 304, 401, 403, 451])
def test_other_errors_fail_immediately(refusal, site, status):
    assert refusal(f"status?{status}") == (Reason.DOWNLOAD_FAILED, f"HTTP {status}")
    assert site.asked["status"] == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_temporary_failure_is_retried(get, site, status):
    assert get(f"second_time?{status}") == PHOTO
    assert site.asked["second_time"] == 2


def test_permanent_failure_ends_after_the_retries(refusal, site):
    assert refusal("status?503", retries=3) == (Reason.DOWNLOAD_FAILED, "HTTP 503")
    assert site.asked["status"] == 4


def test_pauses_double(refusal, paused):
    refusal("status?503", retries=4, pause=1)
    assert paused == [2, 4, 8]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [("7", 7), ("1.5", 1.5), ("  7 \t", 7), ("+7", 7), ("86400", 120), ("9" * 5000, 120), ("1e9", 120)],
)
def test_server_may_ask_for_a_pause_up_to_a_limit(refusal, paused, status, retry_after, pause):
    refusal(f"busy?{status}&{quote(retry_after)}", retries=2, pause=1)
    assert paused == [pause, pause]


@pytest.fixture(params=["UTC", "Asia/Kolkata"])
def zone(request, monkeypatch):
    """Put this process into a time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# The three date formats of HTTP, all in GMT even if unstated.
FORMS = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]


@pytest.mark.parametrize("form", [*FORMS, "%a, %d %b %Y %H:%M:%S +0000", "%d %b %Y %H:%M:%S GMT"])
def test_pause_may_be_given_as_a_date_in_every_format(refusal, paused, zone, form):
    now = time.time()
    for seconds in (60, 86400, -60):
        refusal(f"busy?503&{quote(time.strftime(form, time.gmtime(now + seconds)))}", retries=2, pause=1)
    soon, late = paused[:2], paused[2:4]
    assert all(50 < pause <= 60 for pause in soon)
    assert late == [120, 120]
    assert paused[4:] == [2]  # past times mean the usual pauses: none, then two seconds


@pytest.mark.parametrize(
    "retry_after",
    ["soon", "", "0", "-5", "nan", "5 s", "0x10", "Fri, 01 Feb 99999 00:00:00 GMT", "2099-01-01T00:00:00Z"],
)
def test_unreadable_pause_means_the_usual_one(refusal, paused, site, retry_after):
    told = refusal(f"busy?503&{quote(retry_after)}", retries=2, pause=1)
    assert told == (Reason.DOWNLOAD_FAILED, "HTTP 503")
    assert (paused, site.asked["busy"]) == ([2], 3)


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2},? [0-9]{1,3} [A-Z][a-z]{2} [0-9]+ [0-9]+:[0-9]+:[0-9]+ [+-][0-9]+")
)
def test_no_text_makes_a_pause_longer_than_the_limit(retry_after):
    assert 0 <= Patience().parse_retry_after(retry_after) <= MAX_PAUSE


def test_a_silent_server_times_out(refusal, site):
    reason, detail = refusal("silent", timeout=0.2, retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "timed out" in detail
    assert site.asked["silent"] == 2


def test_slow_body_times_out(refusal, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_TIMEOUTS", 0.01)
    reason, detail = refusal("trickle", timeout=10)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "too slow" in detail


def test_closed_port_is_a_failed_download(refusal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reason, detail = refusal(f"to?http://127.0.0.1:{port}/", retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "refused" in detail
    assert " at 0x" not in detail  # otherwise two runs would write different rows


@pytest.mark.parametrize("address", ["photo", "endless", "bomb"])
def test_too_many_bytes_are_not_downloaded(refusal, site, monkeypatch, address):
    monkeypatch.setattr(downloads, "MEGABYTE", len(PHOTO) // 2)
    assert refusal(address, max_megabytes=1)[0] == Reason.TOO_LARGE
    assert site.asked[address] == 1


def test_photo_of_the_maximum_size_is_downloaded(get, monkeypatch):
    monkeypatch.setattr(downloads, "MEGABYTE", len(PHOTO))
    assert get("photo", max_megabytes=1) == PHOTO


def test_truncated_body_is_requested_again(get, site):
    assert get("cut_once") == PHOTO
    assert site.asked["cut_once"] == 2


def test_body_that_is_always_truncated_is_a_failed_download(refusal, site):
    reason, detail = refusal("cut", retries=1)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "IncompleteRead" in detail
    assert site.asked["cut"] == 2


def test_user_agent_is_the_configured_one(get, site):
    get("photo", user_agent="landmarks (mailto:me@example.org)")
    assert {headers["User-Agent"] for _, _, headers in site.requests} == {"landmarks (mailto:me@example.org)"}


def test_one_connection_serves_many_photos_and_small_failures(site):
    with closing(Downloader(FetchSettings(allow_private_addresses=True))) as downloader:
        assert downloader.download(f"{site.url}/photo") == PHOTO
        with pytest.raises(BadPhotoError):
            downloader.download(f"{site.url}/status?404")
        assert downloader.download(f"{site.url}/hop?2") == PHOTO
    assert site.connections == 1


def test_connections_to_a_host_are_limited(site):
    fetch = FetchSettings(allow_private_addresses=True, connections_per_host=3)
    with closing(Downloader(fetch)) as downloader, ThreadPoolExecutor(9) as threads:
        photos = list(threads.map(downloader.download, [f"{site.url}/meet"] * 9, timeout=SECONDS))
    assert photos == [PHOTO] * 9
    assert (site.most_at_once, site.connections) == (3, 3)


def test_failed_download_releases_its_connection(site):
    fetch = FetchSettings(
        allow_private_addresses=True, connections_per_host=1, max_megabytes=1, timeout=0.2, retries=0
    )
    addresses = ["endless", "cut", "silent", "status?404", "to?ftp://x/", "photo"]
    with closing(Downloader(fetch, pause=0)) as downloader, ThreadPoolExecutor(1) as threads:
        tries = [threads.submit(downloader.download, f"{site.url}/{address}") for address in addresses]
        assert tries.pop().result(SECONDS) == PHOTO
    assert all(isinstance(attempt.exception(), BadPhotoError) for attempt in tries)


def test_list_is_downloaded_in_parallel_and_yielded_in_order(site):
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
