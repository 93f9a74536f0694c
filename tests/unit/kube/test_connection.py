"""What is said when there is no answer."""

from __future__ import annotations

import socket
import ssl

import pytest
import urllib3

from syncd.kube.connection import _explained

CANARY = "canary-1077"
POOL = urllib3.HTTPConnectionPool("localhost")
CONNECTION = urllib3.connection.HTTPConnection("localhost")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (urllib3.exceptions.SSLError(ssl.SSLError(1, CANARY)), "no TLS connection"),
        (ssl.SSLError(1, CANARY), "no TLS connection"),
        (
            urllib3.exceptions.NameResolutionError("host", CONNECTION, socket.gaierror(CANARY)),
            "its name does not resolve",
        ),
        (urllib3.exceptions.NewConnectionError(CONNECTION, CANARY), "no connection; is it running"),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", CANARY), "no answer within 2.0 s"),
        (TimeoutError(CANARY), "no answer within 2.0 s"),
        (urllib3.exceptions.ProxyError(CANARY, OSError(CANARY)), "the proxy gives no connection"),
        (urllib3.exceptions.ProtocolError(CANARY), "the connection was cut (ProtocolError)"),
        (ConnectionResetError(CANARY), "the connection was cut (ConnectionResetError)"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_what_kept_the_answer_away(error: Exception, says: str) -> None:
    """The kind of error is told in words of ours, never in its own."""
    text = _explained(error, 2.0)
    assert text.startswith(says)
    assert (CANARY in text) is False
