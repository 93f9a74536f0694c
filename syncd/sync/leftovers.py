"""What is ours in the cluster and no longer in the mapping: reported, and left as it is; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.difference import bound_to
from syncd.model.names import CredentialId, ObjectRef, PlacementId
from syncd.sync.action import Leftover
from syncd.sync.ownership import account_record, entries_of, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedSecret, ObservedState


def leftovers(
    placements: Iterable[Placement], observed: ObservedState, config: KServeConfig, instance: Instance
) -> tuple[Leftover, ...]:
    """Return Secrets, entries, bindings and annotations that no placement asks for.

    Args:
        placements: all that the mapping has, due or not.
        observed: every Secret with our label, every ServiceAccount; entries only of the `storage-config`
            Secrets that it has.
        config: for the name of `storage-config`.
        instance: whose objects are ours.

    """
    mapped = {(placement.id.credential, placement.secret): placement for placement in placements}
    entries = {
        (ObjectRef(placement.id.namespace, config.storage_spec_secret_name), placement.entry.key): placement
        for placement in mapped.values()
        if placement.entry is not None
    }
    found: list[Leftover] = []
    for ref, secret in sorted(observed.secrets.items()):
        owner = owner_of(secret, instance)
        if owner is not None:
            found += _of_secret(secret, owner, mapped.get((owner, ref)))
        for key, record in entries_of(secret, instance).items():
            if (ref, key) not in entries:
                credential = CredentialId(record.get("credential", ""))
                found.append(
                    Leftover("storage-config entry", ref, key, PlacementId(credential, ref.namespace))
                )
    return (*found, *_of_accounts(mapped.values(), observed, instance))


def _of_accounts(
    placements: Iterable[Placement], observed: ObservedState, instance: Instance
) -> Iterator[Leftover]:
    """Yield the annotations on ServiceAccounts whose credential has no target there (any more)."""
    wanted = {(placement.id, name) for placement in placements for name in placement.accounts}
    for ref, account in sorted(observed.survey.accounts.items()):
        for annotation, credential in sorted(account_record(account, instance).items()):
            identity = PlacementId(credential, ref.namespace)
            if annotation in account.annotations and (identity, ref.name) not in wanted:
                yield Leftover("ServiceAccount", ref, f"still has annotation {annotation}", identity)


def _of_secret(
    secret: ObservedSecret, owner: CredentialId, placement: Placement | None
) -> Iterator[Leftover]:
    identity = PlacementId(owner, secret.ref.namespace)
    if placement is None:
        yield Leftover("Secret", secret.ref, f"of credential {owner}", identity)
        return
    for name in sorted(bound_to(secret.annotations)):
        account = name.partition("/")[2]
        if account not in placement.accounts:
            yield Leftover(
                "ServiceAccount",
                ObjectRef(secret.ref.namespace, account),
                f"still lists {secret.ref.name}",
                identity,
            )
