"""What went wrong on the way to a store, in words of ours: the libraries' texts can hold headers."""

from __future__ import annotations

import socket
import ssl
from typing import Final

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

_LONGEST_CHAIN: Final = 12
_UNKNOWN: Final = "the connection broke"
_OTHER_NAME: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL's x509_vfy.h."""


def explain(error: BaseException, *, see: str) -> str:
    """Say in our words what went wrong on the way: the errors' own texts can hold headers.

    `see` names the settings that decide which certificates are trusted.
    """
    links = chain(error)
    for link in links:
        if isinstance(link, ssl.SSLCertVerificationError) and link.verify_code in _OTHER_NAME:
            return "the server's certificate is for another host; is the address right?"
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted: {link.verify_message}; see {see}"
    for kind, why in _TRANSPORT:
        if any(isinstance(link, kind) for link in links):
            return why
    return _UNKNOWN


def is_transport(error: BaseException) -> bool:
    """Tell whether an error comes from the way to a server, however an SDK has wrapped it."""
    return any(isinstance(link, _OF_THE_WAY) for link in chain(error))


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
_OF_THE_WAY: Final = (requests.RequestException, HTTPError, ConnectionError, TimeoutError, socket.gaierror)


def chain(error: BaseException) -> list[BaseException]:
    """Return the error and those that it came from, wherever the libraries put them."""
    links: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(links) < _LONGEST_CHAIN:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in links:
            links.append(link)
            wrapped = (getattr(link, name, None) for name in ("reason", "inner_exception"))
            queue += [link.__cause__, link.__context__, *wrapped, *link.args]
    return links
