"""HTTP to one Vault server: hvac over a wire of ours, under our deadline, errors as values.

The wire is ours since hvac's own follows redirects with the token, reads `.netrc`, and has no deadline.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import hvac
import requests
from urllib3.exceptions import HTTPError

from syncd.model.errors import AuthenticationFailed
from syncd.stores.certificate_authority import trusting
from syncd.stores.connection import Transport, by
from syncd.stores.transport_error import explain
from syncd.stores.vault.errors import Fault, FaultKind, VaultFault
from syncd.stores.vault.index import Index
from syncd.stores.vault.wire import Exchange, Wire

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
        self._index = Index()
        self._wire: Wire | None = None

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
        wire = self._connect(certificate)
        with self._lock:
            old, self._wire = self._wire, wire
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
        except ValueError:
            # http.client refuses a header with control characters, and quotes it.
            answer = Fault(
                FaultKind.UNAVAILABLE, "the token or namespace holds characters that no header can carry"
            )
        return answer if isinstance(answer, dict | Fault) else Fault(FaultKind.UNAVAILABLE, "an empty answer")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _client(self, token: SecretValue | None, namespace: str | None) -> hvac.Client:
        with self._lock:
            if self._wire is None:
                self._wire = self._connect(None)
            wire = self._wire
        # hvac calls it as it would call the class.
        adapter: Any = partial(Exchange, wire)
        # An empty token: with None, hvac would send VAULT_TOKEN or ~/.vault-token.
        return hvac.Client(
            url=self._settings.address,
            token=token.reveal().decode("ascii") if token is not None else "",
            adapter=adapter,
            namespace=namespace,
        )

    def _connect(self, certificate: ClientCertificate | None) -> Wire:
        tls = trusting(self._settings.ca, self._context)
        if certificate is not None:
            _load(tls, certificate)
        transport = Transport(tls, self._settings.tls_server_name, self._pool)
        return Wire(self._settings.address, transport, self._index)


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
