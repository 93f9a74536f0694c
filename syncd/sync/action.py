"""What a plan is made of: actions on objects, none of which prints a value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from syncd.model.difference import NO_DIFFERENCE, Difference
from syncd.model.names import CredentialId, ObjectRef, PlacementId

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
        Unbinding,
    )


@dataclass(frozen=True, slots=True)
class WriteSecret:
    """Create or update one Secret, or take over one that is not ours."""

    verb: Literal["create", "update", "adopt"]
    want: DesiredSecret
    have: ObservedSecret | None
    difference: Difference = NO_DIFFERENCE

    @property
    def drops(self) -> tuple[str, ...]:
        """The keys of somebody else that taking the Secret over takes away, in order."""
        if self.verb != "adopt" or self.have is None:
            return ()
        return tuple(sorted(self.have.data.keys() - self.want.data.keys()))

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
    """All that happens to one ServiceAccount, in one request.

    Bindings are appended, put at the index of what they replace, or taken out; annotations are set or taken
    away (`unset`: annotation → credential); those that are `released` stay and are ours no more. `record` is
    the text of our annotation record after it: None when it stays as it is, empty when it goes.
    """

    ref: ObjectRef
    have: ObservedAccount | None
    bind: tuple[Binding, ...]
    annotations: Mapping[str, AccountAnnotation]
    record: str | None = None
    unbind: tuple[Unbinding, ...] = ()
    unset: Mapping[str, CredentialId] = field(default_factory=dict)
    released: Mapping[str, CredentialId] = field(default_factory=dict)

    @property
    def undoes(self) -> bool:
        """Tell whether something of ours goes, or is ours no more."""
        return bool(self.unbind or self.unset or self.released)

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
        credentials += [binding.credential for binding in self.unbind]
        credentials += [annotation.credential for annotation in self.annotations.values()]
        credentials += [*self.unset.values(), *self.released.values()]
        return tuple(PlacementId(credential, self.ref.namespace) for credential in dict.fromkeys(credentials))


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """Set one key of a `storage-config` Secret; `have` is that Secret, None when it is missing."""

    verb: Literal["create", "update", "adopt"]
    want: DesiredEntry
    have: ObservedSecret | None
    difference: Difference

    @property
    def key(self) -> str:
        """The key of the entry."""
        return self.want.key

    @property
    def ref(self) -> ObjectRef:
        """The `storage-config` Secret."""
        return self.want.object

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it is for."""
        return (PlacementId(self.want.credential, self.want.object.namespace),)


@dataclass(frozen=True, slots=True)
class DropEntry:
    """Take one entry of ours out of a `storage-config`, or only release it: `record` is then what stays."""

    verb: Literal["delete", "release"]
    have: ObservedSecret
    key: str
    credential: CredentialId
    record: Mapping[str, str] | None = None

    @property
    def ref(self) -> ObjectRef:
        """The `storage-config` Secret."""
        return self.have.ref

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it was for."""
        return (PlacementId(self.credential, self.have.ref.namespace),)


@dataclass(frozen=True, slots=True)
class RecordSecret:
    """Change only our own bookkeeping on a Secret of ours; its data and what KServe reads stay.

    `release`: it is ours no more, and left in place. `shorten`: `bound-to` loses what is no longer bound.
    """

    verb: Literal["release", "shorten"]
    have: ObservedSecret
    credential: CredentialId
    labels: Mapping[str, str | None] = field(default_factory=dict)
    annotations: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def ref(self) -> ObjectRef:
        """The Secret."""
        return self.have.ref

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it is, or was, for."""
        return (PlacementId(self.credential, self.have.ref.namespace),)


@dataclass(frozen=True, slots=True)
class DeleteSecret:
    """Delete a Secret of ours that no ServiceAccount of its namespace names."""

    have: ObservedSecret
    credential: CredentialId
    verb: Literal["delete"] = "delete"

    @property
    def ref(self) -> ObjectRef:
        """The Secret."""
        return self.have.ref

    @property
    def placements(self) -> tuple[PlacementId, ...]:
        """The placement that it was for."""
        return (PlacementId(self.credential, self.have.ref.namespace),)


