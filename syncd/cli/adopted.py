"""Targets whose `adopt: true` has done its work, so that nobody leaves the permission standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.names import ObjectRef
from syncd.model.objects import names
from syncd.sync.ownership import entries_of, owner_of

if TYPE_CHECKING:
    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedState
    from syncd.sync.sweep import Swept


def adoptions_done(swept: Swept, instance: Instance) -> list[str]:
    """Return a warning for each target with `adopt` of which everything is ours already."""
    config = swept.wanted.config.config.storage_spec_secret_name
    waiting: dict[str, bool] = {}
    for placement in swept.wanted.due:
        if placement.target.adopt:
            where = str(placement.target.origin or placement.credential.origin)
            done = _is_ours(placement, swept.observed, config, instance)
            waiting[where] = waiting.get(where, False) or not done
    return [
        f"{where}: adopt has done its work; take it away, so that nothing else is taken over"
        for where, still in waiting.items()
        if not still
    ]


def _is_ours(placement: Placement, observed: ObservedState, config: str, instance: Instance) -> bool:
    ours = names(placement.id.credential, placement.credential.renamed_from)
    secret = observed.secrets.get(placement.secret)
    if secret is None or owner_of(secret, instance) not in ours:
        return False
    if placement.entry is None:
        return True
    entries = observed.secrets.get(ObjectRef(placement.id.namespace, config))
    record = {} if entries is None else entries_of(entries, instance).get(placement.entry.key, {})
    return record.get("credential") in ours
