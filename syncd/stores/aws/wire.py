"""The way to AWS: what botocore has signed goes over connections of ours, under our deadline.

botocore's own read time-out starts anew with every byte that drips in. `before-send` is its event for sending
a request by other means; all clients of a session have it, those of STS too.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final

import requests
from botocore.awsrequest import AWSResponse
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from syncd.model.errors import StoreMisconfigured
from syncd.stores.aws.errors import WireFault
from syncd.stores.connection import Transport
from syncd.stores.transport_error import chain, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

CA_VARIABLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


class Wire:
    """Sends requests of botocore and reads each answer whole. Thread-safe; one for all clients of a store."""

    def __init__(self, pool: int) -> None:
        """Open nothing yet, and keep `pool` connections to each server later."""
        self._pool = pool
        self._lock = threading.Lock()
        self._transport: Transport | None = None

    def __call__(self, request: Any, **_: Any) -> AWSResponse:  # noqa: ANN401  # botocore's
        """Send a prepared request under `by`.

        Raises:
            WireFault: when there is no answer; it says why in words of ours.
            StoreMisconfigured: when the certificates that the environment names cannot be read.

        """
        transport = self._connected()
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
        prepared.headers = requests.structures.CaseInsensitiveDict(request.headers.items())
        try:
            answer = transport.exchange(prepared, get_environ_proxies(request.url, no_proxy=None))
        except (requests.RequestException, HTTPError, OSError) as error:
            why = explain(error, see="AWS_CA_BUNDLE")
            if any(isinstance(link, socket.gaierror) for link in chain(error)):
                why += "; is the region right?"
        else:
            return AWSResponse(request.url, answer.status_code, answer.headers, _Body(answer.content))
        raise WireFault(why)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _connected(self) -> Transport:
        with self._lock:
            if self._transport is None:
                self._transport = Transport(_trusted(), None, self._pool)
            return self._transport


class _Body:
    """An answer's body, as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _trusted() -> ssl.SSLContext:
    """Return a context that trusts the authorities of `AWS_CA_BUNDLE`, or else the system's."""
    variable = next((name for name in CA_VARIABLES if os.environ.get(name)), None)
    if variable is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=os.environ[variable])
    except (OSError, ValueError):
        pass
    raise StoreMisconfigured(
        f"{variable} {os.environ[variable]}: cannot be read, or holds no certificate (PEM)"
    )
