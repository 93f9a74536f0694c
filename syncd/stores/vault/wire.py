"""Connections to a Vault server: what they trust, and for how long they are listened to."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter

from syncd.kube.deadline import bound_answers, until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of the largest answer that is read: more than any secret has."""

_SHARE_OF_CONNECTING: Final = 3
_INDEX: Final = "X-Vault-Index"
_DEADLINE: ContextVar[float] = ContextVar("vault_deadline")


@contextmanager
def by(deadline: float) -> Iterator[None]:
    """Bound every request that this thread makes inside the block; `deadline` is on `time.monotonic()`."""
    mark = _DEADLINE.set(deadline)
    try:
        with until(deadline):
            yield
    finally:
        _DEADLINE.reset(mark)


class Http(requests.Session):
    """A session that reads nothing from the environment later, and every answer whole under the deadline.

    It has no cookies, hooks, redirects or settings of its own to merge: in requests these cost half as much
    CPU for each read as the exchange itself.
    """

    def __init__(self, transport: HTTPAdapter, proxies: Mapping[str, str]) -> None:
        """Send everything over `transport`, through these proxies (scheme → URL)."""
        super().__init__()
        self.trust_env = False
        self.proxies = dict(proxies)
        self.headers["User-Agent"] = "syncd"
        self.headers["Accept-Encoding"] = "identity"
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
        remaining = _DEADLINE.get() - time.monotonic()
        if remaining <= 0:
            raise requests.Timeout
        if self._index:
            # A standby that is behind what we have read already passes the request on to the active node.
            request.headers[_INDEX] = self._index
            request.headers["X-Vault-Inconsistent"] = "forward-active-node"
        # Connecting may try two addresses and then shakes hands, each with a time-out of its own.
        timeout = (remaining / _SHARE_OF_CONNECTING, remaining)
        adapter = self.get_adapter(str(request.url))
        response = adapter.send(request, stream=True, timeout=timeout, proxies=self.proxies)
        self._index = response.headers.get(_INDEX, self._index)
        body = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
        if len(body) > LARGEST_ANSWER:
            response.close()
            raise requests.ConnectionError
        response.raw.release_conn()
        response.raw = io.BytesIO(body)
        return response


class Transport(HTTPAdapter):
    """Connections with our TLS context: requests would trust its own list of authorities instead."""

    def __init__(self, tls: ssl.SSLContext, server_name: str | None, pool: int) -> None:
        """Trust what `tls` trusts, expect `server_name` in the certificate, keep `pool` connections."""
        self._tls: dict[str, Any] = {"ssl_context": tls}
        if server_name is not None:
            self._tls["server_hostname"] = server_name
        super().__init__(pool_connections=2, pool_maxsize=pool, max_retries=0)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002  # requests' signature, as below
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(connections, maxsize, block, **kwargs, **self._tls)
        bound_answers(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401  # requests' signature
        """Return the pool of connections through a proxy."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs, **self._tls)
        if not known:
            bound_answers(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401  # as above
        """Leave the authorities to the TLS context: requests would add a list of its own."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"
