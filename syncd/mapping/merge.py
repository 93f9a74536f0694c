"""From the texts of several files to one tree: manifests unpacked, documents merged by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from syncd.mapping.document import API_VERSION, KIND
from syncd.mapping.load import Start, load
from syncd.mapping.settings import Problem
from syncd.mapping.tree import Mark, Node, origin
from syncd.model.names import CredentialId, ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.mapping.tree import Path

NAMED: Final = ("stores", "credentials")
"""The fields that are merged by name; every other one is a setting of the whole mapping."""

_GROUP: Final = API_VERSION.partition("/")[0]
_LOOKS_LIKE_MAPPING: Final = re.compile(
    rf"^(kind:\s*{KIND}\b|apiVersion:\s*{re.escape(_GROUP)}/)", re.MULTILINE
)
_YAML: Final = (".yaml", ".yml")
_EXTENSION: Final = "x-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One named entry of `stores` or `credentials`: where its name stands, and what it is."""

    key: Mark
    node: Node


@dataclass(slots=True)
class Merged:
    """One mapping from all files. `complete` is false when a file could not be read as YAML or as a mapping.

    `settings` is a map of what stands beside `stores` and `credentials`. `included` has what was found, among
    manifests, of the ConfigMaps that the mapping includes: `NAMESPACE/NAME` → a mapping of its own.
    """

    settings: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)
    stores: dict[str, Entry] = field(default_factory=dict)
    credentials: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0
    complete: bool = True
    included: dict[str, Merged] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one text holds: at most one mapping. `home` is the ConfigMap that it was found in."""

    home: ObjectRef | None
    document: Node | None
    problems: tuple[Problem, ...]
    complete: bool


def merge(files: Mapping[str, str]) -> Merged:
    """Read all files into one mapping.

    Args:
        files: name for messages → text; a mapping, or Kubernetes manifests among which are ConfigMaps.

    """
    pieces = [piece for file, text in files.items() for piece in _pieces(text, Start(file), None)]
    includes = [name for piece in pieces if piece.document is not None for name in named(piece.document)]
    merged = Merged()
    for piece in pieces:
        include = next((name for name in includes if _is_named(piece.home, name)), None)
        _take(piece, merged if include is None else merged.included.setdefault(include, Merged()))
    _must_have_one(merged, files)
    return merged


def merge_included(files: Mapping[str, str]) -> Merged:
    """Read the texts of one included ConfigMap; it includes nothing itself."""
    merged = Merged()
    for file, text in files.items():
        for piece in _pieces(text, Start(file), None):
            _take(piece, merged)
    _must_have_one(merged, files)
    return merged


def named(document: Node) -> list[str]:
    """Return the ConfigMaps that a document includes, as they are written."""
    include = document.child("include")
    items = include.value if include is not None and isinstance(include.value, tuple) else ()
    return [name for item in items if (name := item.text("configMap")) is not None]


def _must_have_one(merged: Merged, files: Mapping[str, str]) -> None:
    if merged.complete and not merged.documents:
        mark = Mark(next(iter(files), "mapping"), 1, 1)
        message = f"no mapping: nothing here has apiVersion: {API_VERSION} and kind: {KIND}"
        merged.problems.append(Problem(origin(mark, ()), message))
        merged.complete = False


def _is_named(home: ObjectRef | None, include: str) -> bool:
    """Tell whether a ConfigMap is the included one; a manifest may leave its namespace to others."""
    if home is None:
        return False
    namespace, _, name = include.partition("/")
    return home.name == name and home.namespace in {"", namespace}


def _take(piece: _Piece, merged: Merged) -> None:
    merged.problems += piece.problems
    merged.complete = merged.complete and piece.complete
    if piece.document is not None:
        merged.documents += 1
        _add(piece.document, merged)


def _pieces(text: str, start: Start, home: ObjectRef | None) -> Iterator[_Piece]:
    loaded = load(text, start)
    problems = [_with_credential(problem, path) for problem, path in loaded.problems]
    if loaded.documents is None:
        yield _Piece(home, None, tuple(problems), complete=False)
        return
    mappings = [node for node in loaded.documents if not _is_manifest(node)]
    for node in mappings[1:]:
        message = "is a second document, and a mapping is one document"
        hint = "put it into another file: all files are merged by name"
        problems.append(Problem(origin(node.mark, ()), message, hint))
    yield _Piece(home, next(iter(mappings), None), tuple(problems), complete=len(mappings) <= 1)
    for node in loaded.documents:
        if node.text("kind") == "ConfigMap" and _is_manifest(node):
            yield from _unpack(node, text, start, home or _home(node))


def _home(manifest: Node) -> ObjectRef:
    metadata = manifest.child("metadata") or manifest
    return ObjectRef(metadata.text("namespace") or "", metadata.text("name") or "")


def _unpack(manifest: Node, text: str, start: Start, home: ObjectRef) -> Iterator[_Piece]:
    """Read the mappings in a ConfigMap's data; in a literal block lines stay those of the file."""
    data = manifest.child("data")
    if data is None or not isinstance(data.value, Mapping):
        return
    for key, node in data.value.items():
        if key.endswith(_YAML) and isinstance(node.value, str) and _LOOKS_LIKE_MAPPING.search(node.value):
            yield from _pieces(node.value, _start(node, text, start, key), home)


