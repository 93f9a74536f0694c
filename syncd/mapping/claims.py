"""Who may have a Secret, an entry or a place on a ServiceAccount, when two ask for it.

The claim in force wins and the newcomer is refused; of two newcomers the first. Who moves away sets free what
it had, and two that want to swap are both refused, since neither can go first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from syncd.kserve.conflicts import EXCLUSIVE
from syncd.mapping import placeholders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from syncd.mapping.credential import Credential, Placement, Target
    from syncd.model.names import Origin, PlacementId

Owner = TypeVar("Owner")

_ROLE: Final = "roleArn"


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """One thing in a namespace that only one may have.

    `name` is that of the Secret, the key of the entry, the ServiceAccount and kind (`models: s3`), or the
    ServiceAccount and annotation.
    """

    what: Literal["Secret", "storage-config entry", "place on ServiceAccount", "annotation of ServiceAccount"]
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return how messages call it."""
        return f"{self.what} {self.name} in namespace {self.namespace}"


def settle(
    wanted: Mapping[Owner, Collection[Claim]], in_force: Mapping[Owner, Collection[Claim]]
) -> dict[Owner, dict[Claim, Owner]]:
    """Return who is refused, and for each claim that is taken who has it.

    Args:
        wanted: in the order of the mapping; all claims of an owner are granted, or none.
        in_force: what each owner has until its new claims are granted. Those who no longer want anything
            have nothing.

    """
    granted: dict[Owner, Collection[Claim]] = {
        owner: claims for owner, claims in in_force.items() if owner in wanted
    }
    holders: dict[Claim, Owner] = {claim: owner for owner, claims in granted.items() for claim in claims}
    waiting = list(wanted)
    while True:
        left = [owner for owner in waiting if not _grant(owner, wanted[owner], granted, holders)]
        if len(left) == len(waiting):
            break
        waiting = left
    return {
        owner: {claim: holders[claim] for claim in wanted[owner] if holders.get(claim, owner) != owner}
        for owner in waiting
    }


def _grant(
    owner: Owner,
    claims: Collection[Claim],
    granted: dict[Owner, Collection[Claim]],
    holders: dict[Claim, Owner],
) -> bool:
    if any(holders.get(claim, owner) != owner for claim in claims):
        return False
    for claim in granted.get(owner, ()):
        if holders[claim] == owner:
            del holders[claim]
    granted[owner] = claims
    holders.update(dict.fromkeys(claims, owner))
    return True


def of_credential(credential: Credential) -> dict[Claim, Origin]:
    """Return what a credential claims in the namespaces that it names, and which target does.

    What is selected by label, and entries whose key holds a namespace's label, are known per placement only.
    """
    return {
        claim: target.origin or credential.origin
        for target in credential.targets
        for namespace in target.namespaces or ()
        for claim in _of_target(credential, target, namespace)
    }


def _of_target(credential: Credential, target: Target, namespace: str) -> Iterator[Claim]:
    entry = target.storage_config
    key = placeholders.for_namespace(entry.key, namespace) if entry is not None else None
    if key is not None and placeholders.present(key):
        key = None
    yield from _claims(credential, target.secret, key, namespace)
    yield from _of_accounts(credential, target.accounts.names, namespace, target.account_annotations)


def of_placement(placement: Placement) -> frozenset[Claim]:
    """Return what a placement claims: its Secret and its entry."""
    entry = placement.entry
    namespace = placement.id.namespace
    key = entry.key if entry is not None else None
    return frozenset(_claims(placement.credential, placement.secret.name, key, namespace))


def keyless(credential: Credential) -> bool:
    """Tell whether a credential is a role: annotations of ServiceAccounts, and no Secret."""
    return _ROLE in credential.settings


def _claims(credential: Credential, secret: str, key: str | None, namespace: str) -> Iterator[Claim]:
    if not keyless(credential):
        yield Claim("Secret", namespace, secret)
    if key is not None:
        yield Claim("storage-config entry", namespace, key)


def _of_accounts(
    credential: Credential, accounts: Collection[str], namespace: str, annotations: Collection[str]
) -> Iterator[Claim]:
    for account in accounts:
        if credential.kind.name in EXCLUSIVE:
            yield Claim("place on ServiceAccount", namespace, f"{account}: {credential.kind.name}")
        for annotation in annotations:
            yield Claim("annotation of ServiceAccount", namespace, f"{account}: {annotation}")


def conflicts(
    placements: Collection[Placement], in_force: Collection[Placement] = ()
) -> dict[PlacementId, dict[Claim, PlacementId]]:
    """Return the placements that want a Secret or an entry that another one has, and who has it.

    Places on ServiceAccounts are not looked at: there a binding is refused, and the placement goes on.

    Args:
        placements: in the order of the mapping.
        in_force: those of the sweep before.

    """
    wanted = {placement.id: of_placement(placement) for placement in placements}
    return settle(wanted, {placement.id: of_placement(placement) for placement in in_force})
