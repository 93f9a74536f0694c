"""look: ask every store for all that is needed, and for what a sweep never asks; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreError, StoreUnavailable
from syncd.model.secret import RemoteSecret
from syncd.stores.interface import Finding
from syncd.sync.gather import gather, seconds_at_rate
from syncd.sync.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from syncd.mapping.settings import StoreSettings
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched, SecretStore

MOST_AGES: Final = 300
"""Of so many secrets of one store the age is asked for where a read does not tell it: that is a request
for each, of a kind with a small quota (Google: 600 a minute)."""
_THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """What one store said: of itself, to each reference, and when versions were made, where that is known."""

    findings: tuple[Finding, ...]
    fetched: Mapping[SecretRef, Fetched]
    created: Mapping[SecretRef, datetime]

    @property
    def outage(self) -> StoreUnavailable | None:
        """Why the store cannot be reached; None if it can, or if nothing was asked of it."""
        if self.findings:
            errors = [finding.error for finding in self.findings if finding.step == "reachable"]
            return next((error for error in errors if isinstance(error, StoreUnavailable)), None)
        outages = [answer for answer in self.fetched.values() if isinstance(answer, StoreUnavailable)]
        return outages[0] if outages and len(outages) == len(self.fetched) else None


def look(
    refs: frozenset[SecretRef],
    stores: Mapping[StoreName, SecretStore],
    settings: Mapping[StoreName, StoreSettings],
    *,
    deadline: float,
) -> dict[StoreName, Seen]:
    """Ask all stores side by side, so that one that hangs costs the others nothing.

    Args:
        refs: the secrets to read, each once.
        stores: those to look at; one that is needed for no secret is looked at, too.
        settings: theirs, for the rates at which they may be asked.
        deadline: on `time.monotonic()`, in seconds; what those rates take comes on top.

    """
    mine = {name: frozenset(ref for ref in refs if ref.store == name) for name in stores}
    jobs = [
        partial(_look, store, mine[name], deadline + seconds_at_rate(mine[name], settings))
        for name, store in stores.items()
    ]
    seen = together(jobs, threads=max(1, len(jobs)), name="look")
    return dict(zip(stores, seen, strict=True))


def _look(store: SecretStore, refs: frozenset[SecretRef], deadline: float) -> Seen:
    """Look at one store; a bug in its adapter is told by its type, and hides no other store."""
    try:
        return _seen(store, refs, deadline)
    except Exception as error:  # noqa: BLE001 - an adapter's bug must not hide the other stores
        kind = type(error).__name__
    bug = StoreError(f"store {store.name}: the adapter failed with {kind}; please report it")
    return Seen((Finding("reachable", "", bug),), dict.fromkeys(refs, bug), {})


def _seen(store: SecretStore, refs: frozenset[SecretRef], deadline: float) -> Seen:
    findings = tuple(store.check(deadline=deadline))
    outage = Seen(findings, {}, {}).outage
    if outage is not None:
        return Seen(findings, dict.fromkeys(refs, outage), {})
    fetched = gather(refs, {store.name: store}, deadline=deadline)
    return Seen(findings, fetched, _created(store, fetched, deadline))


def _created(
    store: SecretStore, fetched: Mapping[SecretRef, Fetched], deadline: float
) -> dict[SecretRef, datetime]:
    read = [answer for _, answer in sorted(fetched.items()) if isinstance(answer, RemoteSecret)]
    made = {secret.ref: secret.created for secret in read if secret.created is not None}
    unknown = [secret for secret in read if secret.ref not in made][:MOST_AGES]
    jobs = [partial(store.created, secret, deadline=deadline) for secret in unknown]
    found = together(jobs, threads=_THREADS, name=f"look-{store.name}")
    asked = zip(unknown, found, strict=True)
    return made | {secret.ref: when for secret, when in asked if when is not None}
