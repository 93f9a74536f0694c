"""Requests to a Vault server, as hvac makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.stores.connection import Transport

_INDEX: Final = "X-Vault-Index"


class Http(requests.Session):
    """A session that reads nothing from the environment later, and every answer whole under the deadline.

    It has no cookies, hooks, redirects or settings of its own to merge: in requests these cost half as much
    CPU for each read as the exchange itself.
    """

    def __init__(self, transport: Transport, proxies: Mapping[str, str]) -> None:
        """Send everything over `transport`, through these proxies (scheme → URL)."""
        super().__init__()
        self.trust_env = False
        self.proxies = dict(proxies)
        self.headers["User-Agent"] = "syncd"
        self.headers["Accept-Encoding"] = "identity"
        self._transport = transport
        self.mount("https://", transport)
        self.mount("http://", transport)
        self._index = ""

    def request(  # type: ignore[override]  # what hvac passes; its other settings are in `transport` already
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        **content: Any,  # noqa: ANN401  # requests'
    ) -> requests.Response:
        """Send one request, with `params` and `json` of its content, as `send` does."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=method.upper(),
            url=url,
            headers={**self.headers, **(headers or {})},
            params=content.get("params"),
            json=content.get("json"),
        )
        return self.send(prepared)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # noqa: ANN401  # requests'
        """Send one request and read its answer to the end, or raise what requests or urllib3 raise."""
        if self._index:
            # A standby that is behind what we have read already passes the request on to the active node.
            request.headers[_INDEX] = self._index
            request.headers["X-Vault-Inconsistent"] = "forward-active-node"
        response = self._transport.exchange(request, self.proxies)
        self._index = response.headers.get(_INDEX, self._index)
        return response
