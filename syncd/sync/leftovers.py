"""What is ours in the cluster and no longer in the mapping; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.mapping.claims import keyless
from syncd.model.difference import bound_to
from syncd.model.names import PAUSED, WHEN_UNMAPPED, CredentialId, ObjectRef, PlacementId
from syncd.sync.action import Leftover
from syncd.sync.ownership import account_policies, account_record, entries_of, owner_of
from syncd.sync.records import ENTRY_POLICY, RELEASED, policy_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from syncd.mapping.credential import Credential, Placement, Policy
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedSecret, ObservedState, Survey


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the mapping asks for, and what it cannot say right now.

    `untold` are placements that cannot be made at the moment, `refused` credentials that are in the text and
    not in force: nothing of theirs is left over. `in_force` are all that are, also those that
    have no target anywhere at the moment. `unread` are namespaces with credentials that may be mapped in
    included files that could not be read: nothing is left over there, whose-ever it is.
    """

    placements: tuple[Placement, ...]
    untold: frozenset[PlacementId] = frozenset()
    refused: frozenset[CredentialId] = frozenset()
    in_force: Mapping[CredentialId, Credential] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    def credentials(self) -> dict[CredentialId, Credential]:
        """Return the credentials in force, by name."""
        placed = {placement.id.credential: placement.credential for placement in self.placements}
        return {**self.in_force, **placed}

    def knows(self, identity: PlacementId) -> bool:
        """Tell whether a placement is or may be mapped, though nothing can be said of its objects now."""
        return (
            identity in self.untold
            or identity.credential in self.refused
            or identity.namespace in self.unread
        )


@dataclass(frozen=True, slots=True)
class _Search:
    """What is asked for, and how what is found is called now."""

    placements: Collection[Placement]
    renamed: Mapping[CredentialId, CredentialId]
    policies: Mapping[CredentialId, Policy]

    def identity(self, recorded: str, namespace: str) -> PlacementId:
        """Return whose something is, by what its credential is called now."""
        owner = CredentialId(recorded)
        return PlacementId(self.renamed.get(owner, owner), namespace)

    def policy(self, identity: PlacementId, recorded: str | None) -> Policy:
        """Return what the credential says of what leaves the mapping, or said last."""
        return self.policies.get(identity.credential, policy_of(recorded))


def _search(mapped: Mapped) -> _Search:
    credentials = mapped.credentials()
    renamed = {
        credential.renamed_from: name
        for name, credential in credentials.items()
        if credential.renamed_from is not None and credential.renamed_from not in credentials
    }
    policies = {name: credential.deletion.when_unmapped for name, credential in credentials.items()}
    return _Search(mapped.placements, renamed, policies)


def leftovers(
    mapped: Mapped, observed: ObservedState, entries: Collection[str], instance: Instance
) -> tuple[Leftover, ...]:
    """Return Secrets, entries, bindings and annotations that no placement asks for.

    Args:
        mapped: all that the mapping has, due or not.
        observed: every Secret with our label, every ServiceAccount; entries only of the `storage-config`
            Secrets that it has.
        entries: the names that `storage-config` has and had; the first is the one in force.
        instance: whose objects are ours.

    """
    search = _search(mapped)
    found = (
        *_of_secrets(search, observed, instance),
        *_of_entries(search, observed, tuple(entries), instance),
        *_of_accounts(search, observed, instance),
    )
    return tuple(left for left in found if not mapped.knows(left.placement))


def _of_secrets(search: _Search, observed: ObservedState, instance: Instance) -> Iterator[Leftover]:
    mapped = {
        (placement.id, placement.secret): placement
        for placement in search.placements
        if not keyless(placement.credential)
    }
    for ref, secret in sorted(observed.secrets.items()):
        owner = owner_of(secret, instance)
        if owner is None:
            continue
        identity = search.identity(owner, ref.namespace)
        placement = mapped.get((identity, ref))
        if placement is None:
            policy = search.policy(identity, secret.annotations.get(WHEN_UNMAPPED))
            yield Leftover("Secret", ref, identity, policy=policy)
        else:
            yield from _of_bindings(secret, placement)


def _of_bindings(secret: ObservedSecret, placement: Placement) -> Iterator[Leftover]:
    for name in sorted(bound_to(secret.annotations)):
        list_name, _, account = name.partition("/")
        if account not in placement.accounts:
            yield Leftover(
                "binding",
                ObjectRef(secret.ref.namespace, account),
                placement.id,
                f"{list_name}/{secret.ref.name}",
                placement.credential.deletion.when_unmapped,
            )


def _of_entries(
    search: _Search, observed: ObservedState, names: tuple[str, ...], instance: Instance
) -> Iterator[Leftover]:
    mapped = {
        (placement.id, ObjectRef(placement.id.namespace, names[0]), placement.entry.key)
        for placement in search.placements
        if placement.entry is not None
    }
    for ref, secret in sorted(observed.secrets.items()):
        # Anywhere else our record is a copy that somebody made.
        records = entries_of(secret, instance) if ref.name in names else {}
        for key, record in sorted(records.items()):
            owner = record.get("credential", "")
            identity = search.identity(owner, ref.namespace)
            if owner and (identity, ref, key) not in mapped and record.get(RELEASED) != "true":
                policy = search.policy(identity, record.get(ENTRY_POLICY))
                yield Leftover("storage-config entry", ref, identity, key, policy)


def _of_accounts(search: _Search, observed: ObservedState, instance: Instance) -> Iterator[Leftover]:
    """Yield the annotations on ServiceAccounts whose credential has no target there (any more)."""
    wanted = {(placement.id, name) for placement in search.placements for name in placement.accounts}
    for ref, account in sorted(observed.survey.accounts.items()):
        recorded = account_policies(account, instance)
        for annotation, owner in sorted(account_record(account, instance).items()):
            identity = search.identity(owner, ref.namespace)
            if annotation in account.annotations and (identity, ref.name) not in wanted:
                yield Leftover(
                    "annotation", ref, identity, annotation, search.policy(identity, recorded.get(owner))
                )


def to_act_on(left: Collection[Leftover], mapped: Mapped, survey: Survey) -> tuple[Leftover, ...]:
    """Return what is left over and may be dealt with: nothing of a suspended credential or namespace."""
    suspended = {name for name, credential in mapped.credentials().items() if credential.suspended}
    paused = {
        name for name, namespace in survey.namespaces.items() if namespace.annotations.get(PAUSED) == "true"
    }
    return tuple(
        one
        for one in left
        if one.placement.credential not in suspended and one.placement.namespace not in paused
    )
