"""How much a plan may remove or reshape within an hour; more is held as a whole class; pure (rule 9).

Removals are what leaves a cluster or our care: a Secret deleted or released, a binding undone, an entry or an
annotation taken away or released, a data key taken away. Reshapes are changes of shape of bound Secrets, and
names swapped in place on a ServiceAccount: what makes KServe roll pods by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from syncd.model.difference import bound_to
from syncd.model.names import ObjectRef, PlacementId
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.sync.action import (
    DeleteSecret,
    DropEntry,
    Held,
    Objection,
    PatchAccount,
    RecordSecret,
    WriteSecret,
    unbinding_part,
    unset_part,
)
from syncd.sync.ledger import CLASSES, Charge, HeldSet, Ledger, Mark, confirmation, digest
from syncd.sync.ownership import account_record, entries_of, owner_of
from syncd.sync.records import RELEASED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from syncd.mapping.settings import Limits
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedState
    from syncd.sync.action import Action, Leftover, Plan
    from syncd.sync.ledger import Class

LISTED: Final = 20
"""How many names of what is held are kept for people."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a plan removes or reshapes, and which action (or part of it) does."""

    kind: Class
    name: str
    mark: Mark
    action: Action
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a decision depends on besides the plan: the limits, how much is ours, the time in Unix seconds.

    `carries` tells of something that is held already, and is not seen in this sweep, whether it still is.
    """

    limits: Limits
    owned: int
    now: float
    carries: Callable[[Mark], bool]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is held back, and how the ledger is from now on if the rest goes."""

    objections: tuple[Objection, ...]
    held: tuple[Held, ...]
    after: Ledger


def owned(observed: ObservedState, instance: Instance) -> int:
    """Return how many Secrets, bindings, entries and annotations this instance owns."""
    secrets = [secret for secret in observed.secrets.values() if owner_of(secret, instance) is not None]
    bindings = sum(len(bound_to(secret.annotations)) for secret in secrets)
    entries = sum(
        record.get(RELEASED) != "true"
        for secret in observed.secrets.values()
        for record in entries_of(secret, instance).values()
    )
    accounts = observed.survey.accounts.values()
    return len(secrets) + bindings + entries + sum(len(account_record(one, instance)) for one in accounts)


def changes(
    plan: Plan, left: Collection[Leftover], absent: Collection[PlacementId] = ()
) -> tuple[Change, ...]:
    """Return what a plan removes and reshapes.

    A Secret that will be deleted once it is bound nowhere is counted with its bindings already: nothing is
    undone by halves.

    Args:
        plan: that was guarded.
        left: what the mapping no longer asks for.
        absent: placements whose secret is gone in the store: known in their own sweeps only.

    """
    leaving = {one.ref for one in left if one.kind == "Secret"}
    annotations = {(one.ref, one.name) for one in left if one.kind == "annotation"}
    return tuple(
        change for action in plan.actions for change in _of_action(action, leaving, annotations, set(absent))
    )


def _of_action(
    action: Action,
    leaving: set[ObjectRef],
    annotations: set[tuple[ObjectRef, str]],
    absent: set[PlacementId],
) -> Iterator[Change]:
    if isinstance(action, WriteSecret):
        yield from _of_write(action)
    elif isinstance(action, PatchAccount):
        yield from _of_account(action, leaving, annotations, absent)
    elif isinstance(action, DropEntry):
        yield _removal(f"entry {action.key} of Secret {action.ref}", action, None, absent)
    elif isinstance(action, DeleteSecret) or (isinstance(action, RecordSecret) and action.verb == "release"):
        yield _removal(f"Secret {action.ref}", action, None, absent)


def _of_write(action: WriteSecret) -> Iterator[Change]:
    if action.have is None:
        return
    placement, shape = action.placements[0], action.difference.shape
    for key in sorted(action.have.data.keys() - action.want.data.keys()):
        name = f"data key {key} of Secret {action.ref}"
        yield Change("removals", name, Mark(digest(name), placement, rendered=True), action)
    if shape and bound_to(action.have.annotations):
        name = f"shape of Secret {action.ref}"
        yield Change("reshapes", name, Mark(digest(name), placement, rendered=True), action)


def _of_account(
    action: PatchAccount,
    leaving: set[ObjectRef],
    annotations: set[tuple[ObjectRef, str]],
    absent: set[PlacementId],
) -> Iterator[Change]:
    namespace = action.ref.namespace
    for each in action.unbind:
        placement, part = PlacementId(each.credential, namespace), unbinding_part(each)
        names = [f"{each.list_name}/{each.secret} on ServiceAccount {action.ref}"]
        secret = ObjectRef(namespace, each.secret)
        names += [f"Secret {secret}"] if secret in leaving else []
        for name in names:
            mark = Mark(digest(name), placement, rendered=placement in absent)
            yield Change("removals", name, mark, action, part)
    for annotation, credential in sorted((*action.unset.items(), *action.released.items())):
        placement = PlacementId(credential, namespace)
        name = f"annotation {annotation} of ServiceAccount {action.ref}"
        rendered = placement in absent or (action.ref, annotation) not in annotations
        yield Change(
            "removals", name, Mark(digest(name), placement, rendered), action, unset_part(annotation)
        )
    for binding in action.bind:
        if binding.replaces is not None:
            placement = PlacementId(binding.credential, namespace)
            name = f"{binding.list_name}/{binding.secret} in place of {binding.replaces}"
            name += f" on ServiceAccount {action.ref}"
            mark = Mark(digest(name), placement, rendered=True)
            yield Change("reshapes", name, mark, action, binding.secret)


