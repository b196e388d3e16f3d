"""Proxies of the environment are used like in curl: they resolve names, and passwords stay secret."""

import socket
from base64 import b64encode
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import PHOTO, Proxy, running, secure

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.fetching.download import Downloader
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.settings import FetchSettings

# A name that only the proxy resolves, on a port without a listener.
URL = "http://photos.example.org/photos/caf\u00e9.jpg"
SOMEBODY = "Basic " + b64encode("us:er:p\u00e4ss/@".encode()).decode()


@pytest.fixture
def download(download):
    """Return a function that downloads an address, private ones refused."""
    return lambda url, **how: download(url, **{"allow_private_addresses": False, **how})


@pytest.fixture(autouse=True)
def nobody_looks_up(monkeypatch):
    """Refuse DNS queries of this process."""
    real = socket.getaddrinfo

    def look_up(host, *how):
        assert host in ("127.0.0.1", "localhost"), f"looked up: {host}"
        return real(host, *how)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["http://{}", "http://{}/", "{}", " http://{} ", "HTTP://{}"])
def test_proxy_receives_the_full_address_and_resolves_the_name(proxy, download, monkeypatch, name, form):
    monkeypatch.setenv(name, form.format(proxy.address))
    assert download(URL, user_agent="me") == PHOTO
    assert proxy.targets == ["http://photos.example.org/photos/caf%C3%A9.jpg"]
    assert (proxy.headers["Host"], proxy.headers["User-Agent"]) == ("photos.example.org", "me")


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_tls_passes_through_a_proxy_unread(proxy, secure_site, download, monkeypatch, name):
    proxy.site = secure_site
    monkeypatch.setenv(name, f"http://{proxy.address}")
    assert download("https://photos.example.org:8443/photo") == PHOTO
    assert proxy.requests[0][:2] == ("CONNECT", "photos.example.org:8443")
    assert secure_site.names == ["photos.example.org"]
    assert secure_site.headers["Host"] == "photos.example.org:8443"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_may_speak_tls_itself(secure_site, certificate, download, monkeypatch, scheme):
    proxy = Proxy(secure_site)
    secure(proxy, certificate)
    monkeypatch.setenv("all_proxy", f"https://localhost:{proxy.server_port}")
    with running(proxy):
        assert download(f"{scheme}://photos.example.org/photo") == PHOTO
    assert proxy.names == ["localhost"]
    assert proxy.targets == [
        "http://photos.example.org/photo" if scheme == "http" else "photos.example.org:443"
    ]


def test_a_certificate_of_another_name_is_refused_behind_a_proxy_too(
    proxy, secure_site, refusal, monkeypatch
):
    proxy.site = secure_site
    monkeypatch.setenv("https_proxy", proxy.address)
    reason, detail = refusal("https://other.example.org/photo", retries=0)
    assert (reason, "certificate" in detail.lower()) == (Reason.DOWNLOAD_FAILED, True)
    assert not secure_site.requests


def test_a_redirect_from_http_to_https_changes_the_proxy(proxy, secure_site, download, monkeypatch):
    proxy.site, proxy.redirect = secure_site, "https://photos.example.org/photo"
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("https_proxy", proxy.address)
    assert download(URL) == PHOTO
    assert [method for method, *_ in proxy.requests] == ["GET", "CONNECT"]


def test_a_proxy_for_one_scheme_is_not_asked_for_the_other(
    proxy, site, secure_site, download, names, monkeypatch, only_the_site_is_public
):
    names["photos.example.org"] = [["127.0.0.1"]]
    monkeypatch.setenv("https_proxy", proxy.address)
    assert download(f"http://photos.example.org:{site.server_port}/photo") == PHOTO
    monkeypatch.delenv("https_proxy")
    monkeypatch.setenv("http_proxy", proxy.address)
    assert download(f"https://photos.example.org:{secure_site.server_port}/photo") == PHOTO
    assert not proxy.requests


