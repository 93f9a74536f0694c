"""What happens to what left the mapping: released and left in place, or undone step by step; pure.

Each step is one guarded request, and the next one is planned from what the cluster then is: unbind first,
then the record, then the Secret (rule 4). Killed in between, the next sweep goes on.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.model.difference import bound_to
from syncd.model.names import BOUND_TO, LABEL_INSTANCE, LABEL_RELEASED, ObjectRef
from syncd.model.objects import LIST_NAMES, Refusal, Unbinding
from syncd.model.reasons import Reason
from syncd.sync.action import DeleteSecret, DropEntry, PatchAccount, Plan, RecordSecret, WriteSecret
from syncd.sync.ownership import entries_of
from syncd.sync.plan import annotation_record, is_bound
from syncd.sync.records import RELEASED, json_text
from syncd.sync.successors import Successors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance, PlacementId
    from syncd.model.objects import ListName, ObservedSecret, ObservedState
    from syncd.sync.action import Action, Leftover


def with_removals(
    plan: Plan,
    left: Collection[Leftover],
    placements: Collection[Placement],
    observed: ObservedState,
    storage_config: str,
    instance: Instance,
) -> Plan:
    """Return the plan with the steps that what is left over needs next.

    Args:
        plan: for what is wanted.
        left: what the mapping no longer asks for, and may be dealt with now.
        placements: all of the mapping: a Secret or an entry whose credential has another one now goes only
            after that one is there.
        observed: what is there.
        storage_config: the name in force.
        instance: whose objects are ours.

    """
    current = {placement.id: placement for placement in placements}
    successors = Successors(plan, observed, storage_config, instance)
    naming = _naming(left, observed)
    refused: list[Refusal] = []
    steps: list[Action] = []
    undo: defaultdict[ObjectRef, list[Leftover]] = defaultdict(list)
    written = {action.ref for action in plan.actions if isinstance(action, WriteSecret)}
    for one in left:
        successor = current.get(one.placement)
        if one.kind == "storage-config entry":
            if successor is None or successors.has_entry(successor):
                steps.append(_entry(one, observed, instance))
        elif one.kind == "annotation":
            undo[one.ref].append(one)
        elif one.kind == "binding":
            steps += _binding(one, observed, undo, written)
        else:
            step = _secret(one, successor, successors, undo, naming.get(one.ref, ()))
            refused += [step] if isinstance(step, Refusal) else []
            steps += [step] if isinstance(step, RecordSecret | DeleteSecret) else []
    actions = (*_with_accounts(plan.actions, undo, observed, instance), *_once(steps))
    return replace(plan, actions=actions, refused=(*plan.refused, *refused))


def _entry(one: Leftover, observed: ObservedState, instance: Instance) -> DropEntry:
    have = observed.secrets[one.ref]
    if one.policy == "Delete":
        return DropEntry("delete", have, one.name, one.placement.credential)
    record = {**entries_of(have, instance)[one.name], RELEASED: "true"}
    return DropEntry("release", have, one.name, one.placement.credential, record)


def _binding(
    one: Leftover,
    observed: ObservedState,
    undo: defaultdict[ObjectRef, list[Leftover]],
    written: Collection[ObjectRef],
) -> Iterator[RecordSecret]:
    """Undo one binding, and shorten the record once it stands no more, or where it is to be retained."""
    list_name, _, name = one.name.partition("/")
    secret = ObjectRef(one.ref.namespace, name)
    announced = f"{list_name}/{one.ref.name}"
    standing = is_bound(secret, announced, observed)
    if one.policy == "Delete" and standing:
        undo[one.ref].append(one)
        return
    if secret not in written:
        have = observed.secrets[secret]
        yield shortened(have, one.placement, bound_to(have.annotations) - {announced})


def shortened(have: ObservedSecret, placement: PlacementId, names: Collection[str]) -> RecordSecret:
    """Return the step that makes `bound-to` say only these names."""
    return RecordSecret(
        "shorten", have, placement.credential, annotations={BOUND_TO: json_text(names) if names else None}
    )


def _secret(
    one: Leftover,
    successor: Placement | None,
    successors: Successors,
    undo: defaultdict[ObjectRef, list[Leftover]],
    naming: Collection[str],
) -> RecordSecret | DeleteSecret | Refusal | None:
    """Return the next step for a Secret that is not mapped any more; None while it has to wait.

    Where its credential has something else on the same ServiceAccount now, the place goes with the name
    whatever the policy says; elsewhere a binding is retained or undone like the Secret.
    """
    observed, instance = successors.observed, successors.instance
    have = observed.secrets[one.ref]
    standing = sorted(name for name in bound_to(have.annotations) if is_bound(one.ref, name, observed))
    given_up = (
        [] if successor is None else [name for name in standing if _account(name) in successor.accounts]
    )
    if successor is not None and not (
        successors.has_secret(successor)
        and all(successors.stands_on(successor, _account(name)) for name in given_up)
    ):
        return None
    going = standing if one.policy == "Delete" else given_up
    for name in going:
        list_name, _, account = name.partition("/")
        where = ObjectRef(one.ref.namespace, account)
        undo[where].append(replace(one, kind="binding", ref=where, name=f"{list_name}/{one.ref.name}"))
    if going:
        return None
    if one.policy == "Retain":
        labels = {LABEL_INSTANCE: None, LABEL_RELEASED: instance}
        return RecordSecret("release", have, one.placement.credential, labels=labels)
    if naming:
        return Refusal(
            one.placement,
            Reason.STILL_REFERENCED,
            f"Secret {one.ref}",
            f"is no longer mapped and not deleted, since somebody bound it to {', '.join(naming)}",
            "Take it off these ServiceAccounts; a name without its Secret stops every pod of theirs",
        )
    return DeleteSecret(have, one.placement.credential)


def _account(name: str) -> str:
    return name.partition("/")[2]


def _naming(left: Collection[Leftover], observed: ObservedState) -> Mapping[ObjectRef, list[str]]:
    """Return the ServiceAccounts that name a Secret which is left over, on any list."""
    leaving = {one.ref for one in left if one.kind == "Secret"}
    naming: defaultdict[ObjectRef, list[str]] = defaultdict(list)
    for account in observed.survey.accounts.values() if leaving else ():
        listed = {name for list_name in LIST_NAMES for name in account.names(list_name)}
        for ref in leaving & {ObjectRef(account.ref.namespace, name) for name in listed}:
            naming[ref].append(account.ref.name)
    return naming


def _with_accounts(
    actions: Iterable[Action],
    undo: defaultdict[ObjectRef, list[Leftover]],
    observed: ObservedState,
    instance: Instance,
) -> Iterator[Action]:
    """Put what is undone on a ServiceAccount into its one patch, or make one."""
    for action in actions:
        if isinstance(action, PatchAccount) and action.ref in undo:
            yield _undone(action, undo.pop(action.ref), instance)
        else:
            yield action
    for ref, lefts in undo.items():
        have = observed.survey.accounts.get(ref)
        if have is not None:
            yield _undone(PatchAccount(ref, have, (), {}), lefts, instance)


def _undone(action: PatchAccount, lefts: Collection[Leftover], instance: Instance) -> PatchAccount:
    unbind = tuple(_unbinding(one) for one in lefts if one.kind == "binding")
    gone = {one.name: one.placement.credential for one in lefts if one.kind == "annotation"}
    unset = dict(action.unset) | {
        one.name: one.placement.credential
        for one in lefts
        if one.kind == "annotation" and one.policy == "Delete"
    }
    released = {name: owner for name, owner in gone.items() if name not in unset}
    record = annotation_record(action.ref, action.have, action.annotations, {*unset, *released}, instance)
    return replace(action, unbind=unbind, unset=unset, released=released, record=record)


def _unbinding(one: Leftover) -> Unbinding:
    text, _, secret = one.name.partition("/")
    list_name: ListName = "secrets" if text == "secrets" else "imagePullSecrets"
    return Unbinding(list_name, secret, one.placement.credential)


def _once(steps: Iterable[Action]) -> list[Action]:
    """Join the steps that shorten one Secret's record: each was computed alone, one patch is sent."""
    shorten: dict[ObjectRef, RecordSecret] = {}
    others: list[Action] = []
    for step in steps:
        if not isinstance(step, RecordSecret) or step.verb != "shorten":
            others.append(step)
            continue
        known = shorten.get(step.ref)
        shorten[step.ref] = step if known is None else _joined(known, step)
    return [*others, *shorten.values()]


def _joined(one: RecordSecret, other: RecordSecret) -> RecordSecret:
    before = bound_to(one.have.annotations)
    names = before & _names(one) & _names(other)
    return shortened(one.have, one.placements[0], names)


def _names(step: RecordSecret) -> frozenset[str]:
    return bound_to({BOUND_TO: step.annotations.get(BOUND_TO) or "[]"})
