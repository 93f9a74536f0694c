"""The connection to one API server: credentials and TLS from the client library, requests of our own.

Requests go over the library's urllib3 pool and not through its typed models: those print secret values in
their validation errors, and retry behind the caller's deadline.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient

from syncd import __version__
from syncd.kube.answer import Answer
from syncd.kube.configuration import locate
from syncd.kube.deadline import bound_answers, until
from syncd.kube.transport import FIELD_MANAGER, JSON, NO_QUERY
from syncd.kube.verbs import resource_of, verb_of
from syncd.model.errors import ClusterUnreachable, UsageError
from syncd.model.events import ApiRequest
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubernetes.client import Configuration

    from syncd.kube.configuration import ConnectionSettings
    from syncd.model.events import Emit

_FIRST_ERROR: Final = 400
_TOKEN_KEPT: Final = 5.0
"""Seconds between two calls of the library's hook that renews a token."""


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why there is no answer; a value, so that what is raised has no third party's exception behind it."""

    text: str


@dataclass(frozen=True, slots=True)
class _Session:
    configuration: Configuration
    pool: urllib3.PoolManager
    origin: str
    namespace: str | None


@dataclass(frozen=True, slots=True)
class _Login:
    """The header with the token, good for this session until a moment on `time.monotonic()`."""

    session: _Session
    header: dict[str, str] = field(repr=False)
    until: float


class KubeTransport:
    """A `Transport` to the API server that the settings lead to; safe for use by many threads.

    A `SecretValue` in a body is sent as base64, which is how Secrets want it. After a 401 the configuration
    is loaded anew for the next request: a token file, a client certificate or a plugin's answer may have
    changed since.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        emit: Emit,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Load the configuration; nothing is sent yet.

        Raises:
            UsageError: when no configuration is found, or it is unusable.

        """
        self._settings = settings
        self._environment = environment
        self._emit = emit
        self._lock = threading.Lock()
        self._login_known: _Login | None = None
        self._session: _Session | None = self._load()
        self.server: str = self._session.configuration.host
        self.namespace: str | None = self._session.namespace
        self.origin: str = self._session.origin

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        content_type: str = JSON,
        query: Mapping[str, str] = NO_QUERY,
        accept: str = JSON,
        deadline: float,
    ) -> dict[str, Any]:
        """Send one request, as `Transport.request` says."""
        started = time.monotonic()
        headers = {"Accept": accept} if body is None else {"Accept": accept, "Content-Type": content_type}
        answer = self._exchange(method, path, body, headers, query, deadline)
        self._emit(
            ApiRequest(
                verb_of(method, path),
                resource_of(path),
                answer.code if isinstance(answer, Answer) else 0,
                time.monotonic() - started,
            )
        )
        if isinstance(answer, _Problem):
            raise ClusterUnreachable(f"{self.server}: {answer.text}")
        return self._judge(answer)

    def close(self) -> None:
        """Close the connections that are idle."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.pool.clear()

    def _judge(self, answer: Answer) -> dict[str, Any]:
        if answer.ok:
            tree = answer.tree()
            if tree is None:
                raise ClusterUnreachable(
                    f"{self.server} answered {answer.code} without JSON; is there a proxy between?"
                )
            return tree
        if answer.unknown_caller:
            self.close()
            raise ClusterUnreachable(
                f"{self.server} does not know us (401); the credentials of {self.origin} are refused"
            )
        error = answer.error() if answer.code >= _FIRST_ERROR else None
        if error is None:
            raise ClusterUnreachable(
                f"{self.server} answered {answer.code}, and not as an API server does;"
                " is there a proxy between?"
            )
        raise error

    def _exchange(
        self,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        deadline: float,
    ) -> Answer | _Problem:
        session = self._open()
        if isinstance(session, _Problem):
            return session
        login = self._login(session)
        if isinstance(login, _Problem):
            return login
        payload = None if body is None else json.dumps(body, default=_encoded).encode()
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return _Problem("the deadline had passed before the request was sent")
        try:
            with until(deadline):
                response = session.pool.request(
                    method,
                    _url(session.configuration.host, method, path, query),
                    body=payload,
                    headers={"User-Agent": f"syncd/{__version__}", **headers, **login},
                    timeout=urllib3.Timeout(total=remaining),
                    retries=False,
                    redirect=False,
                )
            return Answer(response.status, response.headers.get("Retry-After"), response.data)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return _Problem(_explained(error, remaining))
        except ValueError:
            # http.client refuses a header with control characters, and quotes it.
            return _Problem(f"the request cannot be sent; is the token of {session.origin} damaged?")

    def _open(self) -> _Session | _Problem:
        with self._lock:
            if self._session is None:
                try:
                    self._session = self._load()
                except UsageError as error:
                    return _Problem(str(error))
            return self._session

    def _load(self) -> _Session:
        located = locate(self._settings, self._environment)
        pool = ApiClient(configuration=located.client).rest_client.pool_manager
        bound_answers(pool)
        return _Session(located.client, pool, located.origin, located.namespace)

    def _login(self, session: _Session) -> dict[str, str] | _Problem:
        """Return the header with the token, renewed if it is about to expire (by the library's own hook).

        The hook is called now and then, not for each request: it also works out the proxies of the
        environment anew, a tenth of what a request costs. It renews minutes before the token's end.
        """
        known = self._login_known
        if known is not None and known.session is session and time.monotonic() < known.until:
            return known.header
        configuration = session.configuration
        # One at a time: the hook starts a program, or reads a file, and then changes the configuration.
        try:
            with self._lock:
                token = configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        except Exception as error:  # noqa: BLE001  # a login plugin may raise anything, with the token in it
            return _Problem(f"the credentials of {session.origin} cannot be renewed ({type(error).__name__})")
        header = {"Authorization": token.strip()} if token else {}
        self._login_known = _Login(session, header, time.monotonic() + _TOKEN_KEPT)
        return header


def _url(host: str, method: str, path: str, query: Mapping[str, str]) -> str:
    named = {"fieldManager": FIELD_MANAGER} if method in {"POST", "PUT", "PATCH"} else {}
    parameters = urlencode({**named, **query})
    return f"{host}{path}?{parameters}" if parameters else f"{host}{path}"


def _encoded(value: object) -> str:
    """Encode what JSON has no form for: a hidden value as base64."""
    if isinstance(value, SecretValue):
        return base64.b64encode(value.reveal()).decode()
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _explained(error: Exception, seconds: float) -> str:
    """Say what kept the answer away; the exception's own text is left where it may quote anything."""
    cause = error.args[-1] if isinstance(error, urllib3.exceptions.SSLError) and error.args else error
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({cause.verify_message})"
        case urllib3.exceptions.SSLError() | ssl.SSLError():
            return "no TLS connection"
        case urllib3.exceptions.NameResolutionError():
            return "its name does not resolve"
        case urllib3.exceptions.NewConnectionError():
            return "no connection; is it running, and is the address right?"
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return f"no answer within {seconds:.1f} s"
        case urllib3.exceptions.ProxyError():
            return "the proxy gives no connection"
        case _:
            return f"the connection was cut ({type(error).__name__})"
