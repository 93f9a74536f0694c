"""HTTP for the REST transport and for logins: proxies and authorities of the environment, our deadline.

The SDK's session by itself would read `.netrc` (which replaces our token), follow redirects, and take a
time-out for each byte instead of a deadline.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import google.auth.exceptions
import google.auth.transport
import requests
from requests.adapters import BaseAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from syncd.model.errors import StoreMisconfigured
from syncd.stores.connection import Transport
from syncd.stores.gcp.faults import SEE, RestFault, of_rest
from syncd.stores.transport_error import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_WAIT: Final = 10.0
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429


def connections(pool: int) -> Transport:
    """Return connections that trust the system's authorities and those of `REQUESTS_CA_BUNDLE`.

    Raises:
        StoreMisconfigured: when what that variable names cannot be read.

    """
    tls = ssl.create_default_context()
    bundle = os.environ.get(SEE)
    if not bundle:
        return Transport(tls, None, pool)
    where = Path(bundle)
    try:
        if where.is_dir():
            tls.load_verify_locations(capath=where)
        else:
            tls.load_verify_locations(cafile=where)
    except OSError:
        pass
    else:
        return Transport(tls, None, pool)
    raise StoreMisconfigured(f"{SEE} names {bundle}, which holds no certificates that can be read")


class Answers(BaseAdapter):
    """Under the session of the SDK's REST transport: all but a JSON object of success is a `RestFault`."""

    def __init__(self, transport: Transport) -> None:
        """Send everything over `transport`."""
        super().__init__()
        self._transport = transport

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401
        """Send one request under the deadline of `by`, and read its answer to the end.

        Raises:
            RestFault: for every answer that is no success of Secret Manager.
            requests.RequestException, urllib3.exceptions.HTTPError: when the exchange breaks off.

        """
        proxies = get_environ_proxies(str(request.url), no_proxy=None)
        response = self._transport.exchange(request, proxies)
        fault = of_rest(response)
        if fault is not None:
            raise RestFault(fault)
        return response

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class LoginResponse(google.auth.transport.Response):
    """An answer as google-auth wants it."""

    def __init__(self, response: requests.Response) -> None:
        """Show this answer."""
        self._response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names match in any case."""
        return self._response.headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self._response.content


class LoginRequest(google.auth.transport.Request):
    """Makes the HTTP requests of one login, and remembers whether the last one met an outage."""

    def __init__(self, transport: Transport) -> None:
        """Send everything over `transport`."""
        self._transport = transport
        self.outage: str | None = None
        """Whom the last request was for and what went wrong; None after an answer that is no server error."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,  # noqa: ANN401  # google-auth's
    ) -> LoginResponse:
        """Send one request under the deadline of `by`.

        Raises:
            google.auth.exceptions.TransportError: when there is no answer.

        """
        wait = min(timeout or _LONGEST_WAIT, _LONGEST_WAIT)
        broken = ""
        try:
            request = requests.Request(method, url, headers=headers, data=body).prepare()
            proxies = get_environ_proxies(url, no_proxy=None)
            response = self._transport.exchange(request, proxies, (wait, wait))
        except (requests.RequestException, HTTPError, OSError) as error:
            broken = explain(error, see=SEE)
        else:
            server_error = response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY
            self.outage = f"{_host(url)} answers HTTP {response.status_code}" if server_error else None
            return LoginResponse(response)
        self.outage = f"{_host(url)}: {broken}"
        raise google.auth.exceptions.TransportError(self.outage)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]
