"""The checks of `guard` about whose something is: what is foreign is taken over on request only; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.names import LABEL_INSTANCE, TARGET
from syncd.model.reasons import Reason
from syncd.sync.action import DropEntry, WriteEntry
from syncd.sync.checks import against, written_over
from syncd.sync.ownership import entries_of, owner_of, released_by
from syncd.sync.records import RELEASED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.objects import ObservedSecret, ObservedState, Owner
    from syncd.sync.action import Objection, Plan
    from syncd.sync.checks import Circumstances

_ODH: Final = "opendatahub.io/managed"


def ours_is_not_a_copy(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """With our label but another target, a Secret is a copy that somebody made: foreign."""
    for action, have in written_over(plan):
        target = have.annotations.get(TARGET)
        ours = have.labels.get(LABEL_INSTANCE) == around.instance
        if ours and target != str(have.ref) and not action.want.adopt:
            yield against(
                action,
                Reason.COPY_OF_OURS,
                f"is a copy of {target or 'a Secret'} that somebody made, so it is left alone",
                f"Delete it, or remove its label {LABEL_INSTANCE} and choose another Secret name",
            )


def foreign_secrets_stay(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """A Secret that is not ours is not overwritten, unless its target says `adopt` and nobody keeps it."""
    for action, have in written_over(plan):
        label = have.labels.get(LABEL_INSTANCE)
        released = released_by(have, around.instance) in action.want.names
        if label == around.instance or (released and not _taken(have)):
            continue
        if label is not None:
            yield against(
                action,
                Reason.FOREIGN_SECRET,
                f"belongs to syncd instance {label}, so it is left alone",
                "Choose another Secret name, or take it out of the other instance's mapping first",
            )
        elif not action.want.adopt:
            yield against(
                action,
                Reason.FOREIGN_SECRET,
                f"exists and {_whose(have.owner)}, so it is left alone",
                f"Choose another Secret name, or {_taking_over(have.owner)}",
            )
        elif have.owner is not None:
            yield against(
                action,
                Reason.FOREIGN_CONTROLLER,
                f"belongs to {have.owner.name}, so it is left alone",
                f"Choose another Secret name; to take it over, {have.owner.release}",
            )


def secrets_stay_with_their_credential(
    plan: Plan, _: ObservedState, around: Circumstances
) -> Iterator[Objection]:
    """A Secret recorded for one credential is not taken over by another."""
    for action, have in written_over(plan):
        owner = owner_of(have, around.instance)
        if owner is not None and owner not in action.want.names:
            yield against(
                action,
                Reason.CLAIMED_BY,
                f"is recorded for credential {owner}",
                f"Choose another Secret name; if {owner} is its old name, say renamedFrom: {owner}",
            )


def foreign_entries_stay(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """A key of `storage-config` off our record is somebody else's, unless the target says `adopt`."""
    for action in plan.actions:
        if not isinstance(action, WriteEntry) or action.have is None:
            continue
        if action.want.key not in action.have.data:
            continue
        record, owner = entries_of(action.have, around.instance).get(action.want.key), action.have.owner
        if record is not None and RELEASED in record and _taken(action.have):
            record = None
        if record is None and not action.want.adopt:
            yield against(
                action,
                Reason.FOREIGN_ENTRY,
                f"entry {action.want.key} exists and {_whose(owner)}, so it is left alone",
                f"Choose another storageConfig.key, or {_taking_over(owner)}",
            )
        elif record is None and owner is not None:
            yield against(
                action,
                Reason.FOREIGN_CONTROLLER,
                f"entry {action.want.key} exists and belongs to {owner.name}, so it is left alone",
                f"Choose another storageConfig.key; to take it over, {owner.release}",
            )
        elif record is not None and record.get("credential") not in action.want.names:
            holder = record.get("credential")
            yield against(
                action,
                Reason.CLAIMED_BY,
                f"entry {action.want.key} is recorded for credential {holder}",
                f"Choose another storageConfig.key; if {holder} is its old name, say renamedFrom: {holder}",
            )


def _taken(have: ObservedSecret) -> bool:
    """Tell whether somebody put their mark on what we released; who only wrote it may have done so before."""
    return have.owner is not None and have.owner.marked


def _whose(owner: Owner | None) -> str:
    return f"belongs to {owner.name}" if owner is not None else "is not ours"


def _taking_over(owner: Owner | None) -> str:
    """Say how to take something over that the mapping does not ask to adopt."""
    adopt = "set adopt: true on the target to take it over"
    return adopt if owner is None else f"to take it over, {owner.release}; then {adopt}"


def odh_keeps_its_storage_config(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """odh-model-controller replaces the whole object, so writing beside it would be lost."""
    for action in plan.actions:
        if not isinstance(action, WriteEntry | DropEntry) or action.have is None:
            continue
        if action.have.labels.get(_ODH) == "true":
            yield against(
                action,
                Reason.MANAGED_BY_ODH,
                f"is managed by Open Data Hub (label {_ODH}), which would wipe the entry",
                "Take storageConfig out of the target, or have that controller leave the object",
            )
