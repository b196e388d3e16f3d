"""Addresses of lists and redirects have the same targets as in browsers and curl."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import PHOTO

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.fetching.download import MAX_REDIRECTS
from landmark_lib.fetching.web_address import WebAddress


@pytest.fixture
def redirected(site, get):
    """Return a function that follows a redirect, with the host filled in, and returns the next request."""

    def redirected(location, status=302):
        raw = location.encode() if isinstance(location, str) else location
        raw = raw.replace(b"HOST", site.url.removeprefix("http://").encode())
        assert get(f"moved?{status}&{''.join(f'%{byte:02X}' for byte in raw)}") == PHOTO
        return site.targets[-1]

    return redirected


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        # as servers send them
        ("/photos/a.jpg", "/photos/a.jpg"),
        ("photos/a.jpg", "/photos/a.jpg"),
        ("./photos/../photos/./a.jpg", "/photos/a.jpg"),
        ("//HOST/photos/a.jpg", "/photos/a.jpg"),
        ("http://HOST/photos/a.jpg?width=1#top", "/photos/a.jpg?width=1"),
        ("HTTP://HOST/photos/a.jpg", "/photos/a.jpg"),
        ("Http://someone:secret@HOST/photos/a.jpg", "/photos/a.jpg"),
        # raw bytes, UTF-8 or older
        ("/photos/caf\u00e9.jpg", "/photos/caf%C3%A9.jpg"),
        (b"/photos/caf\xe9.jpg", "/photos/caf%E9.jpg"),
        ("/photos/caf\u00e9?q=\u96ea", "/photos/caf%C3%A9?q=%E9%9B%AA"),
        ("http://HOST/photos/\U0001f3db.jpg", "/photos/%F0%9F%8F%9B.jpg"),
        ("/photos/caf%C3%A9 \u00e9.jpg", "/photos/caf%C3%A9%20%C3%A9.jpg"),
        ("/photos/\u00e0", "/photos/%C3%A0"),  # ends in bytes that are blanks in Latin-1
        ("/photos/\u00c5", "/photos/%C3%85"),
        # invalid, but sent by some servers
        ("/photos/a b.jpg", "/photos/a%20b.jpg"),
        ("  /photos/a.jpg \t", "/photos/a.jpg"),
        ("/pho\ttos/a.jpg", "/photos/a.jpg"),
        ("\\photos\\a.jpg", "/photos/a.jpg"),
        ("\\\\HOST\\photos/a.jpg", "/photos/a.jpg"),
        ("http:\\\\HOST\\photos\\a.jpg", "/photos/a.jpg"),
        ("http:/\\HOST/photos/a.jpg", "/photos/a.jpg"),
        ("http:HOST/../photos/a.jpg", "/photos/a.jpg"),  # relative, of the same scheme
        ("///HOST/photos/a.jpg", "/photos/a.jpg"),
        ("/photos/100%.jpg", "/photos/100%25.jpg"),
        ("/photos/50%/a%20b.jpg", "/photos/50%25/a%20b.jpg"),
        ('/photos/[a]{b}|c^d`e"f<g>.jpg', "/photos/%5Ba%5D%7Bb%7D%7Cc%5Ed%60e%22f%3Cg%3E.jpg"),
        ("/photos/a+b&c=d;e,f'g(h)!*.jpg", "/photos/a+b&c=d;e,f'g(h)!*.jpg"),
        ("//HOST/photos//a.jpg", "/photos//a.jpg"),
        ("/photos/a%2Fb%3Fc%23d.jpg", "/photos/a%2Fb%3Fc%23d.jpg"),
    ],
)
def test_redirect_has_the_same_target_as_in_browsers(redirected, location, asked):
    assert redirected(location) == asked


def test_a_redirect_to_another_query_keeps_the_path(get, site):
    assert get("search") == PHOTO
    assert site.targets == ["/search", "/search?found"]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_every_redirect_status_is_followed(redirected, status):
    assert redirected("/photos/a.jpg", status) == "/photos/a.jpg"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirect_without_a_target_is_not_followed(site, refusal, status):
    assert refusal(f"{site.url}/moved?{status}&") == (Reason.DOWNLOAD_FAILED, f"HTTP {status}")
    assert refusal(f"{site.url}/status?{status}") == (Reason.DOWNLOAD_FAILED, f"HTTP {status}")


@pytest.mark.parametrize("status", [304, 305, 306, 404])
def test_location_of_other_statuses_is_ignored(site, refusal, status):
    refusal(f"{site.url}/moved?{status}&/photos/a.jpg")
    assert site.targets == [f"/moved?{status}&/photos/a.jpg"]


def test_redirects_are_followed_up_to_a_limit(site, get, refusal):
    assert MAX_REDIRECTS == 20
    assert get(f"hop?{MAX_REDIRECTS - 1}") == PHOTO
    told = refusal(f"{site.url}/hop?{MAX_REDIRECTS}")
    assert told == (Reason.DOWNLOAD_FAILED, "more than 20 redirects")


def test_redirects_in_a_circle_end(site, refusal):
    assert refusal(f"{site.url}/to?%23") == (Reason.DOWNLOAD_FAILED, "more than 20 redirects")
    assert site.asked["to"] == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "target",
    [
        *("file:///etc/hostname", "ftp://127.0.0.1/photo.jpg", "gs://bucket/photo", "data:,photo"),
        *("javascript:alert(1)", "gopher://127.0.0.1:70/1", "FILE:///etc/hostname"),
    ],
)
def test_a_redirect_to_another_scheme_is_refused(site, refusal, target):
    scheme, rest = target.split(":", 1)
    told = refusal(f"{site.url}/to?{target}")
    assert told == (Reason.REFUSED_ADDRESS, f"redirected to {scheme.lower()}:{rest}")


@pytest.mark.parametrize(
    "target", ["http://[::1/photo", "http://a:port/", "http://", "//a b/", "http://a:65536/"]
)
def test_redirect_to_an_invalid_address_is_unsupported(site, refusal, target):
    told = refusal(f"{site.url}/to?{target}")
    assert told == (Reason.UNSUPPORTED_ADDRESS, f"invalid address: '{target}'")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://[::1/",
            "http:///photo",
            "http://a:port/",
            f"http://{'a' * 64}.org",
            "http://",
            "http://?a",
        ),
        *("http://a b/", "http://a..b/", "http://1.2.3.256/", "http://a:65536/", "http://[fe80::1%25eth0]/"),
        *("http://user@/photo", "http://\ud800/", "http://a\0b/", "http://a%00b/"),
    ],
)
@pytest.mark.parametrize("allowed", [True, False])
def test_invalid_address_is_unsupported(refusal, url, allowed):
    assert refusal(url, allow_private_addresses=allowed)[0] == Reason.UNSUPPORTED_ADDRESS


@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("photos/caf\u00e9.jpg", "/photos/caf%C3%A9.jpg"),
        ("photos/caf%C3%A9 [1].jpg", "/photos/caf%C3%A9%20%5B1%5D.jpg"),
        ("photos/a.jpg?x={y}&z=\u96ea#top", "/photos/a.jpg?x=%7By%7D&z=%E9%9B%AA"),
        ("photos/100%.jpg", "/photos/100%25.jpg"),
        ("photos\\a.jpg", "/photos/a.jpg"),
    ],
)
def test_listed_address_is_parsed_like_in_browsers(site, download, scheme, path, asked):
    assert download(f"{scheme}://127.0.0.1:{site.server_port}/{path}") == PHOTO
    assert site.targets == [asked]


@pytest.mark.parametrize(
    ("host", "looked_up"),
    [
        ("PHOTOS.Example.ORG", "photos.example.org"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("b%C3%BCcher.example", "xn--bcher-kva.example"),
        ("\u65e5\u672c\u3002example", "xn--wgv71a.example"),
        ("\uff50hotos.example", "photos.example"),
        ("a_b.example", "a_b.example"),
        ("photos.example.", "photos.example."),
    ],
)
@pytest.mark.parametrize("allowed", [True, False])
def test_hosts_in_all_languages_are_found(
    site, download, names, only_the_site_is_public, host, looked_up, allowed
):
    names[looked_up] = [["127.0.0.1"]]
    url = f"http://{host}:{site.server_port}/photos/a.jpg"
    assert download(url, allow_private_addresses=allowed) == PHOTO
    # Web servers and certificates do not accept the final dot of a DNS name.
    assert site.headers["Host"] == f"{looked_up.removesuffix('.')}:{site.server_port}"


def test_a_redirect_to_a_host_in_raw_letters_is_followed(site, get, names):
    names["xn--bcher-kva.example"] = [["127.0.0.1"]]
    assert get(f"to?//b\u00fccher.example:{site.server_port}/photos/a.jpg") == PHOTO
    assert site.headers["Host"] == f"xn--bcher-kva.example:{site.server_port}"


def test_user_and_password_of_an_address_are_sent_to_its_host_only(site, download):
    port = site.server_port
    assert download(f"http://us%3Aer:p%C3%A4ss%20@127.0.0.1:{port}/moved?302&photos/a.jpg") == PHOTO
    assert [headers["Authorization"] for *_, headers in site.requests] == ["Basic dXM6ZXI6cMOkc3Mg"] * 2
    assert download(f"http://me:secret@127.0.0.1:{port}/to?http://localhost:{port}/photos/a.jpg") == PHOTO
    assert site.headers["Authorization"] is None
    assert download(f"http://me:secret@127.0.0.1:{port}/to?http://you@localhost:{port}/photos/a.jpg") == PHOTO
    assert site.headers["Authorization"] == "Basic eW91Og=="
    assert not any("secret" in target or "you" in target.split("?")[0] for target in site.targets)


@given(st.text(), st.binary() | st.text().map(str.encode))
def test_no_address_and_no_header_raises_another_error(path, location):
    listed = f"https://me:secret@photos.example.org/{path}"
    try:
        address = WebAddress.parse(listed).redirect(location.decode("latin-1"))
    except BadPhotoError:
        return
    assert address.scheme in {"http", "https"}
    assert address.url.isascii()
    assert address.url.isprintable()
    assert "@" not in address.url.split("/")[2]
    assert address.user == "" or address.origin == "https://photos.example.org:443" or b"@" in location
