"""Whether what takes the place of something is there already: the old goes only after that; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.kserve.detect import ROLE_ARN
from syncd.mapping.claims import keyless
from syncd.model.names import ObjectRef
from syncd.model.objects import LIST_NAMES, names
from syncd.sync.action import PatchAccount
from syncd.sync.ownership import account_record, entries_of, owner_of
from syncd.sync.records import RELEASED

if TYPE_CHECKING:
    from syncd.mapping.credential import Placement
    from syncd.model.names import CredentialId, Instance
    from syncd.model.objects import ObservedState
    from syncd.sync.action import Plan


@dataclass(frozen=True, slots=True)
class Successors:
    """What the cluster has of the placements of a mapping.

    Something of the same name that is not recorded for the credential is none of it: it was refused.
    """

    plan: Plan
    observed: ObservedState
    storage_config: str
    instance: Instance

    def has_secret(self, placement: Placement) -> bool:
        """Tell whether the Secret is there; of a role there is none to wait for."""
        if keyless(placement.credential):
            return True
        have = self.observed.secrets.get(placement.secret)
        return have is not None and owner_of(have, self.instance) in _names(placement)

    def has_entry(self, placement: Placement) -> bool:
        """Tell whether the entry is there, where the placement has one."""
        if placement.entry is None:
            return True
        have = self.observed.secrets.get(ObjectRef(placement.id.namespace, self.storage_config))
        if have is None or placement.entry.key not in have.data:
            return False
        record = entries_of(have, self.instance).get(placement.entry.key, {})
        return record.get("credential") in _names(placement) and RELEASED not in record

    def stands_on(self, placement: Placement, account: str) -> bool:
        """Tell whether the ServiceAccount has the credential, or gets it in the patch that is planned."""
        ref = ObjectRef(placement.id.namespace, account)
        have = self.observed.survey.accounts.get(ref)
        if keyless(placement.credential):
            return account_record(have, self.instance).get(ROLE_ARN) in _names(placement) or any(
                isinstance(action, PatchAccount)
                and action.ref == ref
                and ROLE_ARN in action.annotations
                and action.annotations[ROLE_ARN].credential == placement.id.credential
                for action in self.plan.actions
            )
        return have is not None and any(placement.secret.name in have.names(each) for each in LIST_NAMES)


def _names(placement: Placement) -> frozenset[CredentialId]:
    return names(placement.id.credential, placement.credential.renamed_from)
