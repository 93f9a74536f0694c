"""How the SDK's requests leave: over our connections, to the vault and to whoever gives tokens."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.utils import get_environ_proxies

from syncd.stores.connection import Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


class Wire:
    """What the SDK takes for a session of requests; every answer is read whole, under `connection.by`.

    Nothing is retried, no redirect is followed, and proxies are looked up once for each host.
    """

    def __init__(self, tls: ssl.SSLContext, pool: int) -> None:
        """Trust what `tls` trusts, and keep up to `pool` connections to each host."""
        self._transport = Transport(tls, None, pool)
        self._proxies: dict[str, Mapping[str, str]] = {}

    def sdk_transport(self) -> RequestsTransport:
        """Return a transport for one client or credential of the SDK; closing it closes nothing of ours."""
        return RequestsTransport(session=self, session_owner=False)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,  # noqa: ANN401  # requests'
        timeout: tuple[float, float] | None = None,
        **_: Any,  # noqa: ANN401  # what is settled here: redirects, certificates, proxies
    ) -> requests.Response:
        """Send one request; raises what requests and urllib3 raise."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=method,
            url=url,
            headers={**(headers or {}), "Accept-Encoding": "identity"},
            data=data,
        )
        return self._transport.exchange(prepared, self._proxies_to(url), timeout)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _proxies_to(self, url: str) -> Mapping[str, str]:
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = {} if _is_of_this_node(url) else get_environ_proxies(url, no_proxy=None)
        return self._proxies[host]


def _is_of_this_node(url: str) -> bool:
    """Tell whether this is the node's metadata service: no proxy can ask it for the node's tokens."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_link_local
    except ValueError:
        return False
