"""HTTP to one Vault server: hvac over a session of ours, under our deadline, errors as values.

The session is ours since hvac's own follows redirects with the token, reads `.netrc`, and has no deadline.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import hvac
import requests
from hvac.adapters import JSONAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from syncd.model.errors import AuthenticationFailed
from syncd.stores.certificate_authority import trusting
from syncd.stores.connection import Transport, by
from syncd.stores.transport_error import explain
from syncd.stores.vault.errors import Fault, FaultKind, VaultFault, fault_of
from syncd.stores.vault.wire import Http

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from syncd.model.secret import SecretValue
    from syncd.stores.interface import StoreContext
    from syncd.stores.vault.settings import VaultSettings

Answer: TypeAlias = "dict[str, Any] | Fault"
"""What Vault said: the JSON object of its answer, or why there is none."""

ClientCertificate: TypeAlias = "tuple[Path, Path]"
"""Files with a certificate and its private key (PEM)."""


class VaultSession:
    """Connections to one server, shared by all threads; nothing is opened before it is needed."""

    def __init__(self, settings: VaultSettings, context: StoreContext, pool: int) -> None:
        """Keep up to `pool` connections (and two for logins) open."""
        self._settings = settings
        self._context = context
        self._pool = pool + 2
        self._lock = threading.Lock()
        self._http: Http | None = None

    def client(self, token: SecretValue | None = None) -> hvac.Client:
        """Return a client that sends this token, and none when None.

        Raises:
            StoreMisconfigured: when the certificate authority cannot be loaded.
            StoreUnavailable: when the cluster that the authority is in does not answer.

        """
        return self._client(token, self._settings.namespace)

    def of_the_server(self) -> hvac.Client:
        """Return a client for what the server says of itself: without namespace, which it refuses, or token.

        Raises:
            StoreMisconfigured, StoreUnavailable: as `client`.

        """
        return self._client(None, None)

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
        try:
            with by(deadline):
                answer = operation()
        except VaultFault as error:
            answer = error.fault
        except (requests.RequestException, HTTPError, OSError) as error:
            answer = Fault(FaultKind.UNAVAILABLE, explain(error, see="`ca`, `tlsServerName`"))
        return answer if isinstance(answer, dict | Fault) else Fault(FaultKind.UNAVAILABLE, "an empty answer")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    def _client(self, token: SecretValue | None, namespace: str | None) -> hvac.Client:
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
            namespace=namespace,
        )

    def _connect(self, certificate: ClientCertificate | None) -> Http:
        tls = trusting(self._settings.ca, self._context)
        if certificate is not None:
            _load(tls, certificate)
        transport = Transport(tls, self._settings.tls_server_name, self._pool)
        return Http(transport, get_environ_proxies(self._settings.address, no_proxy=None))


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
