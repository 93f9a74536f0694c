"""From one accepted part of the mapping to a `Credential` with every default resolved, or what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import KINDS
from syncd.mapping import placeholders
from syncd.mapping.credential import SETTLE, Credential, DeletionPolicy, Schedule, Target
from syncd.mapping.credential_part import kinds_of
from syncd.mapping.sources import Finding, Surroundings, reference_findings, sources_of
from syncd.mapping.tree import origin
from syncd.model.names import CredentialId
from syncd.model.secret import SecretRef, StoreName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.kserve.kinds.interface import Inputs, Kind
    from syncd.mapping.credential_part import CredentialBase
    from syncd.mapping.merge import Entry
    from syncd.mapping.sources import SourceMap
    from syncd.mapping.target_part import TargetPart
    from syncd.mapping.tree import Node, Path

KEYLESS_SCHEDULE: Final = Schedule(interval=3600.0)
"""When a credential without any remote secret is looked at again."""

_ROLE: Final = "roleArn"
_UNBOUND: Final = "opaque"
_STORAGE_CONFIG: Final = "storage-config"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for credentials that do not say otherwise."""

    schedule: Schedule
    deletion: DeletionPolicy


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a credential's kind is and asks for; `by_role` means that no Secret is written."""

    kind: Kind
    inputs: Inputs

    @property
    def by_role(self) -> bool:
        return _ROLE in self.inputs.literals


def resolve(
    name: CredentialId,
    part: CredentialBase,
    entry: Entry,
    defaults: Defaults,
    around: Surroundings,
) -> Credential | tuple[Finding, ...]:
    """Return the credential, or everything that is wrong with it.

    Args:
        name: its key under `credentials`.
        part: its accepted form.
        entry: its text, for the places.
        defaults: of the mapping.
        around: stores and trusted labels.

    """
    kinds = kinds_of(part)
    if len(kinds) != 1:
        given = " and ".join(kind.name for kind, _ in kinds) or "none"
        return (Finding((), f"must have exactly one kind, and has {given}", f"kinds: {', '.join(KINDS)}"),)
    kind, kind_part = kinds[0]
    shape = _Shape(kind, kind_part.inputs())
    sources = sources_of(shape.inputs, part.from_, (kind.name,))
    findings = [
        *_from_findings(part, shape, sources, around),
        *_literal_findings(shape),
        *_target_findings(part, shape, around),
    ]
    if isinstance(sources, tuple):
        findings += sources
    if findings or isinstance(sources, tuple):
        return tuple(findings)
    written = part.schedule.value() if part.schedule else defaults.schedule
    return Credential(
        id=name,
        kind=kind,
        sources=sources,
        settings=shape.inputs.literals,
        targets=tuple(_target(name, target, entry.node, index) for index, target in enumerate(part.to)),
        deletion=part.deletion_policy.over(defaults.deletion),
        schedule=written if sources else KEYLESS_SCHEDULE,
        suspended=part.suspend,
        optional=part.from_ is not None and part.from_.optional,
        origin=origin(entry.key, ("credentials", name)),
        renamed_from=CredentialId(part.renamed_from) if part.renamed_from is not None else None,
        settle=_settle(part),
    )


def _settle(part: CredentialBase) -> float:
    written = part.from_.settle if part.from_ is not None else None
    return SETTLE if written is None else written


def _from_findings(
    part: CredentialBase, shape: _Shape, sources: SourceMap, around: Surroundings
) -> Iterator[Finding]:
    if part.from_ is not None and not shape.inputs.sources:
        yield Finding(("from",), f"is read by no field of {shape.kind.name}", "take it away")
    if part.schedule is not None and not shape.inputs.sources:
        message = "is of no use without a remote secret: this is looked at on every change and hourly"
        yield Finding(("schedule",), message, "take it away")
    if isinstance(sources, tuple):
        if part.from_ is not None:
            ref = SecretRef(StoreName(part.from_.store), part.from_.secret, part.from_.version)
            yield from reference_findings(ref, ("from",), around)
        return
    seen = set()
    for field, source in sources.items():
        spec = shape.inputs.sources[field]
        own = spec is not None and (
            spec.store is not None or spec.secret is not None or spec.version is not None
        )
        path: Path = (shape.kind.name, *field.split(".")) if own else ("from",)
        if (path, source.ref) not in seen:
            seen.add((path, source.ref))
            yield from reference_findings(source.ref, path, around)


