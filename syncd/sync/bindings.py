"""Which parts of a plan would break what is on a ServiceAccount, or each other; pure (rule 10)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from syncd.kserve.conflicts import EXCLUSIVE, Clash, Occupant, clashes, role
from syncd.kserve.detect import ROLE_ARN, detect
from syncd.model.names import ObjectRef
from syncd.sync.action import WriteSecret
from syncd.sync.ownership import account_record, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.names import CredentialId, Instance
    from syncd.model.objects import ObservedAccount, ObservedState
    from syncd.sync.action import PatchAccount, Plan


def changes_of_kind(
    plan: Plan, observed: ObservedState, config: KServeConfig
) -> dict[ObjectRef, WriteSecret]:
    """Return the Secrets that would be, and are not yet, of a kind that a ServiceAccount can have once."""
    found = {}
    for action in plan.actions:
        if not isinstance(action, WriteSecret) or action.want.detects_as not in EXCLUSIVE:
            continue
        have = observed.secrets.get(action.ref)
        if have is None or detect(have.data, config) != action.want.detects_as:
            found[action.ref] = action
    return found


def clashing(
    action: PatchAccount,
    becoming: Mapping[ObjectRef, WriteSecret],
    observed: ObservedState,
    config: KServeConfig,
    instance: Instance,
) -> tuple[Clash, ...]:
    """Return the newcomers among bindings and annotations that must be refused, foreign Secrets counted.

    Whatever may yet be refused counts as if it were done and as if it were not: a listed Secret that is
    `becoming` another kind is both, and one whose place is taken makes room for its successor alone.
    """
    bound = _bound(action.have, observed, config, instance) if action.have is not None else []
    leaving = {each.secret for each in action.unbind} | (action.unset.keys() & {ROLE_ARN})
    bound = [occupant for occupant in bound if occupant.name not in leaving]
    bound += [
        Occupant(occupant.name, write.want.detects_as, write.want.credential)
        for occupant in tuple(bound)
        if (write := becoming.get(ObjectRef(action.ref.namespace, occupant.name))) is not None
    ]
    found: list[Clash] = []
    for newcomer, predecessor in _newcomers(action):
        there = [occupant for occupant in bound if occupant.name != predecessor]
        clash = clashes(there, [newcomer])
        found += clash
        if not clash:
            bound.append(newcomer)
    return tuple(found)


def _newcomers(action: PatchAccount) -> list[tuple[Occupant, str | None]]:
    """Return what would be added and whose place it takes; those that have a place already come first."""
    newcomers = [
        (Occupant(binding.secret, binding.detects_as, binding.credential), binding.replaces)
        for binding in action.bind
        if binding.list_name == "secrets"
    ]
    newcomers.sort(key=lambda newcomer: newcomer[1] is None)
    annotation = action.annotations.get(ROLE_ARN)
    return newcomers if annotation is None else [*newcomers, (role(annotation.credential), None)]


def changing_kind(
    becoming: Mapping[ObjectRef, WriteSecret],
    observed: ObservedState,
    config: KServeConfig,
    instance: Instance,
) -> Iterator[tuple[WriteSecret, ObjectRef, Clash]]:
    """Yield the Secrets that are listed already and would become what another there is; the first wins."""
    listing = _listing(observed.survey.accounts.values()) if becoming else {}
    taken: dict[tuple[ObjectRef, str], Occupant] = {}
    for action in becoming.values():
        kind = action.want.detects_as
        if kind is None:
            continue
        newcomer = Occupant(action.ref.name, kind, action.want.credential)
        for account in listing.get(action.ref, ()):
            holder = next(
                (
                    occupant
                    for occupant in _bound(account, observed, config, instance)
                    if occupant.kind == kind and occupant.name != newcomer.name
                ),
                taken.setdefault((account.ref, kind), newcomer),
            )
            if holder.name != newcomer.name:
                yield action, account.ref, Clash(newcomer, holder, kind)


def _listing(accounts: Iterable[ObservedAccount]) -> Mapping[ObjectRef, list[ObservedAccount]]:
    """Return who lists each Secret."""
    listing: defaultdict[ObjectRef, list[ObservedAccount]] = defaultdict(list)
    for account in accounts:
        for name in dict.fromkeys(account.names("secrets")):
            listing[ObjectRef(account.ref.namespace, name)].append(account)
    return listing


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