def unbinding_part(each: Unbinding) -> str:
    """Return how an `Objection` names one unbinding of a `PatchAccount`."""
    return f"-{each.list_name}/{each.secret}"


def unset_part(annotation: str) -> str:
    """Return how an `Objection` names one annotation that a `PatchAccount` takes away or releases."""
    return f"-annotation {annotation}"


Action: TypeAlias = WriteSecret | PatchAccount | WriteEntry | DropEntry | RecordSecret | DeleteSecret


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of ours that the mapping no longer asks for.

    `name` is what it is about in the object: list and Secret of a binding (`secrets/NAME`), the annotation,
    or the key of the entry; empty for a whole Secret. `policy` is what its credential says, or said last,
    about what leaves the mapping.
    """

    kind: Literal["Secret", "binding", "annotation", "storage-config entry"]
    ref: ObjectRef
    placement: PlacementId
    name: str = ""
    policy: Literal["Retain", "Delete"] = "Retain"

    @property
    def detail(self) -> str:
        """What is left, in a few words."""
        if self.kind == "binding":
            return f"still lists {self.name.partition('/')[2]}"
        if self.kind == "annotation":
            return f"still has annotation {self.name}"
        return self.name or f"of credential {self.placement.credential}"

    @property
    def where(self) -> str:
        """The kind of object that it stands in, as people call it."""
        return "ServiceAccount" if self.kind in {"binding", "annotation"} else self.kind


@dataclass(frozen=True, slots=True)
class Held:
    """A whole class of changes that waits for somebody's word (rule 9).

    `limit` as the mapping says it, `most` what that comes to; `used` went within the hour already. `listing`
    has the first names.
    """

    id: str
    kind: Literal["removals", "reshapes"]
    count: int
    limit: str
    most: int
    used: int
    listing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is held, and why."""
        before = f", {self.used} of them done already" if self.used else ""
        share = f" ({self.limit} of what syncd owns)" if self.limit.endswith("%") else ""
        return (
            f"one of {self.count} {self.kind} where limits.{self.kind} lets {self.most}{share} happen"
            f" within an hour{before}; held as {self.id}"
        )

    def public(self) -> dict[str, object]:
        """Return it for `-o json`."""
        return {
            "id": self.id,
            "class": self.kind,
            "count": self.count,
            "limit": self.limit,
            "most": self.most,
            "used": self.used,
            "listing": list(self.listing),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep would do: a value that the CLI prints, the daemon applies and tests compare."""

    actions: tuple[Action, ...] = ()
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    held: tuple[Held, ...] = ()

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
            "held": [one.public() for one in self.held],
            "leftovers": [
                {
                    "kind": left.where,
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
            "replaces": {binding.secret: binding.replaces for binding in action.bind if binding.replaces},
            "unbind": {binding.secret: binding.list_name for binding in action.unbind},
            "unset": sorted(action.unset),
            "release": sorted(action.released),
        }
    if isinstance(action, DropEntry):
        return common | {"kind": "storage-config entry", "key": action.key}
    if isinstance(action, RecordSecret | DeleteSecret):
        return common | {"kind": "Secret", "type": action.have.type}
    difference = action.difference
    common |= {
        "values": sorted(difference.values),
        "shape": sorted(difference.shape),
        "records": sorted(difference.records),
    }
    if isinstance(action, WriteEntry):
        return common | {"kind": "storage-config entry", "key": action.want.key}
    dropped = {"drops": list(action.drops)} if action.verb == "adopt" else {}
    return common | {"kind": "Secret", "type": action.want.type} | dropped


@dataclass(frozen=True, slots=True)
class Objection:
    """A check's word against an action, or against one part of it.

    A part is a binding's Secret, an annotation, or what `unbinding_part` and `unset_part` return.
    """

    action: Action
    refusal: Refusal
    part: str | None = field(default=None)
