"""The route of a download: directly to its host, or through a proxy of the environment."""

import ipaddress
from contextlib import suppress
from typing import Any
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager, ProxyManager, Timeout

from landmark_lib.errors import BadPhotoError, UserError
from landmark_lib.fetching.internet import PUBLIC_POOLS, is_plainly_private, refusal
from landmark_lib.fetching.web_address import WebAddress
from landmark_lib.settings import FetchSettings


class Routes:
    """The connections of one downloader.

    Proxies come from http_proxy, https_proxy, all_proxy and no_proxy, in lower or upper case. Each is checked
    at its first use, so that an invalid one for another scheme does not matter.

    Args:
        fetch: Limits and headers.
    """

    def __init__(self, fetch: FetchSettings) -> None:
        self._allow_private = fetch.allow_private_addresses
        self._how: dict[str, Any] = {
            "maxsize": fetch.connections_per_host,
            "block": True,
            "retries": False,
            "timeout": Timeout(connect=fetch.timeout, read=fetch.timeout),
            "headers": {"User-Agent": fetch.user_agent},
        }
        self._proxies = getproxies()
        self._direct = PoolManager(**self._how)
        if not self._allow_private:
            self._direct.pool_classes_by_scheme = PUBLIC_POOLS
        self._through: dict[WebAddress, ProxyManager] = {}

    def close(self) -> None:
        """Close the connections."""
        for manager in (self._direct, *self._through.values()):
            manager.clear()

    def to(self, address: WebAddress) -> PoolManager:
        """Return the connections to an address.

        If private addresses are not allowed, direct connections check the addresses that a name resolves to.
        Only the proxy knows what it resolves a name to.

        Raises:
            BadPhotoError: The address is plainly private, and that is not allowed.
            UserError: The environment names an invalid proxy.
        """
        if not self._allow_private and is_plainly_private(address.host):
            raise refusal(address.host)
        proxy = self.proxy(address)
        if proxy is None:
            return self._direct
        if proxy not in self._through:
            authorization = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None
            manager = ProxyManager(proxy.origin, proxy_headers=authorization, **self._how)
            self._through.setdefault(proxy, manager)  # the first of two threads wins
        return self._through[proxy]

    def proxy(self, address: WebAddress) -> WebAddress | None:
        """Return the proxy for an address, if any.

        Raises:
            UserError: The environment names an invalid one.
        """
        name = next((name for name in (address.scheme, "all") if self._proxies.get(name)), None)
        host = address.host.strip("[]").rstrip(".")
        if name is None or proxy_bypass(f"{host}:{address.port}", self._proxies):
            return None
        with suppress(ValueError):
            ip = ipaddress.ip_address(host)
            for entry in self._proxies.get("no", "").split(","):
                with suppress(ValueError):  # a name
                    if ip in ipaddress.ip_network(entry.strip().strip("[]"), strict=False):
                        return None
        return _proxy(name, self._proxies[name])


def _proxy(name: str, value: str) -> WebAddress:
    try:
        return WebAddress.parse(value if "://" in value else f"http://{value}")
    except BadPhotoError:
        _, separator, rest = value.rpartition("@")
        received = f"***@{rest}" if separator else value
        raise UserError(
            f"{name}_proxy: expected http://host:port or https://host:port, received {received}"
        ) from None
