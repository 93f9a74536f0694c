"""Requests to one Vault server: urllib3 below, hvac above.

By itself hvac goes through a session of requests, which costs each read as much CPU again as urllib3 does.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlencode

import requests
from hvac.adapters import Adapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import Timeout

from syncd.stores.connection import SHARE_OF_CONNECTING, read_whole, time_left
from syncd.stores.vault.errors import Reply, VaultFault, fault_of
from syncd.stores.vault.index import INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.stores.connection import Transport
    from syncd.stores.vault.index import Index

    # Generic in hvac's stubs, and not in hvac.
    _Adapter: TypeAlias = Adapter[dict[str, Any]]
else:
    _Adapter = Adapter

_ALWAYS: Final = {"User-Agent": "syncd", "X-Vault-Request": "true"}
_SLASHES: Final = re.compile("/{2,}")


class Wire:
    """Connections to one server; what the environment says of proxies is read once, here."""

    def __init__(self, address: str, transport: Transport, index: Index) -> None:
        """Send over the pools of `transport`, with what `index` knows."""
        self._address = address.rstrip("/")
        self._transport = transport
        self._index = index
        proxy = select_proxy(address, get_environ_proxies(address, no_proxy=None))
        self._pools = (
            transport.proxy_manager_for(proxy if "://" in proxy else f"http://{proxy}")
            if proxy
            else transport.poolmanager
        )

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Send one request to `target` (path and query); follow no redirect, read the answer to the end.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError, OSError: when there is no whole answer by
                the deadline of `connection.by`.
            ValueError: for a header that cannot be sent; it quotes the header.

        """
        seconds = time_left()
        if seconds <= 0:
            raise requests.Timeout
        response = self._pools.urlopen(
            method,
            f"{self._address}{target}",
            body=body,
            headers={**_ALWAYS, **headers, **self._index.headers()},
            # Connecting may try two addresses and then shakes hands, each with a time-out of its own.
            timeout=Timeout(connect=seconds / SHARE_OF_CONNECTING, read=seconds),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        content = read_whole(response)
        self._index.note(response.status, response.headers.get(INDEX))
        return Reply(response.status, response.headers.get("Retry-After"), content)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class Exchange(_Adapter):
    """What hvac sends its requests with; returns Vault's JSON objects, raises all else as `VaultFault`."""

    def __init__(self, wire: Wire, **settings: Any) -> None:  # noqa: ANN401  # hvac's
        """Send over `wire`; of hvac's settings, token and namespace count."""
        super().__init__(**settings)
        self._wire = wire

    def get_login_token(self, response: dict[str, Any]) -> str:
        """Return the token that a login got."""
        return str(response["auth"]["client_token"])

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        raise_exception: bool = True,  # noqa: FBT001, FBT002  # hvac's signature
        **content: Any,  # noqa: ANN401  # hvac's: `params`, `json`, `wrap_ttl`
    ) -> dict[str, Any]:
        """Send one request of hvac's, as `Wire.send` does; an empty answer (204) is an empty object."""
        del raise_exception
        sent = dict(headers or {})
        if self.token:
            sent["X-Vault-Token"] = self.token
        if self.namespace:
            sent["X-Vault-Namespace"] = self.namespace
        if content.get("wrap_ttl"):
            sent["X-Vault-Wrap-TTL"] = str(content["wrap_ttl"])
        body = None
        if content.get("json") is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(content["json"]).encode()
        # As the Vault CLI does: an empty segment would be redirected.
        path = _SLASHES.sub("/", f"/{url}")
        query = urlencode(content.get("params") or {})
        reply = self._wire.send(method.upper(), f"{path}?{query}" if query else path, sent, body)
        if reply.status == HTTPStatus.NO_CONTENT:
            return {}
        tree = reply.tree()
        if reply.status == HTTPStatus.OK and isinstance(tree, dict):
            return tree
        raise VaultFault(fault_of(reply))
