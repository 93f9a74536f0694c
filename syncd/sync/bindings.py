"""Which parts of a ServiceAccount's patch would break what is there, or each other; pure (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.kserve.conflicts import Occupant, clashes, role
from syncd.kserve.detect import ROLE_ARN, detect
from syncd.model.names import ObjectRef
from syncd.sync.ownership import account_record, owner_of

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig
    from syncd.kserve.conflicts import Clash
    from syncd.model.names import CredentialId, Instance
    from syncd.model.objects import ObservedAccount, ObservedState
    from syncd.sync.action import PatchAccount


def clashing(
    action: PatchAccount, observed: ObservedState, config: KServeConfig, instance: Instance
) -> tuple[Clash, ...]:
    """Return the newcomers among bindings and annotations that must be refused, foreign Secrets counted."""
    bound = _bound(action.have, observed, config, instance) if action.have is not None else []
    wanted = [
        Occupant(binding.secret, binding.detects_as, binding.credential)
        for binding in action.bind
        if binding.list_name == "secrets"
    ]
    annotation = action.annotations.get(ROLE_ARN)
    if annotation is not None:
        wanted.append(role(annotation.credential))
    return clashes(bound, wanted)


def _bound(
    have: ObservedAccount, observed: ObservedState, config: KServeConfig, instance: Instance
) -> list[Occupant]:
    occupants = [
        _occupant(ObjectRef(have.ref.namespace, name), observed, config, instance)
        for name in have.names("secrets")
    ]
    if ROLE_ARN in have.annotations:
        owner: CredentialId | None = account_record(have, instance).get(ROLE_ARN)
        occupants.append(role(owner))
    return occupants


def _occupant(ref: ObjectRef, observed: ObservedState, config: KServeConfig, instance: Instance) -> Occupant:
    secret = observed.secrets.get(ref)
    if secret is None:
        return Occupant(ref.name, None)
    return Occupant(ref.name, detect(secret.data, config), owner_of(secret, instance))
