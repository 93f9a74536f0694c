"""guard: what of a plan is allowed; pure. The list of checks reads as the rules that are never broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from syncd.kserve.detect import part_of_role
from syncd.model.difference import bound_to
from syncd.model.names import BOUND_TO, ObjectRef
from syncd.sync import checks, foreign
from syncd.sync.action import PatchAccount, Plan, WriteSecret, unbinding_part, unset_part
from syncd.sync.plan import account_name, annotation_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from syncd.model.difference import Difference
    from syncd.model.names import Instance, PlacementId
    from syncd.model.objects import ObservedState, Refusal
    from syncd.sync.action import Action, Objection
    from syncd.sync.checks import Circumstances

Check: TypeAlias = "Callable[[Plan, ObservedState, Circumstances], Iterable[Objection]]"

CHECKS: Final[tuple[Check, ...]] = (
    foreign.ours_is_not_a_copy,  # rule 2
    foreign.foreign_secrets_stay,  # rule 2
    foreign.secrets_stay_with_their_credential,  # rule 10
    foreign.foreign_entries_stay,  # rule 2
    foreign.odh_keeps_its_storage_config,  # rule 2
    checks.foreign_annotations_stay,  # rule 2
    checks.roles_do_not_mix,  # rule 10
    checks.namespaces_are_alive,  # rule 4
    checks.nothing_is_being_deleted,  # rule 4
    checks.types_stay,  # rule 4: never delete and re-create
    checks.immutable_stays,  # rule 4
    checks.secrets_fit,  # rule 1: half a write is a bad credential
    checks.entries_fit,  # rule 1
    checks.halves_wait,  # rule 1
    checks.shapes_stay_while_kserve_config_is_unreadable,  # rule 8
    checks.bindings_do_not_break_each_other,  # rule 10
    checks.kinds_do_not_change_into_a_clash,  # rule 10
)


@dataclass(frozen=True, slots=True)
class _Refused:
    """What the objections add up to: whole actions, and parts of ServiceAccount patches.

    `unwritten` are the placements whose Secret is not written as they want it.
    """

    whole: frozenset[int]
    parts: frozenset[tuple[ObjectRef, str]]
    unwritten: frozenset[PlacementId]


def guard(
    plan: Plan, observed: ObservedState, circumstances: Circumstances, checks: Sequence[Check] = CHECKS
) -> Plan:
    """Return the plan without what any check objects to, and without what needs it; all reasons are in it.

    A refused Secret takes the bindings with it that would need it; a refused binding takes back the record
    (`bound-to`) that would have announced it, and a refused annotation its place on our record. A role and
    its S3 settings are one credential: all of it is set, or nothing. What a credential gives up on a
    ServiceAccount stays where what takes its place is refused, and `CHECKS` look again at what counted on the
    room. Entries and Secrets do not need each other.
    """
    objections = [objection for check in checks for objection in check(plan, observed, circumstances)]
    refused = _Refused(
        frozenset(id(objection.action) for objection in objections if objection.part is None),
        _parts(objections),
        frozenset(
            placement
            for objection in objections
            if objection.part is None and isinstance(objection.action, WriteSecret)
            for placement in objection.action.placements
        ),
    )
    unwritten = frozenset(
        action.ref
        for action in plan.actions
        if isinstance(action, WriteSecret) and id(action) in refused.whole
    )
    accounts = {
        action.ref: _account(action, refused, unwritten, circumstances.instance)
        for action in plan.actions
        if isinstance(action, PatchAccount)
    }
    announced = _announcements(accounts.values())
    kept: list[Action] = []
    for action in plan.actions:
        allowed = (
            accounts[action.ref]
            if isinstance(action, PatchAccount)
            else _without_unannounced(action, announced)
            if isinstance(action, WriteSecret)
            else action
        )
        if id(action) not in refused.whole and allowed is not None:
            kept.append(allowed)
    result = replace(plan, actions=tuple(kept), refused=(*plan.refused, *_once(objections)))
    if _undone(result) == _undone(plan):
        return result
    # What was to make room stays: what counted on that is looked at again.
    return guard(result, observed, circumstances)


def _undone(plan: Plan) -> int:
    return sum(
        len(action.unbind) + len(action.unset) for action in plan.actions if isinstance(action, PatchAccount)
    )


def _parts(objections: Iterable[Objection]) -> frozenset[tuple[ObjectRef, str]]:
    """Return the refused parts of ServiceAccount patches; with a part of a role, the whole of it."""
    parts: set[tuple[ObjectRef, str]] = set()
    for objection in objections:
        action, part = objection.action, objection.part
        if part is None:
            continue
        parts.add((action.ref, part))
        if isinstance(action, PatchAccount) and part in action.annotations and part_of_role(part):
            owner = action.annotations[part].credential
            parts |= {
                (action.ref, name)
                for name, annotation in action.annotations.items()
                if annotation.credential == owner and part_of_role(name)
            }
    return frozenset(parts)


def _account(
    action: PatchAccount, refused: _Refused, unwritten: frozenset[ObjectRef], instance: Instance
) -> PatchAccount | None:
    """Return the patch without refused parts; None when nothing of it is left."""
    if id(action) in refused.whole:
        return None
    bind = tuple(
        binding
        for binding in action.bind
        if (action.ref, binding.secret) not in refused.parts
        and ObjectRef(action.ref.namespace, binding.secret) not in unwritten
    )
    annotations = {
        name: annotation
        for name, annotation in action.annotations.items()
        if (action.ref, name) not in refused.parts
    }
    unbind = tuple(each for each in action.unbind if (action.ref, unbinding_part(each)) not in refused.parts)
    unset = {
        name: credential
        for name, credential in action.unset.items()
        if (action.ref, unset_part(name)) not in refused.parts
    }
    released = {
        name: credential
        for name, credential in action.released.items()
        if (action.ref, unset_part(name)) not in refused.parts
    }
    lost = {binding.credential for binding in action.bind if binding not in bind}
    lost |= {one.credential for name, one in action.annotations.items() if name not in annotations}
    lost |= {one.credential for one in refused.unwritten if one.namespace == action.ref.namespace}
    # What a credential has here stays until what takes its place may come.
    unbind = tuple(each for each in unbind if each.credential not in lost)
    unset = {name: owner for name, owner in unset.items() if owner not in lost}
    allowed = replace(
        action, bind=bind, annotations=annotations, unbind=unbind, unset=unset, released=released
    )
    if allowed == action:
        return action
    if not (bind or annotations or allowed.undoes):
        return None
    gone = {*unset, *released}
    return replace(allowed, record=annotation_record(action.ref, action.have, annotations, gone, instance))


def _announcements(accounts: Iterable[PatchAccount | None]) -> frozenset[tuple[ObjectRef, str]]:
    return frozenset(
        (ObjectRef(account.ref.namespace, binding.secret), account_name(binding, account.ref))
        for account in accounts
        if account is not None
        for binding in account.bind
    )


def _without_unannounced(
    action: WriteSecret, announced: frozenset[tuple[ObjectRef, str]]
) -> WriteSecret | None:
    """Take back from `bound-to` what is not going to be bound; None when nothing else differed."""
    before = bound_to(action.have.annotations) if action.have is not None else frozenset()
    bound = frozenset(
        name for name in action.want.bound_to if name in before or (action.ref, name) in announced
    )
    if bound == action.want.bound_to:
        return action
    difference = action.difference if bound != before else _without_bound_to(action.difference)
    if action.have is not None and not difference:
        return None
    return replace(action, want=replace(action.want, bound_to=bound), difference=difference)


def _without_bound_to(difference: Difference) -> Difference:
    return replace(difference, records=difference.records - {BOUND_TO})


def _once(objections: Iterable[Objection]) -> tuple[Refusal, ...]:
    return tuple(dict.fromkeys(objection.refusal for objection in objections))
