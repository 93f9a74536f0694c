"""needs: which remote secrets a mapping reads, as far as that can be told without any store; pure.

A secret whose name has no placeholder is known whatever the cluster is like, or where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.mapping.credential import Placement
from syncd.mapping.placeholders import PlaceholderError, for_namespace, present
from syncd.model.names import PAUSED, CredentialId, ObjectRef, PlacementId
from syncd.model.objects import EMPTY
from syncd.model.reasons import Reason
from syncd.sync.place import namespaces_of, sources_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.mapping.credential import Credential, Source, Target
    from syncd.model.names import Origin
    from syncd.model.objects import ObservedNamespace, Survey
    from syncd.model.secret import SecretRef


@dataclass(frozen=True, slots=True)
class Need:
    """The secrets that one credential reads, alike in all of these namespaces.

    `placement` has nothing but what it takes to read and to render the secrets. `namespaces` are those that
    are known, none for a selector without a cluster. `suspended` says that nobody reads them now. Not
    `whole`: the names of others of its secrets are not known, so that it cannot be rendered.
    """

    placement: Placement
    namespaces: tuple[str, ...]
    suspended: bool
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Secrets that cannot be asked for, since placeholders in their names have no value.

    `secrets` are as the mapping writes them. `reason` is None where nothing is amiss: no namespace matches.
    """

    credential: CredentialId
    secrets: tuple[SecretRef, ...]
    reason: Reason | None
    message: str
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class Needs:
    """All that a mapping reads."""

    known: tuple[Need, ...]
    unnamed: tuple[Unnamed, ...]

    @property
    def refs(self) -> frozenset[SecretRef]:
        """Each secret once."""
        return frozenset(ref for need in self.known for ref in need.placement.refs)


def has_placeholders(credential: Credential) -> bool:
    """Tell whether the cluster's namespaces decide which secrets it reads."""
    return any(present(source.ref.secret) for source in credential.sources.values())


def needs(credentials: Iterable[Credential], survey: Survey | None, *, own_namespace: str) -> Needs:
    """Return what the credentials read, each set of secrets once.

    Args:
        credentials: of the accepted mapping.
        survey: namespaces as they are now; None when no cluster was asked.
        own_namespace: the daemon's; no selector matches it.

    """
    known: dict[tuple[object, ...], Need] = {}
    unnamed: dict[Unnamed, None] = {}
    for credential in credentials:
        for target in credential.targets if credential.sources else ():
            for found in _of_target(credential, target, survey, own_namespace):
                if isinstance(found, Unnamed):
                    unnamed[found] = None
                    continue
                key = (credential.id, *(source.ref for source in found.placement.sources.values()))
                known[key] = _together(known[key], found) if key in known else found
    return Needs(tuple(known.values()), tuple(unnamed))


def _together(one: Need, other: Need) -> Need:
    namespaces = tuple(dict.fromkeys((*one.namespaces, *other.namespaces)))
    return Need(one.placement, namespaces, one.suspended and other.suspended, one.whole or other.whole)


def _of_target(
    credential: Credential, target: Target, survey: Survey | None, own_namespace: str
) -> Iterator[Need | Unnamed]:
    names = target.namespaces or ()
    if survey is not None:
        names = tuple(namespaces_of(target, survey, own_namespace))
    if not names:
        yield from _anywhere(credential, target, survey)
    for name in names:
        yield from _in_namespace(credential, target, name, survey)


def _anywhere(credential: Credential, target: Target, survey: Survey | None) -> Iterator[Need | Unnamed]:
    """Yield what can be told of a selector that matches nothing, or nothing that is known."""
    if not has_placeholders(credential):
        yield _need(credential, target, credential.sources, None)
    elif survey is None:
        yield from _without(credential, target, Reason.CLUSTER_UNAVAILABLE, "needs the cluster's namespaces")
    else:
        yield from _without(credential, target, None, "no namespace matches its selector")


def _in_namespace(
    credential: Credential, target: Target, name: str, survey: Survey | None
) -> Iterator[Need | Unnamed]:
    namespace = survey.namespaces.get(name) if survey is not None else None
    by_label = any(present(for_namespace(source.ref.secret, name)) for source in credential.sources.values())
    if namespace is None and by_label:
        missing = survey is not None
        yield from _without(
            credential,
            target,
            Reason.NAMESPACE_MISSING if missing else Reason.CLUSTER_UNAVAILABLE,
            f"needs the labels of namespace {name}" + (", which does not exist" if missing else ""),
        )
        return
    try:
        sources = sources_in(credential, name, namespace.labels if namespace is not None else EMPTY)
    except PlaceholderError as error:
        yield from _without(credential, target, Reason.MAPPING_INVALID, str(error))
        return
    yield _need(credential, target, sources, namespace, name)


def _without(
    credential: Credential, target: Target, reason: Reason | None, message: str
) -> Iterator[Need | Unnamed]:
    """Yield what cannot be asked for, and what of the same credential can be."""
    refs = sorted({source.ref for source in credential.sources.values()})
    unnamed = tuple(ref for ref in refs if present(ref.secret))
    yield Unnamed(credential.id, unnamed, reason, message, target.origin)
    rest = {name: each for name, each in credential.sources.items() if each.ref not in unnamed}
    if rest:
        yield _need(credential, target, rest, None, whole=False)


def _need(
    credential: Credential,
    target: Target,
    sources: Mapping[str, Source],
    namespace: ObservedNamespace | None,
    name: str = "",
    *,
    whole: bool = True,
) -> Need:
    paused = namespace is not None and namespace.annotations.get(PAUSED) == "true"
    placement = Placement(
        id=PlacementId(credential.id, name),
        credential=credential,
        target=target,
        secret=ObjectRef(name, target.secret),
        accounts=(),
        sources=sources,
        settings=credential.settings,
        account_annotations=EMPTY,
        entry=None,
        suspended=credential.suspended or paused,
    )
    return Need(placement, (name,) if name else (), placement.suspended, whole)
