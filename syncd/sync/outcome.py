"""How each placement came out of a sweep: state, reasons and version; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from syncd.cluster.interface import Rejected
from syncd.model.names import CREDENTIAL, SOURCE, VERSION, PlacementId
from syncd.model.objects import Outcome, Refusal
from syncd.model.reasons import Reason, State, worst
from syncd.sync.action import WriteEntry, WriteSecret
from syncd.sync.records import version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.mapping.credential import Placement
    from syncd.model.objects import DesiredState, ObservedState
    from syncd.sync.action import Action
    from syncd.sync.apply import Applied


def outcomes(
    placements: Iterable[Placement],
    refusals: Iterable[Refusal],
    applied: Iterable[Applied],
    desired: DesiredState,
    observed: ObservedState,
) -> dict[PlacementId, Outcome]:
    """Return an outcome for each placement of the sweep, and for each that could not even be made.

    Args:
        placements: those of this sweep (due and not suspended, or suspended).
        refusals: from all steps.
        applied: what became of the actions.
        desired: for the versions that are wanted.
        observed: for the versions that were there before.

    """
    refused: dict[PlacementId, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        refused[refusal.placement].append(refusal)
    written: dict[PlacementId, list[Action]] = defaultdict(list)
    for done in applied:
        for placement in done.action.placements:
            if isinstance(done.result, Rejected):
                refused[placement].append(rejection(placement, done.action, done.result))
            else:
                written[placement].append(done.action)
    made = {placement.id: placement for placement in placements}
    return {
        identity: _outcome(
            identity,
            made.get(identity),
            refused.get(identity, []),
            written.get(identity, []),
            desired,
            observed,
        )
        for identity in dict.fromkeys((*made, *refused))
    }


def rejection(placement: PlacementId, action: Action, result: Rejected) -> Refusal:
    """Turn the API server's word about an action into a refusal of one of its placements."""
    kind = "Secret" if isinstance(action, WriteSecret | WriteEntry) else "ServiceAccount"
    return Refusal(placement, result.reason, f"{kind} {action.ref}", result.message, result.remedy)


@dataclass(frozen=True, slots=True)
class _Before:
    """What was published for a placement before the sweep; `ours` is false when nothing was."""

    ours: bool = False
    version: str | None = None
    source: str | None = None


def _outcome(
    identity: PlacementId,
    placement: Placement | None,
    refusals: list[Refusal],
    written: list[Action],
    desired: DesiredState,
    observed: ObservedState,
) -> Outcome:
    if placement is not None and placement.suspended:
        return Outcome(identity, State.SUSPENDED, (Reason.SUSPENDED,))
    before = _before(identity, placement, observed)
    want = desired.secrets.get(placement.secret) if placement is not None else None
    after = version_text(want.records.get(VERSION)) if want is not None else None
    differences = [action.difference for action in written if isinstance(action, WriteSecret | WriteEntry)]
    values = _changed_keys(written)
    outcome = Outcome(
        identity,
        State.SYNCED,
        (Reason.PUBLISHED,),
        version=after if differences or not refusals else before.version,
        previous=before.version,
        changed=values,
        reshaped=any(difference.shape for difference in differences),
    )
    if refusals:
        optional = placement is not None and placement.credential.optional
        states = [_state(refusal.reason, published=before.ours, optional=optional) for refusal in refusals]
        reasons = tuple(dict.fromkeys(refusal.reason for refusal in refusals))
        return replace(outcome, state=worst(states), reasons=reasons, refusals=tuple(refusals))
    if any(isinstance(action, WriteSecret | WriteEntry) and action.verb == "adopt" for action in written):
        return replace(outcome, reasons=(Reason.ADOPTED,))
    if not values or not before.ours or want is None:
        return outcome
    same = before.version is not None and (before.version, before.source) == (after, want.records.get(SOURCE))
    return replace(outcome, reasons=(Reason.DRIFT_REPAIRED if same else Reason.ROTATED,))


def _changed_keys(written: list[Action]) -> tuple[str, ...]:
    """Return the keys of the Secret whose values changed; of an entry that changed alone, its key."""
    secrets = {key for one in written if isinstance(one, WriteSecret) for key in one.difference.values}
    entries = {key for one in written if isinstance(one, WriteEntry) for key in one.difference.values}
    return tuple(sorted(secrets or entries))


def _before(identity: PlacementId, placement: Placement | None, observed: ObservedState) -> _Before:
    have = observed.secrets.get(placement.secret) if placement is not None else None
    if have is None or have.annotations.get(CREDENTIAL) != identity.credential:
        return _Before()
    return _Before(True, version_text(have.annotations.get(VERSION)), have.annotations.get(SOURCE))  # noqa: FBT003


def _state(reason: Reason, *, published: bool, optional: bool) -> State:
    """Return the reason's state; Stale with nothing published yet shows as Pending."""
    if reason is Reason.SECRET_NOT_FOUND and optional:
        return State.PENDING
    if reason.state is State.STALE and not published:
        return State.PENDING
    return reason.state
