"""What this instance released and left in place: found by its records, and deleted on request."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from syncd.cluster.interface import EntryDrop, Scope
from syncd.model.names import ObjectRef
from syncd.model.objects import LIST_NAMES
from syncd.sync.ownership import entries_of, released_by
from syncd.sync.records import RELEASED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from syncd.cluster.interface import Cluster, WriteResult
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedSecret, ObservedState, Survey


@dataclass(frozen=True, slots=True)
class Released:
    """One Secret, or one entry of a `storage-config`, that was ours.

    `key` is the entry's, empty for a Secret. `named_by` are the ServiceAccounts that list the Secret.
    """

    kind: Literal["Secret", "storage-config entry"]
    have: ObservedSecret
    credential: str
    key: str = ""
    named_by: tuple[str, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The Secret that it is, or is in."""
        return self.have.ref


def released(cluster: Cluster, instance: Instance, storage_configs: Collection[str]) -> tuple[Released, ...]:
    """Return what this instance released, Secrets first, by name.

    Args:
        cluster: to look at.
        instance: whose.
        storage_configs: the names that a `storage-config` may have.

    Raises:
        ClusterUnreachable: when the API server does not answer.

    """
    survey = cluster.survey()
    places = frozenset(
        ObjectRef(namespace, name) for namespace in survey.namespaces for name in storage_configs
    )
    observed = cluster.observe(Scope(frozenset(), places, frozenset()), survey)
    return (*_secrets(cluster, instance, survey), *_entries(observed, instance))


def _secrets(cluster: Cluster, instance: Instance, survey: Survey) -> Iterator[Released]:
    for ref, have in sorted(cluster.released().items()):
        credential = released_by(have, instance)
        if credential is not None:
            naming = [
                account.ref.name
                for account in survey.accounts.values()
                if account.ref.namespace == ref.namespace
                and any(ref.name in account.names(list_name) for list_name in LIST_NAMES)
            ]
            yield Released("Secret", have, credential, named_by=tuple(sorted(naming)))


def _entries(observed: ObservedState, instance: Instance) -> Iterator[Released]:
    for _, have in sorted(observed.secrets.items()):
        for key, record in sorted(entries_of(have, instance).items()):
            if record.get(RELEASED) == "true":
                yield Released("storage-config entry", have, record.get("credential", ""), key)


def delete(cluster: Cluster, found: Iterable[Released]) -> Iterator[tuple[Released, WriteResult]]:
    """Delete what no ServiceAccount names, entry by entry and Secret by Secret, as it was seen.

    Entries of one Secret go in one request. What is named by a ServiceAccount is left out: a name without its
    Secret keeps every pod of that ServiceAccount from starting.

    Raises:
        ClusterUnreachable: when there is no answer; what was yielded before is done.

    """
    free = [one for one in found if not one.named_by]
    for one in free:
        if one.kind == "Secret":
            yield one, cluster.delete_secret(one.have)
    entries = [one for one in free if one.kind != "Secret"]
    for ref, group in groupby(entries, key=lambda one: one.ref):
        together = list(group)
        drop = [EntryDrop(one.key, None) for one in together]
        result = cluster.patch_entries(ref, [], together[0].have, drop)
        for one in together:
            yield one, result
