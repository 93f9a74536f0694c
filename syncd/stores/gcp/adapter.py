"""GCP Secret Manager as a secret store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import StoreError
from syncd.model.secret import SecretRef
from syncd.stores.clock import SYSTEM, Clock
from syncd.stores.gcp.check import NO_SECRET, check
from syncd.stores.gcp.faults import Fault
from syncd.stores.gcp.identity import Identity
from syncd.stores.gcp.login import Login
from syncd.stores.gcp.names import checked_name, checked_version
from syncd.stores.gcp.reader import Reader
from syncd.stores.gcp.session import GcpSession
from syncd.stores.gcp.wire import Wire
from syncd.stores.interface import SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretVersion

    from syncd.model.secret import RemoteSecret, StoreName
    from syncd.stores.gcp.settings import GcpSettings
    from syncd.stores.interface import Fetched, Finding, StoreContext


class GcpStore(SecretStore):
    """Reads versions of secrets, one request each, over one connection; logs in when first used."""

    def __init__(
        self,
        name: StoreName,
        settings: GcpSettings,
        context: StoreContext,
        concurrency: int,
        clock: Clock = SYSTEM,
    ) -> None:
        """Prepare everything and ask nothing."""
        self.name = name
        self._settings = settings
        identity = Identity(settings, context, clock.now)
        login = None if settings.is_plaintext else Login(name, identity, clock, context.emit)
        self._session = GcpSession(Wire(settings, concurrency), login)
        self._reader = Reader(self._session)

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs."""
        return {ref: self._answer(ref, deadline) for ref in refs}

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Ask for a secret that nobody has, without and with a login; no secret is read."""
        nothing = checked_name(SecretRef(self.name, NO_SECRET), self._settings)
        return check(self.name, self._session, nothing, self._settings.transport, deadline)

    def created(self, secret: RemoteSecret, *, deadline: float) -> datetime | None:
        """Ask for the version's metadata; None where it may not be read (secretmanager.versions.get)."""
        try:
            name = checked_name(secret.ref, self._settings)
            answer = self._session.ask(_describe, name.version(secret.token), deadline)
        except StoreError:
            return None
        if isinstance(answer, Fault) or "create_time" not in answer:
            return None
        made: datetime = answer.create_time
        return made

    def close(self) -> None:
        """Close the connections; Google has no way to give a token back."""
        self._session.wire.close()

    def _answer(self, ref: SecretRef, deadline: float) -> Fetched:
        try:
            name, version = checked_name(ref, self._settings), checked_version(ref)
            return self._reader.read(ref, name, version, deadline)
        except StoreError as error:
            # Its frames hold the token.
            return error.with_traceback(None)


def _describe(client: SecretManagerServiceClient) -> Callable[..., SecretVersion]:
    return client.get_secret_version


def build(name: StoreName, settings: GcpSettings, context: StoreContext, concurrency: int) -> SecretStore:
    """Make the adapter."""
    return GcpStore(name, settings, context, concurrency)
