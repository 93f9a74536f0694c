"""What is ours in the cluster and no longer in the mapping; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.model.difference import bound_to
from syncd.model.names import WHEN_UNMAPPED, CredentialId, ObjectRef, PlacementId
from syncd.sync.action import Leftover
from syncd.sync.ownership import account_policies, account_record, entries_of, owner_of
from syncd.sync.records import ENTRY_POLICY, RELEASED, policy_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedSecret, ObservedState


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the mapping asks for, and what it cannot say right now.

    `untold` are placements that cannot be made at the moment, `refused` credentials that are in the text and
    not in force: nothing of theirs is left over.
    """

    placements: tuple[Placement, ...]
    untold: frozenset[PlacementId] = frozenset()
    refused: frozenset[CredentialId] = frozenset()

    def knows(self, identity: PlacementId) -> bool:
        """Tell whether this placement is mapped, though nothing can be said about its objects now."""
        return identity in self.untold or identity.credential in self.refused


def leftovers(
    mapped: Mapped, observed: ObservedState, config: KServeConfig, instance: Instance
) -> tuple[Leftover, ...]:
    """Return Secrets, entries, bindings and annotations that no placement asks for.

    Args:
        mapped: all that the mapping has, due or not.
        observed: every Secret with our label, every ServiceAccount; entries only of the `storage-config`
            Secrets that it has.
        config: for the name of `storage-config`.
        instance: whose objects are ours.

    """
    found = (
        *_of_secrets(mapped.placements, observed, instance),
        *_of_entries(mapped.placements, observed, config, instance),
        *_of_accounts(mapped.placements, observed, instance),
    )
    return tuple(left for left in found if not mapped.knows(left.placement))


def _of_secrets(
    placements: Collection[Placement], observed: ObservedState, instance: Instance
) -> Iterator[Leftover]:
    mapped = {
        (credential, placement.secret): placement
        for placement in placements
        for credential in _names(placement)
    }
    for ref, secret in sorted(observed.secrets.items()):
        owner = owner_of(secret, instance)
        if owner is None:
            continue
        placement = mapped.get((owner, ref))
        identity = PlacementId(owner, ref.namespace)
        if placement is None:
            yield Leftover("Secret", ref, identity, policy=policy_of(secret.annotations.get(WHEN_UNMAPPED)))
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
    placements: Collection[Placement], observed: ObservedState, config: KServeConfig, instance: Instance
) -> Iterator[Leftover]:
    mapped = {
        (ObjectRef(placement.id.namespace, config.storage_spec_secret_name), placement.entry.key, credential)
        for placement in placements
        if placement.entry is not None
        for credential in _names(placement)
    }
    policies = {placement.id: placement.credential.deletion.when_unmapped for placement in placements}
    for ref, secret in sorted(observed.secrets.items()):
        for key, record in sorted(entries_of(secret, instance).items()):
            owner = CredentialId(record.get("credential", ""))
            identity = PlacementId(owner, ref.namespace)
            if owner and (ref, key, owner) not in mapped and record.get(RELEASED) != "true":
                policy = policies.get(identity, policy_of(record.get(ENTRY_POLICY)))
                yield Leftover("storage-config entry", ref, identity, key, policy)


def _of_accounts(
    placements: Collection[Placement], observed: ObservedState, instance: Instance
) -> Iterator[Leftover]:
    """Yield the annotations on ServiceAccounts whose credential has no target there (any more)."""
    wanted = {
        (PlacementId(credential, placement.id.namespace), name)
        for placement in placements
        for name in placement.accounts
        for credential in _names(placement)
    }
    policies = {placement.id: placement.credential.deletion.when_unmapped for placement in placements}
    for ref, account in sorted(observed.survey.accounts.items()):
        recorded = account_policies(account, instance)
        for annotation, owner in sorted(account_record(account, instance).items()):
            identity = PlacementId(owner, ref.namespace)
            if annotation in account.annotations and (identity, ref.name) not in wanted:
                policy = policies.get(identity, policy_of(recorded.get(owner)))
                yield Leftover("annotation", ref, identity, annotation, policy)


def _names(placement: Placement) -> tuple[CredentialId, ...]:
    """Return what the credential is called, and what it was called before."""
    before = placement.credential.renamed_from
    return (placement.id.credential,) if before is None else (placement.id.credential, before)
