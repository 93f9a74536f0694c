"""One vault as the SDK reaches it: our connections, one login and one challenge for all threads."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.keyvault.secrets import SecretClient

from syncd.stores.azure.fault import Fault, FaultKind, fault_of, of_status
from syncd.stores.azure.identity import choose
from syncd.stores.azure.login import Login
from syncd.stores.azure.login_error import SDK_ERRORS
from syncd.stores.azure.wire import Wire
from syncd.stores.certificate_authority import trusting
from syncd.stores.connection import by, time_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from azure.core.credentials import TokenCredential

    from syncd.model.secret import StoreName
    from syncd.stores.azure.settings import AzureSettings
    from syncd.stores.clock import Clock
    from syncd.stores.interface import StoreContext

Answer = TypeVar("Answer")

_ERRORS: Final = 400
_UNAUTHORIZED: Final = 401
_KNOWS_US: Final = frozenset(
    {
        FaultKind.MISSING,
        FaultKind.GONE,
        FaultKind.EXPIRED,
        FaultKind.FIREWALL,
        FaultKind.DENIED,
        FaultKind.REFUSED,
    }
)
"""What a vault says only to those whose token it takes."""
_TENANT: Final = re.compile(r"[0-9A-Za-z.-]{1,64}")
_PROBE: Final = "/secrets?maxresults=1"
"""Lists names and no value; asked for in a check, where a refusal says as much as an answer."""


class Vault:
    """Asks one vault; nothing is opened before it is needed."""

    def __init__(
        self, name: StoreName, settings: AzureSettings, context: StoreContext, pool: int, clock: Clock
    ) -> None:
        """Keep up to `pool` connections open."""
        self._settings = settings
        self._context = context
        self._pool = pool
        method = choose(settings, context, clock, self._credential_options)
        self.login: Final = Login(name, method, clock, context.emit)
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        # One thread at a time uses a client: it keeps its token where a 401 of another would take it away.
        self._clients: list[tuple[int, SecretClient]] = []
        self._first = threading.Lock()
        self._challenged = False

    def ask(self, operation: Callable[[SecretClient], Answer], deadline: float) -> Answer | Fault:
        """Let the SDK do something; with another login once, if the vault does not take the token.

        Raises:
            StoreError: when there is no login, and why.

        """
        for _ in range(2):
            with by(deadline), self._in_turn() as warm:
                if not warm:
                    return Fault(FaultKind.UNAVAILABLE, "no answer in time")
                self.login.look()
                generation = self.login.generation
                answer = self._attempt(operation, generation)
            if not isinstance(answer, Fault) or answer.kind in _KNOWS_US:
                self._challenged = True
                self.login.accepted(generation)
            if not isinstance(answer, Fault) or answer.kind is not FaultKind.TOKEN:
                return answer
            self.login.rejected(generation)
        return self._unknown()

    def probe(self, deadline: float) -> Fault | None:
        """See whether the vault takes our tokens; reads no secret. Raises as `ask`."""
        answer = self.ask(_probe, deadline)
        knows_us = isinstance(answer, Fault) and answer.kind in _KNOWS_US - {FaultKind.FIREWALL}
        return None if knows_us else answer

    def knock(self, deadline: float) -> Mapping[str, str] | Fault:
        """Ask without a token, as everybody can; return the headers of the vault's challenge.

        Raises:
            StoreError: when the certificate authority cannot be loaded.

        """
        wire = self._connections()
        url = f"{self._settings.vault_url}{_PROBE}"
        try:
            with by(deadline):
                response = wire.request("GET", url)
        except SDK_ERRORS as error:
            return fault_of(error)
        asks = response.status_code == _UNAUTHORIZED and "WWW-Authenticate" in response.headers
        if asks or response.ok:
            return response.headers
        return of_status(response.status_code, response.headers)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            wire, self._wire, self._clients = self._wire, None, []
        if wire is not None:
            wire.close()

    def _unknown(self) -> Fault:
        """Tell where the vault wants tokens from: mostly that is why it does not take ours."""
        tenant = self.login.vaults_tenant or ""
        wanted = (
            f"; it wants those of tenant {tenant}: is tenantId that one?" if _TENANT.fullmatch(tenant) else ""
        )
        return Fault(FaultKind.TOKEN, f"it does not take our tokens{wanted}")

    @contextmanager
    def _in_turn(self) -> Iterator[bool]:
        """Let one thread go first, until the vault has said which tokens it wants; False: out of time."""
        if self._challenged:
            yield True
            return
        if not self._first.acquire(timeout=max(0.0, time_left())):
            yield False
            return
        try:
            yield True
        finally:
            self._first.release()

    def _attempt(self, operation: Callable[[SecretClient], Answer], generation: int) -> Answer | Fault:
        client = self._client(generation)
        try:
            return operation(client)
        except SDK_ERRORS as error:
            return fault_of(error)
        finally:
            with self._lock:
                self._clients.append((generation, client))

    def _client(self, generation: int) -> SecretClient:
        with self._lock:
            self._clients = [
                (made_for, client) for made_for, client in self._clients if made_for == generation
            ]
            if self._clients:
                return self._clients.pop()[1]
        version = {} if self._settings.api_version is None else {"api_version": self._settings.api_version}
        return SecretClient(
            self._settings.vault_url,
            # The SDK asks for `get_token_info` where there is one; its annotation knows the older protocol.
            cast("TokenCredential", self.login),
            verify_challenge_resource=self._settings.verify_challenge_resource,
            transport=self._connections().sdk_transport(),
            retry_total=0,
            permit_redirects=False,
            **version,
        )

    def _connections(self) -> Wire:
        with self._lock:
            if self._wire is None:
                self._wire = Wire(trusting(self._settings.ca, self._context), self._pool)
            return self._wire

    def _credential_options(self) -> Mapping[str, Any]:
        return {"transport": self._connections().sdk_transport(), "retry_total": 0}


def _probe(client: SecretClient) -> None:
    response = client.send_request(HttpRequest("GET", _PROBE))
    if response.status_code >= _ERRORS:
        raise HttpResponseError(response=response)
