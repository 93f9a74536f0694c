"""One deadline over a whole answer: urllib3's read timeout starts anew with every byte that drips in."""

from __future__ import annotations

import http.client
import io
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import urllib3

_DEADLINE: ContextVar[float] = ContextVar("deadline")


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Bound every answer that this thread reads inside the block; `deadline` is on `time.monotonic()`."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def bound_answers(pool: urllib3.PoolManager) -> None:
    """Make the connections that this pool will open read status, headers and body under `until`.

    Works for plain, proxied and SOCKS pools alike: each keeps its own connection class, and only the class
    that reads the answer is replaced (`response_class` of `http.client`).
    """
    pool.pool_classes_by_scheme = {
        scheme: _bounded(pool_class) for scheme, pool_class in pool.pool_classes_by_scheme.items()
    }


def _bounded(pool_class: Any) -> Any:  # noqa: ANN401  # urllib3's pools differ by scheme and proxy
    connection = type("BoundedConnection", (pool_class.ConnectionCls,), {"response_class": _BoundedResponse})
    return type("BoundedPool", (pool_class,), {"ConnectionCls": connection})


class _BoundedResponse(http.client.HTTPResponse):
    """An answer whose every read from the socket waits no longer than the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # http.client's
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, _DEADLINE.get()))


class _BoundedReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401  # a writable buffer
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
