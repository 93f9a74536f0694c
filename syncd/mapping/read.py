"""The one entry point: from the texts of a mapping to what is accepted and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from syncd.kserve.kinds import KINDS
from syncd.mapping.bounds import bound_findings
from syncd.mapping.credential import Credential
from syncd.mapping.credential_part import CredentialPart
from syncd.mapping.document import HeaderPart
from syncd.mapping.form import form_of
from syncd.mapping.include import gather_included
from syncd.mapping.merge import merge
from syncd.mapping.messages import problems_of
from syncd.mapping.refusals import Texts, conflicts, renames
from syncd.mapping.resolve import Defaults, resolve
from syncd.mapping.settings import MappingDocument, Problem, Reading
from syncd.mapping.sources import Surroundings, reference_findings
from syncd.mapping.store_part import StorePart, store_settings, types_of
from syncd.mapping.tree import Mark, Node, origin
from syncd.model.names import CredentialId
from syncd.model.secret import SecretRef, StoreName
from syncd.schema.part import DnsLabel, Part
from syncd.stores.settings import STORE_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from syncd.mapping.include import IncludedText
    from syncd.mapping.merge import Entry, Merged
    from syncd.mapping.settings import Includes, StoreSettings
    from syncd.mapping.sources import Finding
    from syncd.mapping.tree import Path

AnyPart = TypeVar("AnyPart", bound=Part)

_NAME: TypeAdapter[str] = TypeAdapter(DnsLabel)


@dataclass(slots=True)
class _Found:
    """What reading has come to so far."""

    problems: list[Problem]

    def error(self, finding: Finding, node: Node, path: Path, credential: CredentialId | None = None) -> None:
        where = origin(node.locate(finding.path), (*path, *finding.path))
        self.problems.append(Problem(where, finding.message, finding.hint, credential))

    def broken(self) -> bool:
        """Tell whether anything is wrong that is not about one credential or one include alone."""
        return any(
            problem.severity == "error" and problem.credential is None and problem.include is None
            for problem in self.problems
        )

    def refused(self) -> dict[CredentialId, tuple[Problem, ...]]:
        found: dict[CredentialId, tuple[Problem, ...]] = {}
        for problem in self.problems:
            if problem.credential is not None and problem.severity == "error":
                found[problem.credential] = (*found.get(problem.credential, ()), problem)
        return found


def read(
    files: Mapping[str, str],
    in_force: MappingDocument | None = None,
    included: Mapping[str, IncludedText] | None = None,
) -> Reading:
    """Read a mapping and say everything that is wrong with it; raises nothing, whatever the texts are.

    Args:
        files: name for messages → text: the `*.yaml` keys of the ConfigMap, or files, in their order. All of
            them are one mapping. Kubernetes manifests are looked through for ConfigMaps with a mapping, and
            for those that the mapping includes.
        in_force: the accepted mapping: what its credentials claim is theirs until their new form is accepted.
        included: `NAMESPACE/NAME` → what was found of a ConfigMap that the mapping includes.

    """
    merged = merge(files)
    found = _Found(list(merged.problems))
    header = _header(merged, found)
    stores = _stores(merged, found)
    known = {StoreName(name): stores.get(StoreName(name)) for name in merged.stores}
    around = Surroundings(
        known if merged.complete else None, header.trusted_namespace_labels if header else None
    )
    parts = header.include if header else ()
    further = gather_included(parts, merged, included or {}, in_force)
    found.problems += further.problems
    entries = {**merged.credentials, **further.entries}
    resolved = _credentials(entries, found, _defaults(header), around, further.includes)
    texts = Texts(entries, resolved, further.includes, in_force)
    found.problems += renames(texts)
    found.problems += conflicts(texts, found.refused())
    refused = found.refused()
    problems = tuple(sorted(found.problems, key=_in_file_order(files)))
    reading = Reading(None, problems, refused, further.includes, texts.former(refused))
    if found.broken() or not merged.complete or header is None:
        return reading
    accepted = {name: value for name, value in resolved.items() if name not in refused}
    document = MappingDocument(
        stores,
        accepted,
        header.trusted_namespace_labels,
        header.mode,
        frozenset({*refused, *reading.former.values()}),
        header.limits.value(),
        further.includes.unread_namespaces,
        form_of(merged, entries, accepted),
        header.defaults.expiry_value(),
    )
    return replace(reading, document=document)


def _defaults(header: HeaderPart | None) -> Defaults:
    defaults = (header or HeaderPart()).defaults
    return Defaults(defaults.schedule_value(), defaults.deletion_value())


def _header(merged: Merged, found: _Found) -> HeaderPart | None:
    mark = next(iter(merged.keys.values()), Mark("mapping", 1, 1))
    node = Node(mark, merged.settings, merged.keys)
    return _part(HeaderPart, node, (), found)


def _stores(merged: Merged, found: _Found) -> dict[StoreName, StoreSettings]:
    """Return the stores that are right."""
    stores: dict[StoreName, StoreSettings] = {}
    for name, entry in merged.stores.items():
        path: Path = ("stores", name)
        _check_name(entry, path, found)
        part = _part(StorePart, entry.node, path, found, empty=STORE_PARTS)
        if part is None:
            continue
        types = types_of(part)
        where = origin(entry.key, path)
        if len(types) != 1:
            given = " and ".join(types) or "none"
            hint = f"types: {', '.join(STORE_PARTS)}"
            found.problems.append(Problem(where, f"must have exactly one type, and has {given}", hint))
            continue
        stores[StoreName(name)] = store_settings(StoreName(name), part, where)
    return stores


def _credentials(
    entries: Mapping[str, Entry],
    found: _Found,
    defaults: Defaults,
    around: Surroundings,
    includes: Includes,
) -> dict[CredentialId, Credential]:
    resolved: dict[CredentialId, Credential] = {}
    for key, entry in entries.items():
        name, node = CredentialId(key), entry.node
        path: Path = ("credentials", name)
        _check_name(entry, path, found, name)
        part = _part(CredentialPart, node, path, found, name, empty=KINDS)
        if part is None:
            _check_from(name, node, around, found)
            continue
        credential = _bounded(resolve(name, part, entry, defaults, around), around, includes)
        if isinstance(credential, Credential):
            resolved[name] = credential
            continue
        for finding in credential:
            found.error(finding, node, path, name)
    return resolved


def _bounded(
    credential: Credential | tuple[Finding, ...], around: Surroundings, includes: Includes
) -> Credential | tuple[Finding, ...]:
    """Return the credential as one of its include, or what it does that the include does not allow."""
    if not isinstance(credential, Credential) or credential.id not in includes.owners:
        return credential
    bounds = includes.bounds[includes.owners[credential.id]]
    findings = tuple(bound_findings(credential, bounds, around.stores or {}))
    return findings or replace(credential, include=bounds.config_map)


def _check_name(entry: Entry, path: Path, found: _Found, credential: CredentialId | None = None) -> None:
    try:
        _NAME.validate_python(path[-1])
    except ValidationError as error:
        found.problems += problems_of(error, Node(entry.key, ""), path, credential)


def _part(
    model: type[AnyPart],
    node: Node,
    path: Path,
    found: _Found,
    credential: CredentialId | None = None,
    *,
    empty: Collection[str] = (),
) -> AnyPart | None:
    """Return the part in its form, or None and what is wrong with it.

    `empty` are fields for which nothing (`huggingFace:`) means a map without fields.
    """
    plain: Any = node.plain()
    if isinstance(plain, dict):
        plain |= {name: {} for name in empty if name in plain and plain[name] is None}
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        found.problems += problems_of(error, node, path, credential)
        return None


def _check_from(name: CredentialId, node: Node, around: Surroundings, found: _Found) -> None:
    """Look at `from` of a credential that is wrong elsewhere, so that all its mistakes are said at once."""
    origin_node = node.child("from")
    store = origin_node.text("store") if origin_node is not None else None
    secret = origin_node.text("secret") if origin_node is not None else None
    if store is None or secret is None:
        return
    for finding in reference_findings(SecretRef(StoreName(store), secret), ("from",), around):
        found.error(finding, node, ("credentials", name), name)


def _in_file_order(files: Iterable[str]) -> Callable[[Problem], tuple[int, str, int, int]]:
    """Order problems as the files were given; a file inside another one follows it."""
    places = {file: index for index, file in enumerate(files)}

    def key(problem: Problem) -> tuple[int, str, int, int]:
        where = problem.origin
        return places.get(where.file.partition("#")[0], len(places)), where.file, where.line, where.column

    return key
