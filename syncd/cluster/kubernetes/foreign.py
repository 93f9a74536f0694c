"""Secrets that are not ours on ServiceAccounts of interest: remembered, since they seldom change."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.cluster.observed import listed_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from syncd.model.names import ObjectRef
    from syncd.model.objects import ObservedAccount, ObservedSecret

Found = dict["ObjectRef", "ObservedSecret | None"]
RECHECK: Final = 600.0
"""Seconds after which listed Secrets are read again, though the list has not changed."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    uid: str
    resource_version: str
    read_at: float
    secrets: Mapping[ObjectRef, ObservedSecret | None]


class ForeignSecrets:
    """What the Secrets on ServiceAccounts' lists look like.

    They are read anew when a list changes, when one of them is no longer known from elsewhere, or after ten
    minutes.
    `read` returns those of the Secrets asked for that exist; `clock` counts seconds. Safe for many threads.
    """

    def __init__(
        self,
        read: Callable[[Iterable[ObjectRef]], Mapping[ObjectRef, ObservedSecret]],
        clock: Callable[[], float],
    ) -> None:
        """Start with nothing remembered."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._memory: dict[ObjectRef, _Remembered] = {}

    def on(
        self, accounts: Iterable[ObservedAccount], known: Mapping[ObjectRef, ObservedSecret]
    ) -> dict[ObjectRef, ObservedSecret]:
        """Return the Secrets that the accounts list and that are not `known`; missing ones are left out.

        Raises:
            ClusterUnreachable: from `read`.

        """
        now = self._clock()
        asked = list(accounts)
        remembered = {account.ref: self._fresh(account, known, now) for account in asked}
        stale = {
            account.ref: [ref for ref in listed_secrets(account) if ref not in known]
            for account in asked
            if remembered[account.ref] is None
        }
        read = self._read({ref for refs in stale.values() for ref in refs})
        found: Found = {}
        for account in asked:
            secrets = remembered[account.ref]
            if secrets is None:
                secrets = {ref: read.get(ref) for ref in stale[account.ref]}
                self._remember(account, secrets, now)
            found |= secrets
        return {ref: secret for ref, secret in found.items() if secret is not None and ref not in known}

    def forget_all_but(self, accounts: Iterable[ObjectRef]) -> None:
        """Drop what is remembered of accounts that are gone."""
        with self._lock:
            self._memory = {ref: self._memory[ref] for ref in accounts if ref in self._memory}

    def _fresh(
        self, account: ObservedAccount, known: Mapping[ObjectRef, ObservedSecret], now: float
    ) -> Mapping[ObjectRef, ObservedSecret | None] | None:
        """Return what is remembered of this very list, None when it has to be read."""
        with self._lock:
            remembered = self._memory.get(account.ref)
        if remembered is None or now - remembered.read_at >= RECHECK:
            return None
        if (remembered.uid, remembered.resource_version) != (account.uid, account.resource_version):
            return None
        complete = all(ref in known or ref in remembered.secrets for ref in listed_secrets(account))
        return remembered.secrets if complete else None

    def _remember(
        self, account: ObservedAccount, secrets: Mapping[ObjectRef, ObservedSecret | None], now: float
    ) -> None:
        with self._lock:
            self._memory[account.ref] = _Remembered(account.uid, account.resource_version, now, secrets)