def _removal(name: str, action: Action, part: str | None, absent: set[PlacementId]) -> Change:
    placement = action.placements[0]
    return Change("removals", name, Mark(digest(name), placement, placement in absent), action, part)


def decide(found: Sequence[Change], ledger: Ledger, budget: Budget) -> Decision:
    """Return which classes go, and which are held.

    What went within the hour already goes on without being counted again: a removal of several steps, or
    one that is tried again. A confirmed set goes as a whole, and is not counted; its id is used up.
    """
    recent = ledger.recent(budget.now)
    objections: list[Objection] = []
    held: dict[Class, HeldSet] = {}
    shown: list[Held] = []
    charges: list[Charge] = []
    used_up: set[str] = set()
    for kind in CLASSES:
        gone = [charge for charge in recent if charge.kind == kind]
        free = frozenset().union(*(charge.digests for charge in gone))
        mine = [one for one in found if one.kind == kind and one.mark.digest not in free]
        pending = _pending(mine, ledger.held.get(kind), free, budget)
        counted = frozenset().union(*(charge.digests for charge in gone if not charge.confirmed))
        limit = getattr(budget.limits, kind)
        most = limit.of(budget.owned)
        if len(counted) + len(pending) <= most:
            charges += _charge(kind, {one.mark.digest for one in mine}, budget)
            continue
        one = _set(kind, pending, mine, ledger.held.get(kind), str(limit))
        if one.id in ledger.confirmed and mine:
            charges += _charge(kind, {mark.digest for mark in pending}, budget, confirmed=True)
            used_up.add(one.id)
            continue
        held[kind] = one
        shown.append(Held(one.id, kind, len(pending), str(limit), most, len(counted), one.listing))
        objections += [_objection(change, shown[-1]) for change in mine]
    blocked = {(id(objection.action), objection.part) for objection in objections}
    going = {one.mark.digest for one in found if (id(one.action), one.part) not in blocked}
    after = _after(ledger, recent, [_only(charge, going) for charge in charges], held, used_up)
    return Decision(tuple(objections), tuple(shown), after)


def waiting(found: Sequence[Change], refusal: Callable[[PlacementId, str], Refusal]) -> tuple[Objection, ...]:
    """Return objections to all that counts, where it cannot be counted; `refusal` gets placement and name."""
    return tuple(Objection(one.action, refusal(one.mark.placement, one.name), one.part) for one in found)


def _pending(
    mine: Sequence[Change], before: HeldSet | None, free: frozenset[str], budget: Budget
) -> frozenset[Mark]:
    """Return what is to go now, and what is held already and is out of sight in this sweep."""
    now = frozenset(one.mark for one in mine)
    seen = {mark.digest for mark in now} | free
    carried = before.marks if before is not None else frozenset()
    return now | {mark for mark in carried if mark.digest not in seen and budget.carries(mark)}


def _set(
    kind: Class, marks: frozenset[Mark], mine: Sequence[Change], before: HeldSet | None, limit: str
) -> HeldSet:
    identity = confirmation(kind, (mark.digest for mark in marks))
    if before is not None and before.id == identity:
        return replace(before, marks=marks, limit=limit)
    known = {digest(name): name for name in (before.listing if before is not None else ())}
    known |= {one.mark.digest: one.name for one in mine}
    names = sorted(known[mark.digest] for mark in marks if mark.digest in known)
    return HeldSet(identity, marks, limit, tuple(names[:LISTED]))


def _charge(kind: Class, digests: set[str], budget: Budget, *, confirmed: bool = False) -> Iterator[Charge]:
    if digests:
        yield Charge(int(budget.now), kind, frozenset(digests), confirmed)


def _only(charge: Charge, going: set[str]) -> Charge:
    """Leave out what the other class holds back; all of what somebody confirmed stays allowed."""
    return charge if charge.confirmed else replace(charge, digests=charge.digests & going)


def _after(
    ledger: Ledger,
    recent: tuple[Charge, ...],
    charges: Sequence[Charge],
    held: dict[Class, HeldSet],
    used_up: set[str],
) -> Ledger:
    """Return the ledger as it is to be; what is older than an hour goes with the next change."""
    current = {one.id for one in held.values()}
    confirmed = (ledger.confirmed - used_up) & current
    new = tuple(charge for charge in charges if charge.digests)
    if not new and held == ledger.held and confirmed == ledger.confirmed:
        return ledger
    return Ledger((*recent, *new), held, confirmed)


def _objection(change: Change, held: Held) -> Objection:
    refusal = Refusal(
        change.mark.placement,
        Reason.HELD,
        change.name,
        f"waits, as {held.sentence}",
        f"If all of it is meant: syncd confirm {held.id}; if not, put back what the mapping or a label lost",
    )
    return Objection(change.action, refusal, change.part)
