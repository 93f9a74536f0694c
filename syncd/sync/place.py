"""place: credentials and namespaces become placements, placeholders filled in; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds.interface import EntrySettings
from syncd.mapping.claims import conflicts
from syncd.mapping.credential import Placement
from syncd.mapping.placeholders import PlaceholderError, fill
from syncd.mapping.secret_paths import allowed
from syncd.model.names import PAUSED, ObjectRef, PlacementId
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from syncd.mapping.claims import Claim
    from syncd.mapping.credential import AccountChoice, Credential, Source, Target
    from syncd.mapping.settings import StoreSettings
    from syncd.model.objects import ObservedNamespace, Survey
    from syncd.model.secret import SecretRef, StoreName

RESERVED: Final = ("kube-", "openshift-")
"""Namespaces that no selector ever matches, with the daemon's own."""
OUTSIDE_REMEDY: Final = "Correct the secret's name, or extend allowedSecrets"


@dataclass(frozen=True, slots=True)
class Placed:
    """The placements of a mapping in a cluster, and those that cannot be made.

    `contested` are those among the refused that want a Secret or an entry which another one got.
    """

    placements: tuple[Placement, ...]
    refused: tuple[Refusal, ...]
    contested: tuple[Placement, ...] = ()


def place(
    credentials: Iterable[Credential],
    survey: Survey,
    stores: Mapping[StoreName, StoreSettings],
    *,
    own_namespace: str,
    in_force: Collection[Placement] = (),
) -> Placed:
    """Return one placement for each credential and namespace, in the order of the mapping.

    Args:
        credentials: of the accepted mapping.
        survey: namespaces and ServiceAccounts as they are now.
        stores: for `allowedSecrets`, which is checked after placeholders are filled in.
        own_namespace: the daemon's; no selector matches it.
        in_force: the placements of the sweep before: who has a Secret or an entry keeps it.

    """
    placements: dict[PlacementId, Placement] = {}
    refused: list[Refusal] = []
    for credential in credentials:
        for target in credential.targets:
            for namespace in namespaces_of(target, survey, own_namespace):
                placed = _placement(credential, target, namespace, survey, stores)
                if isinstance(placed, Refusal):
                    refused.append(placed)
                elif placed.id in placements:
                    refused.append(_twice(placed))
                else:
                    placements[placed.id] = placed
    taken = conflicts(placements.values(), in_force)
    refused += [_taken(placements[identity], holders) for identity, holders in taken.items()]
    return Placed(
        tuple(one for identity, one in placements.items() if identity not in taken),
        tuple(refused),
        tuple(placements[identity] for identity in taken),
    )


def namespaces_of(target: Target, survey: Survey, own_namespace: str) -> Iterator[str]:
    """Yield the namespaces that a target names, there or not, or those that its selector matches."""
    if target.namespaces is not None:
        yield from target.namespaces
        return
    for name, namespace in sorted(survey.namespaces.items()):
        reserved = name == own_namespace or name.startswith(RESERVED)
        if not reserved and target.selector is not None and target.selector.matches(namespace.labels):
            yield name


def _placement(
    credential: Credential,
    target: Target,
    namespace: str,
    survey: Survey,
    stores: Mapping[StoreName, StoreSettings],
) -> Placement | Refusal:
    identity = PlacementId(credential.id, namespace)
    observed = survey.namespaces.get(namespace)
    if observed is None:
        return _refusal(
            identity, target, Reason.NAMESPACE_MISSING, "does not exist", "Create it, or correct the mapping"
        )
    try:
        filled = _filled(credential, target, observed)
    except PlaceholderError as error:
        return _refusal(identity, target, Reason.MAPPING_INVALID, str(error), "Label the namespace")
    beyond = outside(filled.sources.values(), stores)
    if beyond is not None:
        return _refusal(identity, target, Reason.FORBIDDEN, outside_text(beyond.ref), OUTSIDE_REMEDY)
    return replace(filled, accounts=_accounts(target.accounts, namespace, survey))


def _filled(credential: Credential, target: Target, namespace: ObservedNamespace) -> Placement:
    def text(value: str) -> str:
        return fill(value, namespace.name, namespace.labels)

    entry = target.storage_config
    if entry is not None:
        bucket = text(entry.bucket) if entry.bucket is not None else None
        entry = EntrySettings(text(entry.key), bucket)
    return Placement(
        id=PlacementId(credential.id, namespace.name),
        credential=credential,
        target=target,
        secret=ObjectRef(namespace.name, target.secret),
        accounts=(),
        sources=sources_in(credential, namespace.name, namespace.labels),
        settings={name: text(value) for name, value in credential.settings.items()},
        account_annotations={name: text(value) for name, value in target.account_annotations.items()},
        entry=entry,
        suspended=credential.suspended or namespace.annotations.get(PAUSED) == "true",
    )


def sources_in(credential: Credential, namespace: str, labels: Mapping[str, str]) -> dict[str, Source]:
    """Return field → source in a namespace with these labels, placeholders filled in.

    Raises:
        PlaceholderError: when a placeholder has no value there.

    """
    return {
        name: replace(source, ref=replace(source.ref, secret=fill(source.ref.secret, namespace, labels)))
        for name, source in credential.sources.items()
    }


def outside_text(ref: SecretRef) -> str:
    """Say of a secret that `allowedSecrets` keeps it from being read."""
    return f"{ref} is outside allowedSecrets of store {ref.store}"


def outside(sources: Iterable[Source], stores: Mapping[StoreName, StoreSettings]) -> Source | None:
    """Return the first source that its store's `allowedSecrets` does not allow."""
    for source in sources:
        store = stores.get(source.ref.store)
        if store is not None and not allowed(source.ref.secret, store.allowed_secrets):
            return source
    return None


def _accounts(choice: AccountChoice, namespace: str, survey: Survey) -> tuple[str, ...]:
    """Return the chosen ServiceAccounts: the named ones first, in their order, there or not."""
    names = dict.fromkeys(choice.names)
    if choice.selector is not None:
        names |= dict.fromkeys(
            ref.name
            for ref, account in sorted(survey.accounts.items())
            if ref.namespace == namespace and choice.selector.matches(account.labels)
        )
    return tuple(names)


def _taken(placement: Placement, holders: Mapping[Claim, PlacementId]) -> Refusal:
    claim, holder = next(iter(holders.items()))
    return _refusal(
        placement.id,
        placement.target,
        Reason.CLAIMED_BY,
        f"{claim} belongs to credential {holder.credential}",
        "Give one of the two another name, or other namespaces",
    )


def _twice(placement: Placement) -> Refusal:
    return _refusal(
        placement.id,
        placement.target,
        Reason.CONFLICT,
        f"two targets of {placement.id.credential} match it; the first one holds",
        "Let only one target of a credential match a namespace",
    )


def _refusal(identity: PlacementId, target: Target, reason: Reason, message: str, remedy: str) -> Refusal:
    return Refusal(identity, reason, f"namespace {identity.namespace}", message, remedy, target.origin)