@pytest.mark.parametrize(
    "passed_by",
    [
        *("127.0.0.1", "*", "example.org,127.0.0.1", " 127.0.0.1 ", "127.0.0.1:{port}"),
        *("127.0.0.0/8", "127.0.0.1/32", "example.org, 127.0.0.0/24"),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_hosts_are_connected_directly(proxy, site, download, monkeypatch, name, passed_by):
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv(name, passed_by.format(port=site.server_port))
    assert download(f"{site.url}/photo", allow_private_addresses=True) == PHOTO
    assert (site.targets, proxy.requests) == (["/photo"], [])


@pytest.mark.parametrize("passed_by", ["example.com", "128.0.0.0/8", "127.0.0.1:9", "", "photos", "a/b"])
def test_other_hosts_are_connected_through_the_proxy(proxy, download, monkeypatch, passed_by):
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("no_proxy", passed_by)
    assert download(URL) == PHOTO
    assert proxy.requests


@pytest.mark.parametrize("passed_by", ["example.org", ".example.org", "PHOTOS.example.org", "org"])
def test_domains_bypass_a_proxy(proxy, site, download, names, monkeypatch, passed_by):
    names["photos.example.org"] = [["127.0.0.1"]]
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("no_proxy", passed_by)
    url = f"http://photos.example.org:{site.server_port}/photo"
    assert download(url, allow_private_addresses=True) == PHOTO
    assert not proxy.requests


def test_hosts_that_bypass_a_proxy_are_checked(proxy, site, refusal, names, monkeypatch):
    names["photos.example.org"] = [["127.0.0.1"]]
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("no_proxy", "example.org")
    reason, _ = refusal(f"http://photos.example.org:{site.server_port}/", allow_private_addresses=False)
    assert reason == Reason.REFUSED_ADDRESS
    assert not site.connections


def test_header_of_a_cgi_request_is_not_taken_for_a_proxy(proxy, site, download, monkeypatch):
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", proxy.address)  # CGI's name of a header Proxy
    assert download(f"{site.url}/photo", allow_private_addresses=True) == PHOTO
    assert not proxy.requests


@pytest.mark.parametrize("url", [URL, "https://photos.example.org/photo"])
def test_proxy_credentials_are_sent_to_the_proxy_only(proxy, secure_site, download, monkeypatch, url):
    proxy.site, proxy.authorization = secure_site, SOMEBODY
    monkeypatch.setenv("all_proxy", f"http://us%3Aer:p%C3%A4ss%2F%40@{proxy.address}")
    assert download(url) == PHOTO
    assert {headers["Proxy-Authorization"] for *_, headers in proxy.requests} == {SOMEBODY}
    assert not any(headers["Proxy-Authorization"] for *_, headers in secure_site.requests)


def test_password_of_a_site_is_not_in_the_address_sent_to_a_proxy(proxy, download, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.address)
    assert download("http://me:secret@photos.example.org/photo#top") == PHOTO
    assert proxy.targets == ["http://photos.example.org/photo"]
    assert proxy.headers["Authorization"] == f"Basic {b64encode(b'me:secret').decode()}"


@pytest.mark.parametrize("url", [URL, "https://photos.example.org/photo"])
def test_a_failure_names_the_proxy_without_its_password(proxy, refusal, monkeypatch, url):
    proxy.authorization = "somebody else"
    monkeypatch.setenv("all_proxy", f"http://me:secret@{proxy.address}")
    reason, detail = refusal(url, retries=0, allow_private_addresses=False)
    assert reason == Reason.DOWNLOAD_FAILED
    assert detail.endswith(f"(through http://{proxy.address})")
    assert "407" in detail
    assert "secret" not in detail


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_answer_is_reported(refusal, monkeypatch, scheme):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@{address}")
    reason, detail = refusal(f"{scheme}://photos.example.org/a.jpg", retries=1, allow_private_addresses=False)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "Unable to connect to proxy" in detail
    assert "Connection refused" in detail
    assert detail.endswith(f"(through http://{address})")
    assert "secret" not in detail
    assert " at 0x" not in detail


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1/",
            "http://2130706433/",
            "https://[::1]/",
            "http://169.254.169.254/latest/meta-data/",
        ),
        *("http://localhost/", "http://nas/", "http://printer.local/", "https://metadata.google.internal/"),
        *("http://[64:ff9b::7f00:1]/", "http://10.1/", "http://LOCALHOST./"),
    ],
)
def test_plainly_private_hosts_are_not_requested_from_a_proxy(proxy, refusal, monkeypatch, url):
    monkeypatch.setenv("all_proxy", proxy.address)
    assert refusal(url, allow_private_addresses=False)[0] == Reason.REFUSED_ADDRESS
    proxy.redirect = url
    assert refusal(URL, allow_private_addresses=False)[0] == Reason.REFUSED_ADDRESS
    assert len(proxy.requests) == 1


def test_private_addresses_are_requested_from_a_proxy_if_allowed(proxy, download, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.address)
    assert download("http://127.0.0.1/photo", allow_private_addresses=True) == PHOTO
    assert proxy.targets == ["http://127.0.0.1/photo"]


MALFORMED = [
    *(
        "socks5://127.0.0.1:1080",
        "socks5h://127.0.0.1:1080",
        "SOCKS4://127.0.0.1",
        "ftp://127.0.0.1",
        "file:///x",
    ),
    *(
        "http://",
        "http://:3128",
        "127.0.0.1:port",
        "http://[::1",
        "://",
        "http:///proxy",
        "a b",
        "http://a:99999",
    ),
]


@pytest.mark.parametrize("value", MALFORMED)
def test_invalid_proxy_is_reported_in_one_line(download, monkeypatch, value):
    monkeypatch.setenv("http_proxy", value)
    told = "^http_proxy: expected http://host:port or https://host:port, received "
    with pytest.raises(UserError, match=told) as caught:
        download(URL)
    assert str(caught.value).endswith(value)


@given(st.text(st.characters(exclude_characters="@", exclude_categories=["Cs"]), min_size=8))
def test_invalid_proxy_is_reported_without_its_password(password):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("all_proxy", f"socks5://me:{password}@proxy:1".replace("\0", ""))
        with closing(Downloader(FetchSettings())) as downloader, pytest.raises(UserError) as caught:
            downloader.download(URL)
    assert (
        str(caught.value) == "all_proxy: expected http://host:port or https://host:port, received ***@proxy:1"
    )


def test_invalid_proxy_for_another_scheme_does_not_matter(site, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    (tmp_path / "a.jpg").write_bytes(b"photo")
    rows = [
        {"uri": uri, "reason": None, "archive": None, "size": None}
        for uri in (str(tmp_path / "a.jpg"), f"{site.url}/photo")
    ]
    fetch = FetchSettings(allow_private_addresses=True)
    assert [photo for _, photo in fetch_photos(rows, fetch, str(tmp_path))] == [b"photo", PHOTO]
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(UserError, match="http_proxy: expected"):
        list(fetch_photos(rows, fetch, str(tmp_path)))
