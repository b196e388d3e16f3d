"""A web site, a proxy and name servers on loopback, for downloads."""

import os
import socket
from contextlib import closing
from ipaddress import ip_address

import pytest
from web_site import Proxy, Site, certify, running, secure

from landmark_lib.errors import BadPhotoError
from landmark_lib.fetching import internet
from landmark_lib.fetching.download import Downloader
from landmark_lib.settings import FetchSettings


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    """Remove the proxies of the machine from the environment."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def site():
    with running(Site()) as site:
        yield site


@pytest.fixture
def download():
    """Return a function that downloads an address."""

    def download(url, *, pause=0, **settings):
        fetch = FetchSettings(**{"allow_private_addresses": True, "max_megabytes": 2, **settings})
        with closing(Downloader(fetch, pause)) as downloader:
            return downloader.download(url)

    return download


@pytest.fixture
def get(site, download):
    """Return a function that downloads from the site."""
    return lambda address, **how: download(f"{site.url}/{address}", **how)


@pytest.fixture
def refusal(download):
    """Return a function that downloads an address without a photo, and returns why."""

    def refusal(url, **how):
        with pytest.raises(BadPhotoError) as caught:
            download(url, **how)
        return caught.value.reason, caught.value.detail

    return refusal


@pytest.fixture
def listener():
    """Return a socket that waits for connections at an address that represents a private network."""
    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.settimeout(0)
        yield listener


@pytest.fixture
def only_the_site_is_public(monkeypatch):
    """Put the site's address on the internet; the rest of loopback stays private."""
    monkeypatch.setattr(internet, "is_public", lambda address: str(ip_address(address)) == "127.0.0.1")


@pytest.fixture
def names(monkeypatch):
    """Return a dictionary of host names and the results of successive lookups; the last one repeats."""
    answers, real = {}, socket.getaddrinfo

    def look_up(host, *how):
        known = answers.get(host, [])
        found = known.pop(0) if len(known) > 1 else known[0] if known else [host]
        return [entry for address in found for entry in real(address, *how)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Return a certificate for photos.example.org and localhost that this process trusts."""
    file = certify(tmp_path, "photos.example.org", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


@pytest.fixture
def secure_site(certificate):
    """Return a TLS site at photos.example.org."""
    site = Site()
    secure(site, certificate)
    with running(site):
        yield site


@pytest.fixture
def proxy():
    with running(Proxy()) as proxy:
        yield proxy
