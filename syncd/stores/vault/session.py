"""HTTP to one Vault server: hvac over a session of ours, under our deadline, errors as values.

The session is ours since hvac's own follows redirects with the token, reads `.netrc`, and has no deadline.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import hvac
import requests
from hvac.adapters import JSONAdapter
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from syncd.kube.deadline import bound_answers, until
from syncd.model.errors import AuthenticationFailed
from syncd.stores.certificate_authority import trusting
from syncd.stores.vault.errors import Fault, FaultKind, VaultFault, fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from syncd.model.secret import SecretValue
    from syncd.stores.interface import StoreContext
    from syncd.stores.vault.settings import VaultSettings

Answer: TypeAlias = "dict[str, Any] | Fault"
"""What Vault said: the JSON object of its answer, or why there is none."""

ClientCertificate: TypeAlias = "tuple[Path, Path]"
"""Files with a certificate and its private key (PEM)."""

_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_SHARE_OF_CONNECTING: Final = 3
_INDEX: Final = "X-Vault-Index"
_LONGEST_CHAIN: Final = 12
_DEADLINE: ContextVar[float] = ContextVar("vault_deadline")


class VaultSession:
    """Connections to one server, shared by all threads; nothing is opened before it is needed."""

    def __init__(self, settings: VaultSettings, context: StoreContext, pool: int) -> None:
        """Keep up to `pool` connections (and two for logins) open."""
        self._settings = settings
        self._context = context
        self._pool = pool + 2
        self._lock = threading.Lock()
        self._http: _Http | None = None

    def client(self, token: SecretValue | None = None) -> hvac.Client:
        """Return a client that sends this token, and none when None.

        Raises:
            StoreMisconfigured: when the certificate authority cannot be loaded.
            StoreUnavailable: when the cluster that the authority is in does not answer.

        """
        with self._lock:
            if self._http is None:
                self._http = self._connect(None)
            http = self._http
        # An empty token: with None, hvac would send VAULT_TOKEN or ~/.vault-token.
        return hvac.Client(
            url=self._settings.address,
            token=token.reveal().decode("ascii") if token is not None else "",
            verify=True,
            allow_redirects=False,
            session=http,
            adapter=_Adapter,
            namespace=self._settings.namespace,
        )

    def present(self, certificate: ClientCertificate) -> None:
        """Use this client certificate from now on, as its files are now.

        Raises:
            AuthenticationFailed: when the files are not there, or do not belong together.
            StoreMisconfigured, StoreUnavailable: as `client`.

        """
        http = self._connect(certificate)
        with self._lock:
            old, self._http = self._http, http
        if old is not None:
            old.close()

    def ask(self, operation: Callable[[], object], deadline: float) -> Answer:
        """Call hvac, and return what Vault said; by the deadline, whatever drips in until then."""
        mark = _DEADLINE.set(deadline)
        try:
            with until(deadline):
                answer = operation()
        except VaultFault as error:
            answer = error.fault
        except (requests.RequestException, HTTPError, OSError) as error:
            answer = Fault(FaultKind.UNAVAILABLE, _why(error))
        finally:
            _DEADLINE.reset(mark)
        return answer if isinstance(answer, dict | Fault) else Fault(FaultKind.UNAVAILABLE, "an empty answer")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    def _connect(self, certificate: ClientCertificate | None) -> _Http:
        tls = trusting(self._settings.ca, self._context)
        if certificate is not None:
            _load(tls, certificate)
        transport = _Transport(tls, self._settings.tls_server_name, self._pool)
        return _Http(transport, get_environ_proxies(self._settings.address, no_proxy=None))


class _Adapter(JSONAdapter):
    """Raises every answer that is not a JSON object of Vault's as `VaultFault`."""

    def _raise_for_error(self, method: str, url: str, response: requests.Response) -> NoReturn:
        del method, url
        raise VaultFault(fault_of(response))

    def request(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # hvac's signature
        answer = super().request(*args, **kwargs)
        if isinstance(answer, dict):
            return answer
        if not isinstance(answer, requests.Response):
            raise VaultFault(Fault(FaultKind.UNAVAILABLE, "an answer that is no JSON object"))
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return {}
        raise VaultFault(fault_of(answer))


class _Http(requests.Session):
    """A session that reads nothing from the environment later, and every answer whole under the deadline."""

    def __init__(self, transport: HTTPAdapter, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.proxies = dict(proxies)
        self.headers["User-Agent"] = "syncd"
        self.headers["Accept-Encoding"] = "identity"
        self.mount("https://", transport)
        self.mount("http://", transport)
        self._index = ""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401  # as above
        remaining = _DEADLINE.get() - time.monotonic()
        if remaining <= 0:
            raise requests.Timeout
        if self._index:
            # A standby that is behind what we have read already passes the request on to the active node.
            request.headers[_INDEX] = self._index
            request.headers["X-Vault-Inconsistent"] = "forward-active-node"
        # Connecting may try two addresses and then shakes hands, each with a time-out of its own.
        timeout = (remaining / _SHARE_OF_CONNECTING, remaining)
        response = super().send(request, **{**kwargs, "stream": True, "timeout": timeout})
        self._index = response.headers.get(_INDEX, self._index)
        body = response.raw.read(_LARGEST_ANSWER + 1, decode_content=True)
        if len(body) > _LARGEST_ANSWER:
            response.close()
            raise requests.ConnectionError
        response.raw.release_conn()
        response.raw = io.BytesIO(body)
        return response


class _Transport(HTTPAdapter):
    """Connections with our TLS context: requests would trust its own list of authorities instead."""

    def __init__(self, tls: ssl.SSLContext, server_name: str | None, pool: int) -> None:
        self._tls: dict[str, Any] = {"ssl_context": tls}
        if server_name is not None:
            self._tls["server_hostname"] = server_name
        super().__init__(pool_connections=2, pool_maxsize=pool, max_retries=0)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002  # requests' signature, as below
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs, **self._tls)
        bound_answers(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401  # requests' signature
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs, **self._tls)
        if not known:
            bound_answers(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401  # as above
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"


def _load(tls: ssl.SSLContext, certificate: ClientCertificate) -> None:
    cert_file, key_file = certificate
    try:
        # With a password at hand OpenSSL does not ask for one on the terminal.
        tls.load_cert_chain(cert_file, key_file, password="")
    except FileNotFoundError:
        why = "one of them is not there"
    except (OSError, ValueError):
        why = "they cannot be read, or do not belong together"
    else:
        return
    raise AuthenticationFailed(f"client certificate {cert_file} and key {key_file}: {why}")


def _why(error: BaseException) -> str:
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
