"""Vault and OpenBao as a secret store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import AccessDenied, SecretNotFound, StoreError, VersionUnavailable
from syncd.stores.clock import SYSTEM, Clock
from syncd.stores.interface import SecretStore
from syncd.stores.vault.auth.choose import choose
from syncd.stores.vault.health import authenticated, reachable
from syncd.stores.vault.kv import Kv, TokenRejected
from syncd.stores.vault.login import Login
from syncd.stores.vault.mounts import Mounts
from syncd.stores.vault.renewal import Renewal
from syncd.stores.vault.session import VaultSession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched, Finding, StoreContext
    from syncd.stores.vault.lease import Lease
    from syncd.stores.vault.settings import VaultSettings


class VaultStore(SecretStore):
    """Reads secrets of KV engines, one request each; logs in when first used."""

    def __init__(
        self,
        name: StoreName,
        settings: VaultSettings,
        context: StoreContext,
        concurrency: int,
        clock: Clock = SYSTEM,
    ) -> None:
        """Prepare everything and ask nothing; `concurrency` connections are kept open."""
        self.name = name
        self._session = VaultSession(settings, context, concurrency)
        self._method = choose(settings.auth, context, clock)
        self._login = Login(name, self._method, self._session, clock, context.emit)
        self._renewal = Renewal(self._login, name)
        self._kv = Kv(self._session, Mounts(self._session, clock.now), clock)

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs."""
        return {ref: self._answer(ref, deadline) for ref in refs}

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Ask the server how it is, and as whom it knows us."""
        way = reachable(self.name, self._session, deadline)
        if way.error is not None:
            return (way,)
        return way, authenticated(self.name, self._login, self._method, self._session, deadline)

    def close(self) -> None:
        """Stop renewing, give the token back if it is ours, and close the connections."""
        self._renewal.stop()
        self._login.close()
        self._session.close()

    def _answer(self, ref: SecretRef, deadline: float) -> Fetched:
        """Read with the lease at hand, and once more with a new one if Vault does not know it."""
        answer: Fetched
        for _ in range(2):
            try:
                lease = self._login.lease(deadline)
                self._renewal.start()
            except StoreError as error:
                return error.with_traceback(None)
            answer = self._read(ref, lease, deadline)
            if not isinstance(answer, TokenRejected):
                return answer
            self._login.rejected(lease)
        return answer

    def _read(self, ref: SecretRef, lease: Lease, deadline: float) -> Fetched:
        try:
            answer: Fetched = self._kv.read(ref, lease, deadline)
        except StoreError as error:
            # Its frames hold the client, and with it the token.
            answer = error.with_traceback(None)
        if not isinstance(answer, StoreError) or isinstance(answer, _VAULTS_OWN_WORD):
            self._login.accepted(lease)
        return answer


_VAULTS_OWN_WORD = (SecretNotFound, VersionUnavailable, AccessDenied)
"""Errors that Vault gives only to a token that it knows."""


def build(name: StoreName, settings: VaultSettings, context: StoreContext, concurrency: int) -> SecretStore:
    """Make the adapter."""
    return VaultStore(name, settings, context, concurrency)
