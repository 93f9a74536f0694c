"""A credential of an accepted mapping, and its placements: frozen values with every default resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from syncd.model.objects import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kserve.kinds.interface import EntrySettings, Kind
    from syncd.model.names import CredentialId, ObjectRef, Origin, PlacementId
    from syncd.model.secret import SecretRef, StoreName

Pick = Literal["property", "pointer", "whole", "default"]
"""How a field is taken from a remote secret; `default`: the first of its usual names that is there."""

Policy = Literal["Retain", "Delete"]

SETTLE: Final = 600.0
"""Seconds that a credential of several secrets waits for the rest of them, unless `from.settle` says so."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one field's value is.

    `name` is the property or the pointer (empty for `whole`); `names` the usual names in order (`default`).
    `bare` says that a payload that is no JSON object is the value itself, `written` that the mapping has a
    source there (`{}`), so that finding none of the names is a problem (both: `default` only).
    """

    ref: SecretRef
    pick: Pick
    name: str = ""
    names: tuple[str, ...] = ()
    bare: bool = False
    written: bool = False
    decode: Literal["base64"] | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a label selector, as Kubernetes has them; `values` is empty for Exists and DoesNotExist."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels satisfy it (NotIn and DoesNotExist also match when the key is absent)."""
        value = labels.get(self.key)
        if self.operator == "Exists":
            return value is not None
        if self.operator == "DoesNotExist":
            return value is None
        if self.operator == "In":
            return value is not None and value in self.values
        return value is None or value not in self.values


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector: all requirements hold. It has at least one."""

    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels satisfy every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """Which ServiceAccounts a target binds to: by name, by label, or both."""

    names: tuple[str, ...] = ()
    selector: Selector | None = None
    create: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One item of `to`: exactly one of `namespaces` and `selector` is set."""

    namespaces: tuple[str, ...] | None
    selector: Selector | None
    secret: str
    accounts: AccountChoice
    account_annotations: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    storage_config: EntrySettings | None = None
    adopt: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    annotations: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class DeletionPolicy:
    """What happens to what we wrote: when it leaves the mapping, and when the store says that it is gone."""

    when_unmapped: Policy = "Retain"
    when_secret_not_found: Policy = "Retain"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a credential is read again: every `interval` seconds, or by `cron` in `time_zone`."""

    interval: float | None = 300.0
    cron: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """One accepted entry of the mapping.

    `sources` and `settings` are keyed by field (nested parts joined by dots). Texts may hold placeholders
    (`$(namespace)`, `$(label:KEY)`); `place` fills them in. `optional`: a missing secret is no alarm.
    `renamed_from` is what it was called when it wrote what is there. `include` is the included ConfigMap
    (`NAMESPACE/NAME`) that it stands in, None for the mapping itself. `settle` is how many seconds it waits
    for the rest when only some of several secrets have changed.
    """

    id: CredentialId
    kind: Kind
    sources: Mapping[str, Source]
    settings: Mapping[str, str]
    targets: tuple[Target, ...]
    deletion: DeletionPolicy
    schedule: Schedule
    suspended: bool
    optional: bool
    origin: Origin
    renamed_from: CredentialId | None = None
    include: str | None = None
    settle: float = SETTLE

    @property
    def stores(self) -> frozenset[StoreName]:
        """The stores that its fields come from; none for a keyless credential."""
        return frozenset(source.ref.store for source in self.sources.values())


@dataclass(frozen=True, slots=True)
class Placement:
    """One credential in one namespace, placeholders filled in, ServiceAccounts chosen.

    `accounts` are names; those that do not exist are among them when they were named, not selected.
    """

    id: PlacementId
    credential: Credential
    target: Target
    secret: ObjectRef
    accounts: tuple[str, ...]
    sources: Mapping[str, Source]
    settings: Mapping[str, str]
    account_annotations: Mapping[str, str]
    entry: EntrySettings | None
    suspended: bool

    @property
    def refs(self) -> frozenset[SecretRef]:
        """The remote secrets that it needs."""
        return frozenset(source.ref for source in self.sources.values())
