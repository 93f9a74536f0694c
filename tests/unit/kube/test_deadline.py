"""One deadline over everything that is read."""

from __future__ import annotations

import socket
import time

import pytest

from syncd.kube.deadline import _BoundedResponse, until


def test_what_is_there_is_not_read_after_the_deadline() -> None:
    """Bytes that wait already do not extend the deadline, however fast they come."""
    ours, theirs = socket.socketpair()
    with ours, theirs, until(time.monotonic() - 1):
        theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with _BoundedResponse(ours) as response, pytest.raises(TimeoutError):
            response.begin()


def test_what_is_there_is_read_before_the_deadline() -> None:
    """Before the deadline an answer is read as ever."""
    ours, theirs = socket.socketpair()
    with ours, theirs, until(time.monotonic() + 30):
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        with _BoundedResponse(ours) as response:
            response.begin()
            assert response.read() == b"{}"
