"""Public and private hosts, and connections to public ones only."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.util.connection import allowed_gai_family

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError

# Assigned addresses that lead to the inside of a network or to no single host, in addition to those that
# `ipaddress` knows in every version of Python.
NEVER_PUBLIC: list[IPv4Network | IPv6Network] = [
    IPv4Network("192.0.0.0/24"),  # for protocols; 192.0.0.192 is the metadata service of Oracle's cloud
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, deprecated
    IPv4Network("168.63.129.16"),  # Azure's host of each virtual machine
    IPv4Network("161.26.0.0/16"),  # services inside IBM's cloud
    IPv4Network("166.8.0.0/14"),
    IPv6Network("3fff::/20"),  # for documentation
]
GLOBAL_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that was ever assigned
NAT64 = IPv6Network("64:ff9b::/96")  # IPv4 addresses in a network without IPv4 (RFC 6052)
ISATAP = (0x00005EFE, 0x02005EFE)  # before the IPv4 address in the last 64 bits (RFC 5214)

# Domains that nobody owns on the internet (RFC 6761, 6762, 8375, and ICANN's .internal).
PRIVATE_DOMAINS = {
    *("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan"),
    *("home.arpa", "test", "invalid", "onion"),
}


def is_public(address: str) -> bool:
    """Return whether the internet routes an IP address to a host, including IPv4 addresses within IPv6."""
    ip = ipaddress.ip_address(address)
    if any(ip in network for network in NEVER_PUBLIC):
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    if ip.scope_id is not None:
        return False
    last = str(IPv4Address(int(ip) & 0xFFFFFFFF))
    if ip in NAT64:
        return is_public(last)
    if ip in GLOBAL_UNICAST and int(ip) >> 32 & 0xFFFFFFFF in ISATAP and not is_public(last):
        return False
    embedded = ip.ipv4_mapped or ip.sixtofour
    return is_public(str(embedded)) if embedded else ip.is_global and ip in GLOBAL_UNICAST


def is_plainly_private(host: str) -> bool:
    """Return whether a host is private by its address or name, without a DNS query.

    Args:
        host: As in `WebAddress`.
    """
    name = host.strip("[]").rstrip(".")
    try:
        return not is_public(name)
    except ValueError:  # a name
        labels = name.lower().split(".")
        endings = {".".join(labels[first:]) for first in range(len(labels))}
        return len(labels) == 1 or not endings.isdisjoint(PRIVATE_DOMAINS)


def refusal(host: str) -> BadPhotoError:
    """Return the error for a private host, the same whatever is there."""
    return BadPhotoError(Reason.REFUSED_ADDRESS, f"{host} has no public address")


class _PublicHTTPConnection(HTTPConnection):
    """A connection that resolves its host once and connects only to the checked addresses."""

    def _new_conn(self) -> socket.socket:
        host, failure = self._dns_host, None
        try:
            found = socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(host, self, error) from error
        addresses = dict.fromkeys(str(socket_address[0]) for *_, socket_address in found)
        try:
            for address in filter(is_public, addresses):
                # urllib3 resolves its host again; an address resolves to itself.
                self._dns_host = address
                try:
                    return super()._new_conn()
                except HTTPError as error:
                    failure = error
        finally:
            self._dns_host = host  # for the header Host, the certificate and SNI
        raise failure or refusal(host)


class _PublicHTTPSConnection(_PublicHTTPConnection, HTTPSConnection):
    """The same with TLS."""


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


PUBLIC_POOLS = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}
