"""What should be in the cluster and what is: values that the steps of a sweep hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.names import CredentialId, ObjectRef, Origin, PlacementId
    from syncd.model.reasons import Reason, State
    from syncd.model.secret import Digest, SecretValue

ListName = Literal["secrets", "imagePullSecrets"]
"""The two lists of a ServiceAccount that name Secrets."""

LIST_NAMES: Final[tuple[ListName, ...]] = ("secrets", "imagePullSecrets")
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


def names(credential: CredentialId, renamed_from: CredentialId | None) -> frozenset[CredentialId]:
    """Return the names by which a credential may stand on our records."""
    return frozenset({credential} if renamed_from is None else {credential, renamed_from})


@dataclass(frozen=True, slots=True)
class DesiredSecret:
    """One Secret as it should be.

    `data` are all its keys. `annotations` are all that we own on it (`serving.kserve.io/…` and those of the
    target for other tools); `records` are our own annotations (`syncd.dev/…`) without `bound-to`, which is
    `bound_to`: names of the form `secrets/NAME` or `imagePullSecrets/NAME` of ServiceAccounts.
    `detects_as` is the kind that KServe will take it for, None for none. `versioned` says that the version on
    its records is compared too.
    """

    ref: ObjectRef
    credential: CredentialId
    type: str
    data: Mapping[str, SecretValue]
    annotations: Mapping[str, str]
    labels: Mapping[str, str]
    records: Mapping[str, str]
    detects_as: str | None
    bound_to: frozenset[str] = frozenset()
    adopt: bool = False
    renamed_from: CredentialId | None = None
    versioned: bool = False

    @property
    def names(self) -> frozenset[CredentialId]:
        """What its credential is called, and was called before: both may be on our record."""
        return names(self.credential, self.renamed_from)


@dataclass(frozen=True, slots=True)
class Binding:
    """One Secret that one ServiceAccount should list, and for which credential.

    `replaces` is the Secret of the same credential whose place on the list it takes (its name changed).
    """

    list_name: ListName
    secret: str
    credential: CredentialId
    detects_as: str | None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Unbinding:
    """One Secret that one ServiceAccount should no longer list, and for which credential it did."""

    list_name: ListName
    secret: str
    credential: CredentialId


@dataclass(frozen=True, slots=True)
class AccountAnnotation:
    """One annotation that a ServiceAccount should carry, for which credential, and its policy on leaving."""

    value: str
    credential: CredentialId
    when_unmapped: Literal["Retain", "Delete"] = "Retain"
    renamed_from: CredentialId | None = None

    @property
    def names(self) -> frozenset[CredentialId]:
        """What its credential is called, and was called before: both may be on our record."""
        return names(self.credential, self.renamed_from)


@dataclass(frozen=True, slots=True)
class DesiredAccount:
    """What one ServiceAccount should have, from all credentials together."""

    ref: ObjectRef
    bindings: tuple[Binding, ...] = ()
    annotations: Mapping[str, AccountAnnotation] = field(default_factory=lambda: EMPTY)
    create: bool = False


@dataclass(frozen=True, slots=True)
class DesiredEntry:
    """One key of a `storage-config` Secret: `record` is what our annotation says of it (all strings).

    `versioned` says that the version on its record is compared too.
    """

    object: ObjectRef
    key: str
    credential: CredentialId
    value: SecretValue
    record: Mapping[str, str]
    adopt: bool = False
    renamed_from: CredentialId | None = None
    versioned: bool = False

    @property
    def names(self) -> frozenset[CredentialId]:
        """What its credential is called, and was called before: both may be on our record."""
        return names(self.credential, self.renamed_from)


EntryKey = tuple["ObjectRef", str]
"""A `storage-config` Secret and a key in it."""


@dataclass(frozen=True, slots=True)
class DesiredState:
    """All that a sweep wants.

    `kept` are placements that are mapped and were not rendered now (not due, store down, refused):
    nothing of theirs may be changed or taken away.
    """

    secrets: Mapping[ObjectRef, DesiredSecret]
    accounts: Mapping[ObjectRef, DesiredAccount]
    entries: Mapping[EntryKey, DesiredEntry]
    kept: frozenset[PlacementId] = frozenset()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who else controls an object, in words for messages; `release` says how to make it let go.

    `marked`: the object bears the owner's mark; otherwise the owner only wrote it lately.
    """

    name: str
    release: str
    marked: bool = True


@dataclass(frozen=True, slots=True)
class ObservedSecret:
    """One Secret as it is: digests instead of values, labels and annotations whole.

    `sizes` has the number of bytes of each key. `owner` is whoever else controls it, None for nobody.
    """

    ref: ObjectRef
    uid: str
    resource_version: str
    type: str
    immutable: bool
    deleting: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    data: Mapping[str, Digest]
    sizes: Mapping[str, int]
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class ObservedConfigMap:
    """One ConfigMap as it is: the texts under `data`, whole."""

    ref: ObjectRef
    uid: str
    resource_version: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObservedAccount:
    """One ServiceAccount as it is; `items` are its two lists, item by item, as the API server has them."""

    ref: ObjectRef
    uid: str
    resource_version: str
    deleting: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    items: Mapping[ListName, tuple[Mapping[str, Any], ...]]

    def names(self, list_name: ListName) -> tuple[str, ...]:
        """Return the names on one of the lists, in order; nameless items (they are legal) left out."""
        return tuple(item["name"] for item in self.items.get(list_name, ()) if item.get("name"))


@dataclass(frozen=True, slots=True)
class ObservedNamespace:
    """One namespace as it is."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    terminating: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """Namespaces and ServiceAccounts of the cluster: what placements are made from."""

    namespaces: Mapping[str, ObservedNamespace]
    accounts: Mapping[ObjectRef, ObservedAccount]


@dataclass(frozen=True, slots=True)
class ObservedState:
    """All that a sweep looks at.

    `secrets` holds every Secret with our label, the targets that exist, the `storage-config` Secrets in
    question, and the Secrets that bound ServiceAccounts list. A ref that is not in it does not exist, if it
    was asked for.
    """

    survey: Survey
    secrets: Mapping[ObjectRef, ObservedSecret]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that we will not, or cannot yet do, for one placement; no text holds a value.

    `where` names the object or the field, `remedy` what to do; `field` is the bare name of the field or
    property, where there is one.
    """

    placement: PlacementId
    reason: Reason
    where: str
    message: str
    remedy: str
    origin: Origin | None = None
    field: str | None = None

    @property
    def text(self) -> str:
        """One line for people: where, what, what to do; at most 1,024 characters (an Event's note)."""
        return f"{self.where}: {self.message}. {self.remedy}"[:1024]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one placement came out of a sweep: the worst state, every reason, the version that is in place."""

    placement: PlacementId
    state: State
    reasons: tuple[Reason, ...]
    refusals: tuple[Refusal, ...] = ()
    version: str | None = None
    previous: str | None = None
    changed: tuple[str, ...] = ()
    reshaped: bool = False
