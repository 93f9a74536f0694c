"""Unit tests reach nothing outside their process."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class SocketUsedError(BaseException):
    """A unit test opened a connection. Not an `Exception`: code under test must not take it for an outage."""


@pytest.fixture(autouse=True, scope="package")
def _no_network() -> Iterator[None]:
    """Refuse every connection and datagram, except on Unix sockets."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _refusing(getattr(socket.socket, name)))
        yield


def _refusing(original: Any) -> Any:  # a method of the C type, whatever its arguments
    def guarded(self: socket.socket, *args: object) -> object:
        if self.family == socket.AF_UNIX:
            return original(self, *args)
        message = f"a unit test may not reach {args[-1]}: it belongs to tests/contract or tests/integration"
        raise SocketUsedError(message)

    return guarded
