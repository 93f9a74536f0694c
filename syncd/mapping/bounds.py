"""What the credentials of an included file may not do, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from syncd.mapping import placeholders
from syncd.mapping.secret_paths import allowed
from syncd.mapping.sources import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from syncd.mapping.credential import Credential, Source, Target
    from syncd.mapping.settings import Bounds, StoreSettings
    from syncd.mapping.tree import Path
    from syncd.model.secret import StoreName

_ROLE: Final = "roleArn"
_LOCAL: Final = frozenset({"kubernetes", "file"})
"""Types of stores that read what the daemon itself can see: other teams' Secrets, its own files."""

_MOVE: Final = "put the credential into the mapping itself"
_ENDS_A_PATH: Final = frozenset("?#")
"""What ends the path of a URL: a server would read another secret than the one that was matched."""


def bound_findings(
    credential: Credential, bounds: Bounds, stores: Mapping[StoreName, StoreSettings | None]
) -> Iterator[Finding]:
    """Return what a credential of an included file does that the include does not allow.

    Args:
        credential: with its placeholders still in it; each is filled in for every namespace that it names.
        bounds: of the include, as the mapping has them now.
        stores: of the mapping; None for one that is there and not right.

    """
    if _ROLE in credential.settings:
        message = "a role is an annotation of ServiceAccounts, which an included file may not set"
        yield Finding((credential.kind.name, _ROLE), message, _MOVE)
    for index, target in enumerate(credential.targets):
        yield from _target_findings(target, ("to", index), bounds)
    namespaces = [name for target in credential.targets for name in target.namespaces or ()]
    for field, source in credential.sources.items():
        path: Path = (credential.kind.name, *field.split("."))
        yield from _source_findings(source, path, namespaces, bounds, stores)


def _target_findings(target: Target, path: Path, bounds: Bounds) -> Iterator[Finding]:
    selects = "selects by label, and an included file names what it means"
    if target.selector is not None:
        yield Finding((*path, "namespaceSelector"), selects, "write namespaces")
    if target.accounts.selector is not None:
        yield Finding((*path, "serviceAccountSelector"), selects, "write serviceAccounts")
    if target.account_annotations:
        message = "an included file may not annotate ServiceAccounts"
        yield Finding((*path, "serviceAccountAnnotations"), message, _MOVE)
    if target.adopt:
        yield Finding((*path, "adopt"), "an included file takes over nothing that others wrote", _MOVE)
    for namespace in target.namespaces or ():
        if namespace not in bounds.namespaces:
            message = f"namespace {namespace} is not one of those that {bounds.config_map} is included for"
            yield Finding((*path, "namespaces"), message, _listed(bounds.namespaces))


def _source_findings(
    source: Source,
    path: Path,
    namespaces: Collection[str],
    bounds: Bounds,
    stores: Mapping[StoreName, StoreSettings | None],
) -> Iterator[Finding]:
    store = stores.get(source.ref.store)
    if source.ref.store not in bounds.secrets:
        message = f"store {source.ref.store} is not one of those that {bounds.config_map} is included for"
        yield Finding(path, message, _listed(bounds.secrets))
    elif store is not None and store.type in _LOCAL:
        message = f"an included file may not read a {store.type} store"
        yield Finding(path, message, _MOVE)
    elif placeholders.present(placeholders.for_namespace(source.ref.secret, "x")):
        yield Finding(path, "an included file may use no placeholder but $(namespace)")
    else:
        patterns = bounds.secrets[source.ref.store]
        filled = {placeholders.for_namespace(source.ref.secret, name) for name in namespaces}
        if not all(_within(secret, patterns) for secret in filled):
            message = f"is not among the secrets that {bounds.config_map} is included for"
            yield Finding(path, message, _listed(patterns))


def _within(secret: str, patterns: Collection[str]) -> bool:
    """Tell whether a path is within the patterns, as it is written and as any server could read it."""
    read = secret
    while (decoded := unquote(read)) != read:
        read = decoded
    if _ENDS_A_PATH & set(read):
        return False
    return any(allowed(secret, (pattern,)) and allowed(read, (pattern,)) for pattern in patterns)


def _listed(names: Collection[str]) -> str:
    return f"there are: {', '.join(sorted(names))}" if names else "none is listed"
