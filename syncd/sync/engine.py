"""The engine: runs sweeps one after the other where they write, and tells what changed since the last one."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncd.cluster.interface import Written
from syncd.model.errors import StoreError
from syncd.model.events import Expiry, PlacementGone, PlanHeld, StateChanged, SweepFinished
from syncd.model.objects import Outcome
from syncd.model.reasons import Reason, State
from syncd.sync.action import RecordSecret
from syncd.sync.expiry import Expiring
from syncd.sync.ledger import CLASSES
from syncd.sync.propose import propose
from syncd.sync.records import version_text, versions
from syncd.sync.sweep import concluded, sweep
from syncd.sync.want import want

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.mapping.credential import Placement
    from syncd.mapping.settings import MappingDocument
    from syncd.model.names import CredentialId, PlacementId
    from syncd.model.objects import ObservedSecret
    from syncd.sync.action import Held
    from syncd.sync.ledger import Class
    from syncd.sync.surroundings import Surroundings
    from syncd.sync.sweep import Swept
    from syncd.sync.want import Removal, Wanted


class Engine:
    """Sweeps for one mapping after another; safe for use by many threads.

    Stores are asked side by side, so that a slow one costs the others nothing; looking at the cluster and
    writing to it is one sweep at a time.
    """

    def __init__(self, around: Surroundings) -> None:
        """Start with nothing known of any placement."""
        self._around = around
        self._cluster = threading.Lock()
        self._outcomes: dict[PlacementId, Outcome] = {}
        self._placed: tuple[Placement, ...] = ()
        self._held: Mapping[Class, Held] = {}
        self._released: set[PlacementId] = set()
        self._expiries: dict[PlacementId, Expiry] = {}

    @property
    def outcomes(self) -> Mapping[PlacementId, Outcome]:
        """The last outcome of each placement."""
        return dict(self._outcomes)

    def use(self, around: Surroundings) -> None:
        """Go on with other stores (the mapping changed); a sweep under way ends with what it began with."""
        self._around = around

    def preview(self, document: MappingDocument, removal: Removal = "report", *, deadline: float) -> Swept:
        """Return what a sweep of everything would do; writes nothing and tells nobody.

        Raises:
            ClusterUnreachable: when the API server does not answer.

        """
        wanted = want(self._around, document, None, self._placed, removal, deadline=deadline)
        proposal = propose(self._around, wanted, wanted.survey)
        return concluded(wanted, proposal.observed, proposal.plan)

    def run(
        self,
        document: MappingDocument,
        due: frozenset[CredentialId] | None = None,
        *,
        group: str = "all",
        removal: Removal = "report",
        deadline: float,
    ) -> Swept:
        """Do one sweep of the due credentials (None: of all) and emit what came of it.

        Args:
            document: the mapping in force.
            due: the credentials of this sweep.
            group: what the sweep is called in events.
            removal: whether what left the mapping is released or undone, or only reported.
            deadline: for the stores, on `time.monotonic()`, in seconds.

        Raises:
            ClusterUnreachable: when the API server does not answer.
            NotLeader: when this process may not write (any more).

        """
        started = time.monotonic()
        around = self._around
        wanted = want(around, document, due, self._placed, removal, deadline=deadline)
        with self._cluster:
            if document.mode == "enforce":
                swept = sweep(around, wanted)
            else:
                proposal = propose(around, wanted, wanted.survey)
                swept = _unwritten(concluded(wanted, proposal.observed, proposal.plan))
            self._remember(swept, due)
            self._tell_expiries(swept)
            self._tell_held(swept.plan.held)
        around.emit(
            SweepFinished(
                group=group,
                seconds=time.monotonic() - started,
                placements=len(swept.outcomes),
                refused=sum(outcome.state is not State.SYNCED for outcome in swept.outcomes.values()),
                writes=sum(isinstance(done.result, Written) for done in swept.applied),
                unchanged=swept.plan.unchanged,
            )
        )
        return swept

    def lost_sight(self, due: frozenset[CredentialId]) -> None:
        """Note that a sweep of these found no API server: what was in sync is stale until one does."""
        with self._cluster:
            for identity, before in self._outcomes.items():
                if identity.credential in due and before.state is State.SYNCED:
                    reasons = (Reason.CLUSTER_UNAVAILABLE,)
                    after = Outcome(identity, State.STALE, reasons, version=before.version)
                    self._outcomes[identity] = after
                    self._around.emit(StateChanged(before, after))

    def _tell_held(self, held: tuple[Held, ...]) -> None:
        """Tell what is held now, where that is news."""
        now = {one.kind: one for one in held}
        for kind in CLASSES:
            one, before = now.get(kind), self._held.get(kind)
            if (one and one.id) != (before and before.id):
                told = PlanHeld(kind) if one is None else PlanHeld(kind, one.id, one.count, one.limit)
                self._around.emit(told)
        self._held = now

    def _tell_expiries(self, swept: Swept) -> None:
        """Tell when secrets expire, where that is news."""
        wanted = swept.wanted
        if not (wanted.expiring.times or self._expiries):
            return
        for placement in wanted.due:
            found = wanted.expiring.of(placement, wanted.fetched)
            if found is None or placement.suspended:
                continue
            before = self._expiries.get(placement.id)
            if found != (Expiring() if before is None else Expiring(before.expires, before.soon)):
                have = swept.observed.secrets.get(placement.secret)
                uid = have.uid if have is not None else None
                self._tell_expiry(Expiry(placement.id, found.expires, found.soon, placement.secret, uid))
        for unmapped in self._expiries.keys() - {placement.id for placement in wanted.placed.placements}:
            self._tell_expiry(replace(self._expiries[unmapped], expires=None, soon=False))

    def _tell_expiry(self, expiry: Expiry) -> None:
        self._expiries[expiry.placement] = expiry
        if expiry.expires is None:
            del self._expiries[expiry.placement]
        self._around.emit(expiry)

    def _remember(self, swept: Swept, due: frozenset[CredentialId] | None) -> None:
        self._placed = swept.wanted.placed.placements
        placements = {placement.id: placement for placement in self._placed}
        found = {**_left_behind(swept), **swept.outcomes}
        for identity, after in found.items():
            before = self._outcomes.get(identity)
            self._outcomes[identity] = after
            if before is None or _is_news(before, after):
                placement = placements.get(identity)
                self._around.emit(_changed(before, after, placement, swept))
        credentials = {identity.credential for identity in placements}
        swept_now = credentials if due is None else due
        # What was released is no object of ours any more; that it stands there is shown until we end.
        self._released = (self._released | _released(swept)) - placements.keys()
        known = placements.keys() | found.keys() | self._released
        gone = [
            identity
            for identity in self._outcomes
            if identity not in known
            and (identity.credential in swept_now or identity.credential not in credentials)
        ]
        for identity in gone:
            del self._outcomes[identity]
            self._around.emit(PlacementGone(identity))


def _is_news(before: Outcome, after: Outcome) -> bool:
    """Tell whether somebody would want to hear of it: an unchanged Synced is none."""
    if after.changed or after.reshaped:
        return True
    if before.state is after.state is State.SYNCED:
        return False
    return (before.state, before.reasons) != (after.state, after.reasons)


def _unwritten(swept: Swept) -> Swept:
    """Say of what a write would have changed that it was told to be left: it is not in sync."""
    waiting = {placement for action in swept.plan.actions for placement in action.placements}
    left = {
        identity: Outcome(identity, State.SUSPENDED, (Reason.SUSPENDED,), version=outcome.previous)
        for identity, outcome in swept.outcomes.items()
        if identity in waiting and outcome.state is State.SYNCED
    }
    return replace(swept, outcomes={**swept.outcomes, **left})


def _left_behind(swept: Swept) -> dict[PlacementId, Outcome]:
    """Return an outcome for each Secret that the mapping no longer has: still ours, or released just now."""
    mapped = {placement.id for placement in swept.wanted.placed.placements}
    left = {left.placement for left in swept.plan.leftovers if left.kind == "Secret"}
    unmapped = sorted((left | _released(swept)) - mapped)
    return {identity: Outcome(identity, State.RETAINED, (Reason.UNMAPPED,)) for identity in unmapped}


def _released(swept: Swept) -> set[PlacementId]:
    """Return the placements whose Secret this sweep released."""
    return {
        placement
        for done in swept.applied
        if isinstance(done.action, RecordSecret)
        and done.action.verb == "release"
        and isinstance(done.result, Written)
        for placement in done.action.placements
    }


def _changed(
    before: Outcome | None, after: Outcome, placement: Placement | None, swept: Swept
) -> StateChanged:
    event = StateChanged(before, after)
    if placement is None:
        return event
    have: ObservedSecret | None = swept.observed.secrets.get(placement.secret)
    remote = version_text(versions(placement, swept.wanted.fetched))
    return replace(
        event,
        secret=placement.secret,
        uid=have.uid if have is not None else None,
        stores=tuple(sorted(placement.credential.stores)),
        optional=placement.credential.optional,
        fields=tuple(dict.fromkeys(refusal.field for refusal in after.refusals if refusal.field)),
        remote=remote,
        lag=_lag(placement, swept.wanted) if after.changed else None,
    )


def _lag(placement: Placement, wanted: Wanted) -> float | None:
    """Return how many seconds ago the newest of its versions was made, where the store says so."""
    made = [
        answer.created
        for ref in placement.refs
        if (answer := wanted.fetched.get(ref)) is not None
        and not isinstance(answer, StoreError)
        and answer.created is not None
    ]
    return max(0.0, (datetime.now(UTC) - max(made)).total_seconds()) if made else None
