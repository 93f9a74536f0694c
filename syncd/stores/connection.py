"""Connections to a store over requests: what they trust, and for how long they are listened to."""

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

    from urllib3 import BaseHTTPResponse

LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of the largest answer that is read: more than any secret has."""

SHARE_OF_CONNECTING: Final = 3
"""Part of the time left that one attempt to connect gets: the third."""

_DEADLINE: ContextVar[float] = ContextVar("store_deadline")


@contextmanager
def by(deadline: float) -> Iterator[None]:
    """Bound every request that this thread makes inside the block; `deadline` is on `time.monotonic()`."""
    mark = _DEADLINE.set(deadline)
    try:
        with until(deadline):
            yield
    finally:
        _DEADLINE.reset(mark)


def time_left() -> float:
    """Return the seconds that are left inside `by`; none or less when they are over."""
    return _DEADLINE.get() - time.monotonic()


def read_whole(answer: BaseHTTPResponse) -> bytes:
    """Read the body of an answer to its end, and give the connection back.

    Raises:
        requests.ConnectionError: when it is larger than any secret.
        urllib3.exceptions.HTTPError: when it ends too soon.

    """
    body = answer.read(LARGEST_ANSWER + 1, decode_content=True)
    if len(body) > LARGEST_ANSWER:
        answer.close()
        raise requests.ConnectionError
    answer.release_conn()
    return body


class Transport(HTTPAdapter):
    """Connections with our TLS context: requests would trust its own list of authorities instead."""

    def __init__(self, tls: ssl.SSLContext, server_name: str | None, pool: int) -> None:
        """Trust what `tls` trusts, expect `server_name` in the certificate, keep `pool` connections."""
        self._tls: dict[str, Any] = {"ssl_context": tls}
        if server_name is not None:
            self._tls["server_hostname"] = server_name
        super().__init__(pool_connections=2, pool_maxsize=pool, max_retries=0)

    def exchange(
        self,
        request: requests.PreparedRequest,
        proxies: Mapping[str, str],
        timeouts: tuple[float, float] | None = None,
    ) -> requests.Response:
        """Send one request under `by`, follow no redirect, and read its answer to the end.

        Args:
            request: what is sent.
            proxies: scheme → URL.
            timeouts: to connect and to wait for a byte, in seconds, where they are to be less than that.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError: what these raise; nothing is sent after
                the deadline.

        """
        remaining = time_left()
        if remaining <= 0:
            raise requests.Timeout
        connecting, waiting = timeouts or (remaining, remaining)
        # Connecting may try two addresses and then shakes hands, each with a time-out of its own.
        timeout = (min(connecting, remaining / SHARE_OF_CONNECTING), min(waiting, remaining))
        response = self.send(request, stream=True, timeout=timeout, proxies=proxies)
        response.raw = _Body(read_whole(response.raw))
        return response

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


class _Body(io.BytesIO):
    """An answer's body that has been read; like urllib3's, it can be given attributes."""
