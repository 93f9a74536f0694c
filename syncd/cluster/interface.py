"""What a cluster is to syncd: something to look at, and requests to write with. It knows no plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.names import ObjectRef
    from syncd.model.objects import (
        AccountAnnotation,
        Binding,
        DesiredEntry,
        DesiredSecret,
        ObservedAccount,
        ObservedConfigMap,
        ObservedSecret,
        ObservedState,
        Survey,
        Unbinding,
    )
    from syncd.model.reasons import Reason
    from syncd.model.secret import SecretValue


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sweep has to see: targets, `storage-config` Secrets and ServiceAccounts, by name.

    The Secrets listed by the ServiceAccounts in `accounts` are observed too, ours or not.
    """

    secrets: frozenset[ObjectRef]
    entries: frozenset[ObjectRef]
    accounts: frozenset[ObjectRef]


@dataclass(frozen=True, slots=True)
class Written:
    """A write was accepted, or nothing had to be sent; the object is at this version now."""

    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A write was not accepted. `again` when the object moved under us (409): look again and plan again.

    The message holds code, reason, `causes[].reason` and `.field` of the API server, never its messages:
    those can quote the object.
    """

    reason: Reason
    message: str
    remedy: str
    again: bool = False


WriteResult: TypeAlias = "Written | Rejected"


@dataclass(frozen=True, slots=True)
class AccountPatch:
    """What changes on one ServiceAccount, in one request.

    `bind`: appended, or put at the index of what it replaces. `annotations`: to set (value, credential);
    `unset`: to take away. `record` is the whole new text of our annotation record, None when it stays as it
    is, empty when it goes together with our label.
    """

    bind: tuple[Binding, ...]
    annotations: Mapping[str, AccountAnnotation]
    record: str | None
    unbind: tuple[Unbinding, ...] = ()
    unset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EntryDrop:
    """One entry of ours that leaves a `storage-config`; with a `record` only that changes, and it stays."""

    key: str
    record: Mapping[str, str] | None


class Reader(Protocol):
    """Looks at the cluster; a Secret's values leave it only as digests."""

    def survey(self) -> Survey:
        """Return all namespaces and ServiceAccounts.

        Raises:
            ClusterUnreachable: when there is no answer, or we are not allowed to look.

        """
        ...

    def observe(self, scope: Scope, survey: Survey) -> ObservedState:
        """Return the Secrets with our label, and those that `scope` names or implies.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def kserve_config(self) -> str | None:
        """Return the text of `credentials` in ConfigMap `inferenceservice-config`, None when it is missing.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def read_secret(self, namespace: str, name: str) -> Mapping[str, SecretValue] | None:
        """Return the decoded data of one Secret, None if it is missing.

        For a store's own login and for the `kubernetes` store.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return the data of one ConfigMap (the mapping, a store's CA), None if it is missing.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def observe_config_map(self, ref: ObjectRef) -> ObservedConfigMap | None:
        """Return a ConfigMap together with what guards a write of it, None if it is missing.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def released(self) -> Mapping[ObjectRef, ObservedSecret]:
        """Return the Secrets that carry our label for what was released, copies of them too.

        Raises:
            ClusterUnreachable: as above.

        """
        ...


class Writer(Protocol):
    """Writes with three requests: create-only, guarded merge patch, preconditioned delete.

    Every method raises `ClusterUnreachable` when there is no answer; the write may have been done all the
    same, and looking again tells.
    """

    def create_secret(self, want: DesiredSecret) -> WriteResult:
        """Create the Secret only if nothing of that name exists; anything present is left untouched."""
        ...

    def update_secret(self, want: DesiredSecret, have: ObservedSecret) -> WriteResult:
        """Patch exactly what differs, if the Secret is still the one that was observed."""
        ...

    def patch_account(self, ref: ObjectRef, patch: AccountPatch, have: ObservedAccount | None) -> WriteResult:
        """Patch lists and annotations in one request, if unmoved; `have` None creates it, create-only."""
        ...

    def patch_entries(
        self,
        ref: ObjectRef,
        want: Sequence[DesiredEntry],
        have: ObservedSecret | None,
        drop: Sequence[EntryDrop] = (),
    ) -> WriteResult:
        """Set and drop entries and their records in one request; `have` None creates the Secret, create-only.

        The Secret itself is never deleted.
        """
        ...

    def patch_records(
        self,
        have: ObservedSecret,
        labels: Mapping[str, str | None],
        annotations: Mapping[str, str | None],
    ) -> WriteResult:
        """Change only our own labels and annotations on a Secret, if it is as observed; None removes."""
        ...

    def delete_secret(self, have: ObservedSecret) -> WriteResult:
        """Delete the Secret if it is still the one, and at the version, that was observed; gone is done."""
        ...

    def write_config_map(
        self, ref: ObjectRef, data: Mapping[str, str | None], have: ObservedConfigMap | None
    ) -> WriteResult:
        """Set these keys of a ConfigMap of ours, if it is as observed; None removes a key.

        `have` None creates it, create-only. Nothing is sent when nothing differs.
        """
        ...


class Cluster(Reader, Writer, Protocol):
    """Both sides of one cluster: Kubernetes, or a directory of YAML files."""
