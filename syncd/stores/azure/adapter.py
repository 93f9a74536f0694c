"""Azure Key Vault as a secret store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    SecretExpired,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.azure.bundle import secret_of
from syncd.stores.azure.claims import holder
from syncd.stores.azure.fault import Fault, FaultKind
from syncd.stores.azure.names import refused
from syncd.stores.azure.vault import Vault
from syncd.stores.clock import SYSTEM, Clock
from syncd.stores.interface import Finding, SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azure.keyvault.secrets import SecretClient

    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.azure.settings import AzureSettings
    from syncd.stores.interface import Fetched, StoreContext


class KeyVaultStore(SecretStore):
    """Reads secrets of one vault, one request each; logs in when first used."""

    def __init__(
        self,
        name: StoreName,
        settings: AzureSettings,
        context: StoreContext,
        concurrency: int,
        clock: Clock = SYSTEM,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare everything and ask nothing; `concurrency` connections are kept open."""
        self.name = name
        self._url = settings.vault_url
        self._vault = Vault(name, settings, context, concurrency, clock)
        self._today = today

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs."""
        return {ref: self._answer(ref, deadline) for ref in refs}

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Knock at the vault, then show it a token and ask for a name; no secret is read."""
        try:
            headers = self._vault.knock(deadline)
        except StoreError as error:
            return (Finding("reachable", "", error.with_traceback(None)),)
        if isinstance(headers, Fault):
            return (Finding("reachable", "", _of_the_vault(headers, self.name, self._url)),)
        region = headers.get("x-ms-keyvault-region", "")
        where = f", region {region}" if region.isalnum() else ""
        reachable = Finding("reachable", f"the vault answers{where}")
        try:
            fault = self._vault.probe(deadline)
        except StoreError as error:
            return (reachable, Finding("authenticated", "", error.with_traceback(None)))
        if fault is not None:
            return (reachable, Finding("authenticated", "", _of_the_vault(fault, self.name, self._url)))
        token = self._vault.login.token()
        known_as = f"as {holder(token)}, by {self._vault.login}" if token else "the vault asks for no login"
        return (reachable, Finding("authenticated", known_as))

    def close(self) -> None:
        """Close the connections; tokens end by themselves."""
        self._vault.close()

    def _answer(self, ref: SecretRef, deadline: float) -> Fetched:
        if (wrong := refused(ref)) is not None:
            return wrong
        try:
            answer = self._vault.ask(lambda client: self._read(client, ref), deadline)
            if not isinstance(answer, Fault):
                return answer
            if answer.kind is FaultKind.MISSING:
                return self._missing(ref, deadline)
        except StoreError as error:
            # Its frames hold the client, and with it the token.
            return error.with_traceback(None)
        if answer.kind is FaultKind.DENIED:
            known_as = holder(self._vault.login.token())
            return AccessDenied(f"{ref}: {self._url}: {answer.detail}; known there as {known_as}")
        return _of_a_secret(answer, ref, self._url)

    def _read(self, client: SecretClient, ref: SecretRef) -> Fetched:
        return secret_of(client.get_secret(ref.secret, ref.version), ref, self._today())

    def _missing(self, ref: SecretRef, deadline: float) -> StoreError:
        """Tell a secret that never was from a deleted one: the vault answers both alike.

        Source: REST reference, "Get Deleted Secret"; it needs the permission that reading does, no other.
        """
        if ref.version is not None:
            return VersionUnavailable(
                f"{ref}: {self._url} has no such secret, or not this version; compare with"
                f" `az keyvault secret list-versions --name {ref.secret}`"
            )
        deleted = self._vault.ask(lambda client: client.get_deleted_secret(ref.secret).deleted_date, deadline)
        if not isinstance(deleted, Fault):
            return VersionUnavailable(
                f"{ref}: deleted in {self._url}, and recoverable:"
                f" `az keyvault secret recover --name {ref.secret}`"
            )
        if deleted.kind in {FaultKind.UNAVAILABLE, FaultKind.RATE_LIMITED}:
            return _of_a_secret(deleted, ref, self._url)
        return SecretNotFound(f"{ref}: {self._url} has no such secret")


_ERRORS: Final[Mapping[FaultKind, type[StoreError]]] = {
    FaultKind.MISSING: SecretNotFound,
    FaultKind.GONE: VersionUnavailable,
    FaultKind.EXPIRED: SecretExpired,
    FaultKind.FIREWALL: AccessDenied,
    FaultKind.DENIED: AccessDenied,
    FaultKind.TOKEN: AuthenticationFailed,
    FaultKind.REFUSED: StoreMisconfigured,
    FaultKind.FOREIGN: StoreMisconfigured,
    FaultKind.RATE_LIMITED: RateLimited,
    FaultKind.UNAVAILABLE: StoreUnavailable,
}


def _of_a_secret(fault: Fault, ref: SecretRef, url: str) -> StoreError:
    return _ERRORS[fault.kind](f"{ref}: {url}: {fault.detail}", retry_after=fault.retry_after)


def _of_the_vault(fault: Fault, store: StoreName, url: str) -> StoreError:
    return _ERRORS[fault.kind](f"store {store}: {url}: {fault.detail}", retry_after=fault.retry_after)


def build(name: StoreName, settings: AzureSettings, context: StoreContext, concurrency: int) -> SecretStore:
    """Make the adapter."""
    return KeyVaultStore(name, settings, context, concurrency)