def _start(node: Node, text: str, start: Start, key: str) -> Start:
    """Return where an embedded text begins: in a literal block its lines are those of the file, indented."""
    if not node.block or not isinstance(node.value, str):
        return Start(f"{start.file}#{key}")
    first = node.mark.line - start.lines
    pairs = zip(text.splitlines()[first:], node.value.splitlines(), strict=False)
    indent = max((len(written) - len(meant) for written, meant in pairs), default=0)
    return Start(start.file, start.lines + first, start.columns + indent)


def _is_manifest(node: Node) -> bool:
    """Tell whether a document is a Kubernetes object other than a mapping."""
    kind, version = node.text("kind"), node.text("apiVersion")
    if kind is None or version is None:
        return False
    return kind != KIND and version.partition("/")[0] != _GROUP


def _add(document: Node, merged: Merged) -> None:
    if not isinstance(document.value, Mapping):
        merged.problems.append(Problem(origin(document.mark, ()), "must be a map of fields"))
        merged.complete = False
        return
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        found = document.child(key)
        if found is None or found.value != expected:
            mark = document.mark if found is None else found.mark
            word = "is required" if found is None else "is another"
            hint = f"write {key}: {expected}"
            merged.problems.append(
                Problem(origin(mark, (key,)), f"{word}; this release reads {expected}", hint)
            )
            merged.complete = False
    for key, node in document.value.items():
        if key in NAMED:
            _add_named(key, node, merged)
        elif key not in {"apiVersion", "kind"} and not key.startswith(_EXTENSION):
            _add_setting(key, document.keys[key], node, merged)


def _add_named(section: str, node: Node, merged: Merged) -> None:
    if node.value is None:
        return
    if not isinstance(node.value, Mapping):
        merged.problems.append(Problem(origin(node.mark, (section,)), "must be a map: name → what it is"))
        merged.complete = False
        return
    target = merged.stores if section == "stores" else merged.credentials
    for name, value in node.value.items():
        entry = Entry(node.keys[name], value)
        first = target.setdefault(name, entry)
        if first is not entry:
            message = f"has a name that is taken by {first.key}"
            credential = CredentialId(name) if section == "credentials" else None
            where = origin(entry.key, (section, name))
            merged.problems.append(Problem(where, message, "rename one of the two", credential))


def _add_setting(key: str, mark: Mark, node: Node, merged: Merged) -> None:
    if node.value is None:
        return
    if key not in merged.settings:
        merged.settings[key], merged.keys[key] = node, mark
    elif merged.settings[key].plain() != node.plain():
        message = f"is set to something else at {merged.keys[key]}"
        merged.problems.append(Problem(origin(mark, (key,)), message, "keep one of the two"))


def _with_credential(problem: Problem, path: Path) -> Problem:
    """Say which credential a problem of the text belongs to, so that it alone is refused."""
    if len(path) > 1 and path[0] == "credentials":
        return Problem(problem.origin, problem.message, problem.hint, CredentialId(str(path[1])))
    return problem