def _literal_findings(shape: _Shape) -> Iterator[Finding]:
    for field, text in shape.inputs.literals.items():
        if placeholders.present(text):
            path = (shape.kind.name, *field.split("."))
            message = "may have no placeholder: labels of a namespace must not decide where keys are sent"
            yield Finding(path, message, "placeholders stand in `secret`, storageConfig and annotations")


def _target_findings(part: CredentialBase, shape: _Shape, around: Surroundings) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, target in enumerate(part.to):
        path: Path = ("to", index)
        yield from _kind_findings(target, path, shape)
        yield from _placeholder_findings(target, path, around)
        for namespace in target.namespaces or ():
            if namespace in seen:
                message = f"namespace {namespace} is in this credential twice: one target for each namespace"
                yield Finding((*path, "namespaces"), message)
            seen.add(namespace)


def _kind_findings(target: TargetPart, path: Path, shape: _Shape) -> Iterator[Finding]:
    if target.storage_config is not None and not shape.kind.storage_config:
        message = f"KServe reads only s3 and hdfs from storage-config, not {shape.kind.name}"
        yield Finding((*path, "storageConfig"), message, "bind it by serviceAccounts")
    if target.secret == _STORAGE_CONFIG:
        message = "is the Secret whose entries KServe reads as JSON, each its own credential"
        yield Finding(
            (*path, "secret"), message, "name another Secret; an entry is asked for by storageConfig"
        )
    if shape.kind.name == _UNBOUND and target.binds:
        message = "KServe would skip this Secret on a ServiceAccount: opaque is bound to nothing"
        yield Finding(path, message, "take the ServiceAccounts away, and mount the Secret by its name")
    if not shape.by_role:
        return
    for field, given in (("secret", target.secret), ("storageConfig", target.storage_config)):
        if given is not None:
            yield Finding(
                (*path, field), f"a role has no keys, so {field} has nothing to hold", "take it away"
            )
    if not target.binds:
        message = "a role is an annotation of ServiceAccounts, and none is given"
        yield Finding(path, message, "give serviceAccounts or serviceAccountSelector")


def _placeholder_findings(target: TargetPart, path: Path, around: Surroundings) -> Iterator[Finding]:
    selector = target.namespace_selector
    if selector is not None and not all(
        placeholders.is_trusted(key, around.trusted) for key in selector.label_keys()
    ):
        hint = "whoever may label a namespace would get the credential; list the key there if that is meant"
        yield Finding((*path, "namespaceSelector"), placeholders.untrusted(around.trusted), hint)
    texts: dict[Path, str] = {
        ("serviceAccountAnnotations", key): value for key, value in target.service_account_annotations.items()
    }
    if target.storage_config is not None:
        texts["storageConfig", "key"] = target.storage_config.key
        texts["storageConfig", "bucket"] = target.storage_config.bucket or ""
    for place, text in texts.items():
        problem = placeholders.check(text, around.trusted)
        if problem is not None:
            yield Finding((*path, *place), problem)


def _target(name: CredentialId, part: TargetPart, node: Node, index: int) -> Target:
    path: Path = ("to", index)
    return Target(
        namespaces=part.namespaces,
        selector=part.namespace_selector.value() if part.namespace_selector else None,
        secret=part.secret or name,
        accounts=part.accounts(),
        account_annotations=part.service_account_annotations,
        storage_config=part.storage_config.value() if part.storage_config else None,
        adopt=part.adopt,
        labels=part.labels,
        annotations=part.annotations,
        origin=origin(node.locate(path), ("credentials", name, *path)),
    )
