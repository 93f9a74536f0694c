"""plan --offline: what would be written, as far as that can be told without asking any store; pure.

Credentials that need no secret are planned as always. Of the others only a sketch is planned: it is known
where the Secret, the entry and the bindings go, and not what is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from syncd.kserve.detect import detection_order
from syncd.model.difference import Difference
from syncd.model.names import CREDENTIAL, TARGET, ObjectRef
from syncd.model.objects import (
    AccountAnnotation,
    Binding,
    DesiredAccount,
    DesiredEntry,
    DesiredSecret,
    DesiredState,
)
from syncd.model.secret import SecretValue
from syncd.sync.action import WriteEntry, WriteSecret
from syncd.sync.checks import Circumstances
from syncd.sync.guard import guard
from syncd.sync.leftovers import Mapped, leftovers
from syncd.sync.ownership import owner_of
from syncd.sync.plan import plan
from syncd.sync.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance, PlacementId
    from syncd.model.objects import ListName, ObservedState
    from syncd.sync.action import Action, Plan
    from syncd.sync.kserve_config import ConfigSeen
    from syncd.sync.place import Placed

_UNREAD: Final = Difference(records=frozenset({"unread"}))
_NO_KEY: Final = bytes(16)
_LISTS: Final[Mapping[str, ListName | None]] = {"dockerConfig": "imagePullSecrets", "opaque": None}
"""Kinds that are bound otherwise than by the list `secrets`."""

_Sketch: TypeAlias = "WriteSecret | WriteEntry"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something of ours that exists, and whose values nobody compared; `key` is the entry's, if it is one."""

    ref: ObjectRef
    placement: PlacementId
    key: str | None = None


@dataclass(frozen=True, slots=True)
class OfflinePlan:
    """The plan without values, and what could not be compared."""

    plan: Plan
    unread: tuple[Unread, ...]


def plan_offline(
    placed: Placed, observed: ObservedState, seen: ConfigSeen, instance: Instance
) -> OfflinePlan:
    """Return what would be created and bound, what is refused, and what was not compared.

    Args:
        placed: the placements of the mapping, and those that cannot be made.
        observed: the cluster, with all their targets.
        seen: the names of this cluster's KServe, and what is wrong with them.
        instance: whose objects are ours.

    """
    working = [placement for placement in placed.placements if not placement.suspended]
    keyless = [placement for placement in working if not placement.sources]
    sourced = [placement for placement in working if placement.sources]
    state, refused = render(keyless, {}, seen.config, addresses={})
    desired = DesiredState(
        {**state.secrets, **{placement.secret: _secret(placement, observed) for placement in sourced}},
        _merged([*state.accounts.values(), *_accounts(sourced, seen.config)]),
        {**state.entries, **_entries(sourced, seen.config)},
    )
    proposed = plan(desired, observed, instance=instance, digest_key=_NO_KEY)
    sketched = frozenset(placement.id for placement in sourced)
    actions = tuple(_without_values(action, sketched) for action in proposed.actions)
    ours_exist = any(owner_of(secret, instance) is not None for secret in observed.secrets.values())
    circumstances = Circumstances(instance, seen.config, seen.unreadable(ours_exist=ours_exist))
    guarded = guard(replace(proposed, actions=actions), observed, circumstances)
    unread = [action for action in guarded.actions if _is_unread(action)]
    mapped = Mapped(placed.placements, frozenset(refusal.placement for refusal in placed.refused))
    finished = replace(
        guarded.refusing((*placed.refused, *refused)),
        actions=tuple(action for action in guarded.actions if not _is_unread(action)),
        leftovers=leftovers(mapped, observed, (seen.config.storage_spec_secret_name,), instance),
    )
    return OfflinePlan(finished, tuple(_unread(action) for action in unread))


def _secret(placement: Placement, observed: ObservedState) -> DesiredSecret:
    have = observed.secrets.get(placement.secret)
    return DesiredSecret(
        ref=placement.secret,
        credential=placement.id.credential,
        type=have.type if have is not None else "",
        data={},
        annotations=placement.target.annotations,
        labels=placement.target.labels,
        records={TARGET: str(placement.secret), CREDENTIAL: placement.id.credential},
        detects_as=None,
        adopt=placement.target.adopt,
    )


def _accounts(placements: Iterable[Placement], config: KServeConfig) -> Iterable[DesiredAccount]:
    detected = {kind for _, kind in detection_order(config)}
    for placement in placements:
        credential, kind = placement.id.credential, placement.credential.kind.name
        list_name = _LISTS.get(kind, "secrets")
        binding = list_name and Binding(
            list_name, placement.secret.name, credential, kind if kind in detected else None
        )
        for name in placement.accounts:
            choice = placement.target.accounts
            yield DesiredAccount(
                ObjectRef(placement.id.namespace, name),
                (binding,) if binding else (),
                {
                    key: AccountAnnotation(value, credential)
                    for key, value in placement.account_annotations.items()
                },
                choice.create and name in choice.names,
            )


def _merged(accounts: Iterable[DesiredAccount]) -> dict[ObjectRef, DesiredAccount]:
    """Put together what all credentials want of each ServiceAccount; of two annotations the first counts."""
    merged: dict[ObjectRef, DesiredAccount] = {}
    for account in accounts:
        known = merged.get(account.ref, DesiredAccount(account.ref))
        merged[account.ref] = replace(
            known,
            bindings=(*known.bindings, *account.bindings),
            annotations={**account.annotations, **known.annotations},
            create=known.create or account.create,
        )
    return merged


def _entries(
    placements: Iterable[Placement], config: KServeConfig
) -> dict[tuple[ObjectRef, str], DesiredEntry]:
    entries = {}
    for placement in placements:
        if placement.entry is not None:
            where = ObjectRef(placement.id.namespace, config.storage_spec_secret_name)
            entries[where, placement.entry.key] = DesiredEntry(
                where,
                placement.entry.key,
                placement.id.credential,
                SecretValue(b""),
                {"credential": placement.id.credential},
                placement.target.adopt,
            )
    return entries


def _without_values(action: Action, sketched: frozenset[PlacementId]) -> Action:
    """Forget the difference of a sketch: it says nothing about what exists."""
    if isinstance(action, WriteSecret | WriteEntry) and sketched.issuperset(action.placements):
        return action if _creates(action) else replace(action, difference=_UNREAD)
    return action


def _creates(action: _Sketch) -> bool:
    if isinstance(action, WriteEntry):
        return action.have is None or action.want.key not in action.have.data
    return action.have is None


def _is_unread(action: Action) -> bool:
    return isinstance(action, WriteSecret | WriteEntry) and "unread" in action.difference.records


def _unread(action: Action) -> Unread:
    key = action.want.key if isinstance(action, WriteEntry) else None
    return Unread(action.ref, action.placements[0], key)
