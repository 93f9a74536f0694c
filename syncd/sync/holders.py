"""Who of two that want the same Secret or entry has it already, when no sweep before tells; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.cluster.interface import Scope
from syncd.model.names import ObjectRef
from syncd.sync.ownership import entries_of, owner_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedState


def scope_of(contested: Collection[Placement], storage_config: str) -> Scope:
    """Return what has to be looked at to tell.

    Args:
        contested: the placements that were refused a name.
        storage_config: the name of the Secrets with entries.

    """
    return Scope(
        secrets=frozenset(placement.secret for placement in contested),
        entries=frozenset(
            ObjectRef(placement.id.namespace, storage_config)
            for placement in contested
            if placement.entry is not None
        ),
        accounts=frozenset(),
    )


def holders(
    contested: Collection[Placement], observed: ObservedState, instance: Instance, storage_config: str
) -> tuple[Placement, ...]:
    """Return those that the records in the cluster name as the owner of their Secret or of their entry.

    Args:
        contested: the placements that were refused a name.
        observed: their Secrets, and the Secrets with entries of their namespaces.
        instance: whose records count.
        storage_config: the name of the Secrets with entries.

    """
    return tuple(one for one in contested if _holds(one, observed, instance, storage_config))


def _holds(placement: Placement, observed: ObservedState, instance: Instance, storage_config: str) -> bool:
    secret = observed.secrets.get(placement.secret)
    if secret is not None and owner_of(secret, instance) == placement.id.credential:
        return True
    entries = observed.secrets.get(ObjectRef(placement.id.namespace, storage_config))
    if placement.entry is None or entries is None:
        return False
    record = entries_of(entries, instance).get(placement.entry.key, {})
    return record.get("credential") == placement.id.credential
