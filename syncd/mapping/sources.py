"""Where the fields of a credential come from: `from` and the fields' own sources together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from syncd.mapping import placeholders
from syncd.mapping.credential import Source
from syncd.mapping.secret_paths import allowed, is_normal
from syncd.mapping.suggest import did_you_mean
from syncd.model.secret import SecretRef, StoreName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from syncd.kserve.kinds.interface import Inputs
    from syncd.mapping.credential_part import FromPart
    from syncd.mapping.settings import StoreSettings
    from syncd.mapping.tree import Path
    from syncd.schema.source import SourceSpec
    from syncd.stores.kubernetes.settings import KubernetesSettings

_WITHOUT_VERSIONS = frozenset({"kubernetes", "file"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a credential: where in it, what, and what to do."""

    path: Path
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a credential is checked against.

    `stores` has None for a store that is there and not right; it is None itself when a file could not be
    read, and `trusted` when the mapping's settings could not: then nothing is said about stores and labels.
    """

    stores: Mapping[StoreName, StoreSettings | None] | None
    trusted: Sequence[str] | None


SourceMap: TypeAlias = "dict[str, Source] | tuple[Finding, ...]"
"""Field → where its value is; or what is missing."""


def sources_of(inputs: Inputs, origin: FromPart | None, base: Path) -> SourceMap:
    """Return field → where its value is, or everything that is missing.

    Args:
        inputs: what the kind asks for.
        origin: `from`; without it optional fields that are only looked for are left out.
        base: path of the kind's part in the credential.

    """
    sources: dict[str, Source] = {}
    findings: list[Finding] = []
    for field, spec in inputs.sources.items():
        path = (*base, *field.split("."))
        if spec is None and origin is None and field in inputs.optional:
            continue
        ref = _ref(spec, origin)
        if ref is None:
            lacking = "has no source" if spec is None else "does not say which secret of which store"
            findings.append(Finding(path, lacking, "give `from: {store: …, secret: …}` to the credential"))
            continue
        picked = _picked(field, spec, ref, inputs)
        if picked is None:
            message = "does not say what of the secret it is"
            findings.append(Finding(path, message, "give one of property, pointer, whole"))
        else:
            sources[field] = picked
    return tuple(findings) or sources


def _ref(spec: SourceSpec | None, origin: FromPart | None) -> SecretRef | None:
    """Return the secret that a field comes from; the version of `from` is for the secret of `from` only."""
    store = (spec.store if spec else None) or (origin.store if origin else None)
    secret = (spec.secret if spec else None) or (origin.secret if origin else None)
    if store is None or secret is None:
        return None
    version = spec.version if spec else None
    if version is None and origin is not None and (store, secret) == (origin.store, origin.secret):
        version = origin.version
    return SecretRef(StoreName(store), secret, version)


def _picked(field: str, spec: SourceSpec | None, ref: SecretRef, inputs: Inputs) -> Source | None:
    decode = spec.decode if spec else None
    if spec is not None and spec.property is not None:
        return Source(ref, "property", spec.property, decode=decode)
    if spec is not None and spec.pointer is not None:
        return Source(ref, "pointer", spec.pointer, decode=decode)
    if spec is not None and spec.whole:
        return Source(ref, "whole", decode=decode)
    names = inputs.usual.get(field, ())
    if not names:
        return None
    # A field that names a secret of its own is all that this secret may be.
    bare = field == inputs.whole_field or (spec is not None and spec.secret is not None)
    return Source(ref, "default", names=names, bare=bare, written=spec is not None, decode=decode)


def reference_findings(ref: SecretRef, path: Path, around: Surroundings) -> Iterator[Finding]:
    """Return what is wrong with a reference to a secret: store, placeholders, path, version.

    `path` is that of the map with `store` and `secret`.
    """
    store = None
    if around.stores is not None:
        store = around.stores.get(ref.store)
        if ref.store not in around.stores:
            hint = did_you_mean(ref.store, around.stores)
            yield Finding((*path, "store"), "names no store of this mapping", hint)
    problem = placeholders.check(ref.secret, around.trusted)
    if problem is not None:
        yield Finding((*path, "secret"), problem)
        return
    if not is_normal(placeholders.stand_in(ref.secret)):
        yield Finding((*path, "secret"), "must be a plain path: no empty, `.` or `..` segment, no blank ends")
        return
    if store is not None:
        yield from _store_findings(ref, path, store)


def _store_findings(ref: SecretRef, path: Path, store: StoreSettings) -> Iterator[Finding]:
    if ref.version is not None and store.type in _WITHOUT_VERSIONS:
        yield Finding((*path, "version"), f"a {store.type} store has no versions", "take it away")
    if store.type == "kubernetes" and ref.secret.count("/") != 1:
        yield Finding((*path, "secret"), "must be NAMESPACE/NAME of a Secret in a kubernetes store")
    elif store.type == "kubernetes" and _is_outside(ref.secret, store.settings):
        hint = f"correct it, or extend stores.{ref.store}.kubernetes.namespaces"
        yield Finding((*path, "secret"), "is in a namespace that its store does not list", hint)
    elif not placeholders.present(ref.secret) and not allowed(ref.secret, store.allowed_secrets):
        message = f"is not among the secrets that store {ref.store} allows"
        hint = f"correct it, or extend stores.{ref.store}.allowedSecrets"
        yield Finding((*path, "secret"), message, hint)


def _is_outside(secret: str, settings: KubernetesSettings) -> bool:
    namespace = secret.partition("/")[0]
    return not placeholders.present(namespace) and namespace not in settings.namespaces
