"""The checks of `guard`: each looks at a plan and objects to what would break one rule; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.kserve.detect import ROLE_ARN, part_of_role
from syncd.model.names import (
    CredentialId,
    PlacementId,
)
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.model.sizes import LARGEST_ANNOTATIONS, LARGEST_SECRET, annotations_size
from syncd.sync.action import DropEntry, Objection, PatchAccount, WriteEntry, WriteSecret
from syncd.sync.bindings import changes_of_kind, changing_kind, clashing
from syncd.sync.ownership import account_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import ObservedSecret, ObservedState
    from syncd.sync.action import Action, Plan


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the checks have to know besides plan and cluster.

    `unreadable` says what is wrong with `inferenceservice-config`, None when it is in order. `halves` are the
    placements whose secrets have changed in part only.
    """

    instance: Instance
    config: KServeConfig
    unreadable: str | None = None
    halves: Mapping[PlacementId, Refusal] = field(default_factory=dict)


def foreign_annotations_stay(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """An annotation with another value is changed only if our record says that it is ours."""
    for action in plan.actions:
        if not isinstance(action, PatchAccount) or action.have is None:
            continue
        record = account_record(action.have, around.instance)
        for name, annotation in action.annotations.items():
            if name not in action.have.annotations or record.get(name) in annotation.names:
                continue
            owner = record.get(name)
            taken = f"is recorded for credential {owner}" if owner else "has another value that is not ours"
            yield Objection(
                action,
                Refusal(
                    _placement(action, annotation.credential),
                    Reason.CLAIMED_BY if owner else Reason.CONFLICT,
                    f"ServiceAccount {action.ref}",
                    f"annotation {name} {taken}, so it is left alone",
                    "Remove the annotation there, or take it out of the mapping",
                ),
                part=name,
            )


def roles_do_not_mix(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """S3 settings are read with the role beside them, so none is set beside somebody else's role."""
    for action in plan.actions:
        if not isinstance(action, PatchAccount) or action.have is None:
            continue
        if ROLE_ARN not in action.have.annotations:
            continue
        owner = account_record(action.have, around.instance).get(ROLE_ARN)
        for name, annotation in action.annotations.items():
            if name == ROLE_ARN or not part_of_role(name) or owner in annotation.names:
                continue
            whose = f"is recorded for credential {owner}" if owner else "is not ours"
            yield Objection(
                action,
                Refusal(
                    _placement(action, annotation.credential),
                    Reason.CONFLICT,
                    f"ServiceAccount {action.ref}",
                    f"annotation {ROLE_ARN} there {whose}, and KServe would read {name} with that role",
                    "Use a ServiceAccount of its own for it, or remove the role there",
                ),
                part=name,
            )


def namespaces_are_alive(plan: Plan, observed: ObservedState, _: Circumstances) -> Iterator[Objection]:
    """Nothing is written into a namespace that is going away."""
    for action in plan.actions:
        namespace = observed.survey.namespaces.get(action.ref.namespace)
        if namespace is not None and namespace.terminating:
            yield from _against_all(
                action,
                Reason.NAMESPACE_TERMINATING,
                f"namespace {namespace.name} is terminating",
                "Nothing to do; take the namespace out of the mapping when it is gone",
            )


def nothing_is_being_deleted(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """A patch of an object with a deletion timestamp succeeds and is lost."""
    for action in plan.actions:
        if action.have is not None and action.have.deleting:
            yield from _against_all(
                action,
                Reason.BEING_DELETED,
                "is being deleted",
                "It is written again when it is gone; look at its finalizers if that takes long",
            )


def types_stay(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """The API server refuses another type, and deleting to create again would leave a gap."""
    for action, have in written_over(plan):
        if have.type != action.want.type:
            yield against(
                action,
                Reason.TYPE_MISMATCH,
                f"has type {have.type}, and {action.want.type} is needed; a type never changes",
                "Choose another Secret name for it",
            )


def immutable_stays(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """Data of an immutable Secret never changes."""
    for action in plan.actions:
        if isinstance(action, PatchAccount) or action.have is None or not action.have.immutable:
            continue
        if _changes_data(action):
            yield from _against_all(
                action,
                Reason.SECRET_IMMUTABLE,
                "is immutable, so it keeps its old data",
                "Choose another Secret name; syncd never makes a Secret immutable",
            )


def _changes_data(action: Action) -> bool:
    if isinstance(action, DropEntry):
        return action.verb == "delete"
    if not isinstance(action, WriteSecret):
        return isinstance(action, WriteEntry)
    names = action.difference.values | action.difference.shape
    return any(not name.startswith(("annotations.", "labels.")) for name in names)


def secrets_fit(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """The API server refuses a Secret over 1 MiB, or annotations over 256 KiB."""
    for action in plan.actions:
        if isinstance(action, WriteSecret):
            size = sum(value.size() for value in action.want.data.values())
            notes = annotations_size(action.want.annotations) + annotations_size(action.want.records)
            yield from _unless_it_fits(action, size, notes)


def entries_fit(plan: Plan, _: ObservedState, __: Circumstances) -> Iterator[Objection]:
    """All entries of a `storage-config` share its room: those in place come first, then the new in order."""
    entries = [action for action in plan.actions if isinstance(action, WriteEntry)]
    room: dict[ObjectRef, tuple[dict[str, int], int]] = {}
    for action in sorted(entries, key=lambda action: action.verb != "update"):
        have, want = action.have, action.want
        start = (dict(have.sizes), annotations_size(have.annotations)) if have is not None else ({}, 0)
        sizes, notes = room.get(action.ref, start)
        sizes = {**sizes, want.key: want.value.size()}
        notes += annotations_size(want.record) if action.verb == "create" else 0
        objections = tuple(_unless_it_fits(action, sum(sizes.values()), notes))
        if not objections:
            room[action.ref] = (sizes, notes)
        yield from objections


def _unless_it_fits(action: WriteSecret | WriteEntry, size: int, notes: int) -> Iterator[Objection]:
    if size > LARGEST_SECRET or notes > LARGEST_ANNOTATIONS:
        yield against(
            action,
            Reason.OBJECT_TOO_LARGE,
            f"would hold {size} bytes of data and {notes} of annotations; the API server takes"
            f" {LARGEST_SECRET} and {LARGEST_ANNOTATIONS}",
            "Publish less in one object",
        )


def halves_wait(plan: Plan, _: ObservedState, around: Circumstances) -> Iterator[Objection]:
    """Half of a new pair of keys fits nothing: what is published stays whole."""
    if not around.halves:
        return
    for action in plan.actions:
        if isinstance(action, WriteSecret | WriteEntry) and action.placements[0] in around.halves:
            yield Objection(action, around.halves[action.placements[0]])


def shapes_stay_while_kserve_config_is_unreadable(
    plan: Plan, _: ObservedState, around: Circumstances
) -> Iterator[Objection]:
    """Without KServe's own word on the key names, only values change."""
    if around.unreadable is None:
        return
    for action in plan.actions:
        if not isinstance(action, WriteSecret | WriteEntry) or action.have is None or action.difference.shape:
            yield from _against_all(
                action,
                Reason.KSERVE_CONFIG_INVALID,
                f"waits, since inferenceservice-config cannot be read: {around.unreadable}",
                "Repair the ConfigMap; values keep rotating meanwhile",
            )


def bindings_do_not_break_each_other(
    plan: Plan, observed: ObservedState, around: Circumstances
) -> Iterator[Objection]:
    """Two S3 Secrets on one ServiceAccount send the keys of one to the endpoint of the other."""
    becoming = changes_of_kind(plan, observed, around.config)
    for action in plan.actions:
        if not isinstance(action, PatchAccount):
            continue
        for clash in clashing(action, becoming, observed, around.config, around.instance):
            newcomer = clash.newcomer
            if newcomer.credential is None:
                continue
            yield Objection(
                action,
                Refusal(
                    _placement(action, newcomer.credential),
                    Reason.CONFLICT,
                    f"ServiceAccount {action.ref}",
                    clash.message,
                    "Use a ServiceAccount of its own for it; what is bound already stays bound",
                ),
                part=newcomer.name,
            )


def kinds_do_not_change_into_a_clash(
    plan: Plan, observed: ObservedState, around: Circumstances
) -> Iterator[Objection]:
    """A Secret that a ServiceAccount lists already does not become what clashes with its neighbour there."""
    becoming = changes_of_kind(plan, observed, around.config)
    for action, account, clash in changing_kind(becoming, observed, around.config, around.instance):
        yield against(
            action,
            Reason.CONFLICT,
            f"is on the list of ServiceAccount {account}, where {clash.message}",
            "Use another Secret name and a ServiceAccount of its own for it",
        )


def written_over(plan: Plan) -> Iterator[tuple[WriteSecret, ObservedSecret]]:
    """Yield the Secrets that exist already, with what they are."""
    for action in plan.actions:
        if isinstance(action, WriteSecret) and action.have is not None:
            yield action, action.have


def against(
    action: WriteSecret | WriteEntry | DropEntry, reason: Reason, message: str, remedy: str
) -> Objection:
    """Return the objection to an action on a Secret that is for one placement."""
    return Objection(action, Refusal(action.placements[0], reason, f"Secret {action.ref}", message, remedy))


def _against_all(action: Action, reason: Reason, message: str, remedy: str) -> Iterator[Objection]:
    """Object to the whole action, once for each placement that it is for."""
    kind = "ServiceAccount" if isinstance(action, PatchAccount) else "Secret"
    for placement in action.placements:
        yield Objection(action, Refusal(placement, reason, f"{kind} {action.ref}", message, remedy))


def _placement(action: PatchAccount, credential: CredentialId) -> PlacementId:
    return PlacementId(credential, action.ref.namespace)
