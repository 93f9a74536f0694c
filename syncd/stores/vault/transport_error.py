"""What went wrong on the way to Vault, in words of ours: the libraries' texts can hold headers and tokens."""

from __future__ import annotations

import socket
import ssl
from typing import Final

import requests
from urllib3.exceptions import ReadTimeoutError

_LONGEST_CHAIN: Final = 12


def explain(error: BaseException) -> str:
    """Say in our words what went wrong on the way: the errors' own texts can hold headers."""
    chain = _chain(error)
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return (
                f"the server's certificate is not trusted: {link.verify_message}; see `ca`, `tlsServerName`"
            )
    for kind, why in _TRANSPORT:
        if any(isinstance(link, kind) for link in chain):
            return why
    return "the connection broke"


_TRANSPORT: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (requests.exceptions.InvalidHeader, "the token or namespace holds characters that no header can carry"),
    (requests.exceptions.ProxyError, "the proxy does not let us through"),
    (socket.gaierror, "the host name is not known"),
    (ssl.SSLError, "no TLS (is the port right, and is a client certificate asked for?)"),
    (ConnectionRefusedError, "connection refused"),
    (requests.Timeout, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (ReadTimeoutError, "no answer in time"),
)


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and those that it came from, wherever the libraries put them."""
    chain: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(chain) < _LONGEST_CHAIN:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in chain:
            chain.append(link)
            queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return chain
