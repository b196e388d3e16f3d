"""Downloads reach only the internet: addresses are checked before connecting."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import PHOTO

from landmark_lib.dataset import Reason
from landmark_lib.fetching.internet import is_plainly_private, is_public

# IANA's registries of special addresses, multicast, and addresses reserved by clouds.
PRIVATE_IPV4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *(
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255",
        "169.254.169.254",
        "100.100.100.200",
    ),
    *("192.0.0.192", "168.63.129.16", "161.26.0.0/16", "166.8.0.0/14"),
]
PRIVATE_IPV6 = [
    *("::", "::1", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48"),
    *("2001:10::/28", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10"),
    *("ff00::/8", "fd00:ec2::254", "fd20:ce::254", "4000::/3", "8000::/1"),
]
WRAPPINGS = {
    "IPv4-mapped": lambda number: 0xFFFF << 32 | number,
    "NAT64": lambda number: 0x64FF9B << 96 | number,
    "6to4": lambda number: 0x2002 << 112 | number << 80,
}


def within(networks):
    """Return a strategy for addresses in some networks."""
    return st.sampled_from(networks).flatmap(lambda network: st.ip_addresses(network=as_network(network)))


def as_network(written):
    return ipaddress.ip_network(written)


@given(within(PRIVATE_IPV4))
def test_no_special_ipv4_address_is_public_even_within_ipv6(address):
    assert not is_public(str(address))
    for wrap in WRAPPINGS.values():
        assert not is_public(str(ipaddress.IPv6Address(wrap(int(address)))))


@given(within(PRIVATE_IPV6))
def test_no_special_ipv6_address_is_public(address):
    assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_ipv4_address_within_ipv6_is_as_public_as_itself(address):
    wrapped = [str(ipaddress.IPv6Address(wrap(int(address)))) for wrap in WRAPPINGS.values()]
    assert {is_public(each) for each in wrapped} == {is_public(str(address))}


@given(st.ip_addresses(v=4))
def test_most_of_ipv4_is_public(address):
    special = any(address in as_network(network) for network in PRIVATE_IPV4)
    assert is_public(str(address)) == (not special)


@given(within(["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16"]), st.sampled_from([0x5EFE, 0x0200_5EFE]))
def test_isatap_address_is_as_private_as_its_ipv4_address(address, mark):
    assert not is_public(str(ipaddress.IPv6Address(0x2606_4700 << 96 | mark << 32 | int(address))))


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1%1", "::1%lo"])
def test_link_local_addresses_are_private(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "2001:4860:4860::8888",
        "2606:4700::1",
        "64:ff9b::808:808",
        "2a00:1450::5efe:808:808",
    ],
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "localhost.localdomain",
            "nas",
            "nas.",
            "metadata",
        ),
        *(
            "printer.local",
            "metadata.google.internal",
            "wiki.corp",
            "router.home.arpa",
            "a.b.lan",
            "x.intranet",
        ),
        *(
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "[fd00::1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::a00:1]",
            "169.254.169.254",
        ),
    ],
)
def test_plainly_private_hosts_need_no_dns_query(host):
    assert is_plainly_private(host)


@pytest.mark.parametrize(
    "host", ["example.org", "local.example.org", "mylocal.org", "home.arpa.org", "8.8.8.8", "[2606:4700::1]"]
)
def test_other_hosts_may_be_public(host):
    assert not is_plainly_private(host)


def nobody_connected(listener):
    with pytest.raises(BlockingIOError):
        listener.accept()
    return True


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("host", "message"),
    [
        *(
            (host, "127.0.0.2")
            for host in ("127.0.0.2", "2130706434", "0x7f.2", "0177.0.0.2", "0x7f000002", "127.2")
        ),
        *((host, "127.0.0.2") for host in ("127.0.0.2.", "%31%32%37.0.0.2", "\uff11\uff12\uff17.0.0.2")),
        ("[::ffff:127.0.0.2]", "[::ffff:7f00:2]"),
        ("[0:0:0:0:0:ffff:7f00:0002]", "[::ffff:7f00:2]"),
    ],
)
def test_private_address_is_never_connected_however_it_is_written(refusal, listener, scheme, host, message):
    url = f"{scheme}://{host}:{listener.getsockname()[1]}/photo"
    refused = (Reason.REFUSED_ADDRESS, f"{message} has no public address")
    assert refusal(url, allow_private_addresses=False) == refused
    assert nobody_connected(listener)


def test_refusal_does_not_reveal_whether_anything_listens(refusal, listener):
    url = f"http://127.0.0.2:{listener.getsockname()[1]}/photo"
    somebody = refusal(url, allow_private_addresses=False)
    listener.close()
    assert refusal(url, allow_private_addresses=False) == somebody
    assert refusal("http://10.255.255.1:9/", allow_private_addresses=False)[0] == somebody[0]


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LocalHost"])
def test_a_name_of_a_private_address_is_refused(site, refusal, host):
    reason, _ = refusal(f"http://{host}:{site.server_port}/photo", allow_private_addresses=False)
    assert reason == Reason.REFUSED_ADDRESS
    assert not site.connections


def test_a_refusal_does_not_reveal_the_address_of_a_private_name(refusal, names):
    names["db.example.org"] = [["10.1.2.3", "fd00::1"]]
    message = refusal("http://db.example.org/", allow_private_addresses=False)
    assert message == (Reason.REFUSED_ADDRESS, "db.example.org has no public address")


def test_unknown_name_is_a_failed_download(refusal, monkeypatch):
    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reason, detail = refusal("http://photos.example.org/", allow_private_addresses=False, retries=0)
    assert reason == Reason.DOWNLOAD_FAILED
    assert "Failed to resolve 'photos.example.org'" in detail


@pytest.mark.usefixtures("only_the_site_is_public")
class TestWithTheSiteOnTheInternet:
    """Names resolve to the site, which counts as public, or to a listener, which does not."""

    @pytest.fixture
    def beside(self, site):
        """Return a private socket on the port of the site."""
        with socket.create_server(("127.0.0.2", site.server_port)) as listener:
            listener.settimeout(0)
            yield listener

    def test_a_redirect_to_a_private_address_is_refused(self, site, get, refusal, beside):
        assert get("photo", allow_private_addresses=False) == PHOTO
        url = f"{site.url}/to?http://127.0.0.2:{site.server_port}/photo"
        assert refusal(url, allow_private_addresses=False)[0] == Reason.REFUSED_ADDRESS
        assert nobody_connected(beside)

    def test_only_public_addresses_of_a_name_are_used(self, site, download, names, beside):
        names["photos.example.org"] = [["127.0.0.2", "::1", "127.0.0.1", "10.0.0.1"]]
        url = f"http://photos.example.org:{site.server_port}/photo"
        assert download(url, allow_private_addresses=False) == PHOTO
        assert nobody_connected(beside)

    def test_name_that_changes_its_address_after_the_check_has_no_effect(
        self, site, download, refusal, names, beside
    ):
        names["photos.example.org"] = [["127.0.0.1"], ["127.0.0.2"]]
        url = f"http://photos.example.org:{site.server_port}/photo"
        assert download(url, allow_private_addresses=False) == PHOTO
        assert refusal(url, allow_private_addresses=False)[0] == Reason.REFUSED_ADDRESS
        assert nobody_connected(beside)

    def test_next_public_address_is_tried_if_the_first_does_not_answer(
        self, site, download, names, monkeypatch
    ):
        monkeypatch.setattr("landmark_lib.fetching.internet.is_public", ipaddress.ip_address)
        names["photos.example.org"] = [["127.0.0.3", "127.0.0.1"]]
        url = f"http://photos.example.org:{site.server_port}/photo"
        assert download(url, allow_private_addresses=False, retries=0) == PHOTO

    def test_download_fails_if_no_address_answers(self, refusal, names, listener):
        port = listener.getsockname()[1]
        names["photos.example.org"] = [["127.0.0.1"]]
        reason, detail = refusal(
            f"http://photos.example.org:{port}/", allow_private_addresses=False, retries=0
        )
        assert (reason, "Connection refused" in detail) == (Reason.DOWNLOAD_FAILED, True)

    def test_certificate_and_host_header_are_those_of_the_name(self, secure_site, download, names):
        names["photos.example.org"] = [["127.0.0.1"], ["127.0.0.2"]]
        url = f"https://photos.example.org:{secure_site.server_port}/photo"
        assert download(url, allow_private_addresses=False) == PHOTO
        assert secure_site.names == ["photos.example.org"]
        assert secure_site.headers["Host"] == f"photos.example.org:{secure_site.server_port}"

    def test_a_certificate_of_another_name_is_refused(self, secure_site, refusal, names):
        names["other.example.org"] = [["127.0.0.1"]]
        url = f"https://other.example.org:{secure_site.server_port}/photo"
        reason, detail = refusal(url, allow_private_addresses=False, retries=0)
        assert (reason, "certificate" in detail.lower()) == (Reason.DOWNLOAD_FAILED, True)
        assert not secure_site.requests
