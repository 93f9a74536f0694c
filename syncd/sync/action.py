"""What a plan is made of: actions on objects, none of which prints a value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from syncd.model.difference import NO_DIFFERENCE, Difference
from syncd.model.names import ObjectRef, PlacementId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.objects import (
        AccountAnnotation,
        Binding,
        DesiredEntry,
        DesiredSecret,
        ObservedAccount,
        ObservedSecret,
        Refusal,
    )


@dataclass(frozen=True, slots=True)
class WriteSecret:
    """Create or update one Secret."""

    verb: Literal["create", "update"]
    want: DesiredSecret
    have: ObservedSecret | None
    difference: Difference = NO_DIFFERENCE

    @property
    def ref(self) -> ObjectRef:
        """The Secret."""
        return self.want.ref

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it is for."""
        return (PlacementId(self.want.credential, self.want.ref.namespace),)


@dataclass(frozen=True, slots=True)
class PatchAccount:
    """All that happens to one ServiceAccount, in one request: append bindings, set annotations.

    `record` is the text of our annotation record after it; None when we set no annotation there.
    """

    ref: ObjectRef
    have: ObservedAccount | None
    bind: tuple[Binding, ...]
    annotations: Mapping[str, AccountAnnotation]
    record: str | None = None

    @property
    def verb(self) -> Literal["create", "update"]:
        """What the request is."""
        return "create" if self.have is None else "update"

    @property
    def needs(self) -> frozenset[ObjectRef]:
        """The Secrets that have to be there first (rule 4)."""
        return frozenset(ObjectRef(self.ref.namespace, binding.secret) for binding in self.bind)

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placements that it is for, in order."""
        credentials = [binding.credential for binding in self.bind]
        credentials += [annotation.credential for annotation in self.annotations.values()]
        return tuple(PlacementId(credential, self.ref.namespace) for credential in dict.fromkeys(credentials))


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """Set one key of a `storage-config` Secret; `have` is that Secret, None when it is missing."""

    verb: Literal["create", "update"]
    want: DesiredEntry
    have: ObservedSecret | None
    difference: Difference

    @property
    def ref(self) -> ObjectRef:
        """The `storage-config` Secret."""
        return self.want.object

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it is for."""
        return (PlacementId(self.want.credential, self.want.object.namespace),)


Action: TypeAlias = WriteSecret | PatchAccount | WriteEntry


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of ours that the mapping no longer asks for: reported, and left as it is."""

    kind: Literal["Secret", "ServiceAccount", "storage-config entry"]
    ref: ObjectRef
    detail: str
    placement: PlacementId


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep would do: a value that the CLI prints, the daemon applies and tests compare."""

    actions: tuple[Action, ...] = ()
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    leftovers: tuple[Leftover, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.actions)

    def refusing(self, refusals: tuple[Refusal, ...]) -> Plan:
        """Return the plan with more refusals in front of its own."""
        return replace(self, refused=(*refusals, *self.refused))

    def public(self) -> dict[str, object]:
        """Return the plan for `-o json`: no value and no digest is in it."""
        return {
            "actions": [_public_action(action) for action in self.actions],
            "unchanged": self.unchanged,
            "refused": [public_refusal(refusal) for refusal in self.refused],
            "leftovers": [
                {
                    "kind": left.kind,
                    "namespace": left.ref.namespace,
                    "name": left.ref.name,
                    "detail": left.detail,
                }
                for left in self.leftovers
            ],
        }


def public_refusal(refusal: Refusal) -> dict[str, object]:
    """Return one refusal for `-o json`."""
    return {
        "credential": refusal.placement.credential,
        "namespace": refusal.placement.namespace,
        "state": refusal.reason.state.value,
        "reason": refusal.reason.value,
        "where": refusal.where,
        "message": refusal.message,
        "remedy": refusal.remedy,
        "origin": str(refusal.origin) if refusal.origin else None,
    }


def _public_action(action: Action) -> dict[str, object]:
    common: dict[str, object] = {
        "verb": action.verb,
        "namespace": action.ref.namespace,
        "name": action.ref.name,
        "credentials": [placement.credential for placement in action.placements],
    }
    if isinstance(action, PatchAccount):
        return common | {
            "kind": "ServiceAccount",
            "bind": {binding.secret: binding.list_name for binding in action.bind},
            "annotations": sorted(action.annotations),
        }
    difference = action.difference
    common |= {
        "values": sorted(difference.values),
        "shape": sorted(difference.shape),
        "records": sorted(difference.records),
    }
    if isinstance(action, WriteEntry):
        return common | {"kind": "storage-config entry", "key": action.want.key}
    return common | {"kind": "Secret", "type": action.want.type}


@dataclass(frozen=True, slots=True)
class Objection:
    """A check's word against an action, or against one part of it (a binding's Secret, an annotation)."""

    action: Action
    refusal: Refusal
    part: str | None = field(default=None)
