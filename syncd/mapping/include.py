"""Further files of credentials: which of their names are theirs, and what of them could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from syncd.mapping.document import ConfigMapName
from syncd.mapping.merge import merge, merge_included, named
from syncd.mapping.settings import Bounds, Includes, Problem
from syncd.mapping.suggest import did_you_mean
from syncd.mapping.tree import Node, origin
from syncd.model.names import CredentialId
from syncd.model.objects import EMPTY
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from syncd.mapping.document import IncludePart
    from syncd.mapping.merge import Entry, Merged
    from syncd.mapping.settings import MappingDocument
    from syncd.mapping.tree import Path

_NAME: Final[TypeAdapter[str]] = TypeAdapter(ConfigMapName)
_ABSENT: Final = "no manifest of it is among these files"


@dataclass(frozen=True, slots=True)
class IncludedText:
    """What was found of one included ConfigMap: its YAML keys, or why there is nothing."""

    files: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Included:
    """The included files together: the entries that are theirs, and what is wrong with the files."""

    entries: Mapping[str, Entry]
    includes: Includes
    problems: tuple[Problem, ...]


def to_look_for(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ConfigMaps (`NAMESPACE/NAME`) that a mapping includes and that are not among its files."""
    if not any("include" in text for text in files.values()):
        return ()  # most mappings: they need not be parsed for this
    merged = merge(files)
    include = merged.settings.get("include")
    if include is None:
        return ()
    written = named(Node(include.mark, {"include": include}))
    names = (name for name in written if name not in merged.included and _is_name(name))
    return tuple(dict.fromkeys(names))


def gather_included(
    parts: Sequence[IncludePart],
    merged: Merged,
    texts: Mapping[str, IncludedText],
    in_force: MappingDocument | None,
) -> Included:
    """Put the included files together; what is wrong with one of them is wrong with that one only.

    A name belongs to the mapping itself, then to the include that has it in force, then to the first.

    Args:
        parts: `include` of the mapping.
        merged: the mapping itself, and the included files that are among its manifests.
        texts: those that were read from the cluster.
        in_force: the accepted mapping.

    """
    bounds = {part.config_map: _bounds(part) for part in parts}
    problems: list[Problem] = []
    readable: dict[str, Merged] = {}
    for index, part in enumerate(parts):
        place: Path = ("include", index)
        problems += _part_problems(part, place, merged, [earlier.config_map for earlier in parts[:index]])
        found = merged.included.get(part.config_map) or _read(part.config_map, texts)
        if isinstance(found, str):
            problems.append(_unchecked(part.config_map, found, place, merged, in_force))
            continue
        wrong = _not_credentials(part.config_map, found)
        problems += wrong
        if found.complete and not wrong:
            readable[part.config_map] = found
        else:
            problems += _of_include(part.config_map, found, ())
    names = _Names(merged, _holders(in_force, bounds), readable)
    for config_map, found in readable.items():
        problems += names.give(config_map, found)
        mine = [name for name, owner in names.owners.items() if owner == config_map]
        problems += _of_include(config_map, found, mine)
    unread = frozenset(bounds.keys() - readable.keys())
    return Included(names.entries, Includes(bounds, unread, names.owners), tuple(problems))


@dataclass(slots=True)
class _Names:
    """Gives each name to one file. `holders`: credential → the include that has it in force."""

    merged: Merged
    holders: Mapping[str, str]
    readable: Mapping[str, Merged]
    entries: dict[str, Entry] = field(default_factory=dict)
    owners: dict[CredentialId, str] = field(default_factory=dict)

    def give(self, config_map: str, found: Merged) -> Iterator[Problem]:
        """Take the names of one included file, and return those that others have."""
        for name, entry in found.credentials.items():
            taken = self._taken_by(name, config_map)
            if taken is None:
                self.entries[name] = entry
                self.owners[CredentialId(name)] = config_map
                continue
            where = origin(entry.key, ("credentials", name))
            message = f"has a name that is taken by {taken}"
            yield Problem(where, message, "give it another name", include=config_map)

    def _taken_by(self, name: str, config_map: str) -> str | None:
        if name in self.merged.credentials:
            return f"the mapping itself ({self.merged.credentials[name].key})"
        if name in self.entries:
            return f"{self.owners[CredentialId(name)]} ({self.entries[name].key})"
        holder = self.holders.get(name, config_map)
        if holder != config_map and (
            holder not in self.readable or name in self.readable[holder].credentials
        ):
            return f"{holder}, which has it in force"
        return None


def _is_name(text: str) -> bool:
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def _bounds(part: IncludePart) -> Bounds:
    secrets = {StoreName(store): patterns for store, patterns in part.secrets.items()}
    return Bounds(part.config_map, frozenset(part.namespaces), secrets)


def _part_problems(part: IncludePart, place: Path, merged: Merged, earlier: Collection[str]) -> list[Problem]:
    """Return what is wrong with one item of `include` beyond its form."""
    node = Node(next(iter(merged.keys.values())), merged.settings, merged.keys)
    problems = []
    if part.config_map in earlier:
        where = origin(node.locate((*place, "configMap")), (*place, "configMap"))
        problems.append(Problem(where, "is included twice", "put its namespaces and secrets together"))
    for store in part.secrets:
        if merged.complete and store not in merged.stores:
            path: Path = (*place, "secrets", store)
            where = origin(node.locate(path, at_key=True), path)
            hint = did_you_mean(store, merged.stores)
            problems.append(Problem(where, "names no store of this mapping", hint, include=part.config_map))
    return problems


def _read(config_map: str, texts: Mapping[str, IncludedText]) -> Merged | str:
    """Return what the cluster has of it, or why there is nothing."""
    text = texts.get(config_map)
    if text is None:
        return _ABSENT
    if text.problem:
        return text.problem
    return merge_included({f"{config_map}/{key}": file for key, file in text.files.items()})


def _unchecked(
    config_map: str, why: str, place: Path, merged: Merged, in_force: MappingDocument | None
) -> Problem:
    """Say that there was nothing to read: a mistake where there was something before."""
    node = Node(next(iter(merged.keys.values())), merged.settings, merged.keys)
    path: Path = (*place, "configMap")
    credentials = in_force.credentials.values() if in_force else ()
    known = any(credential.include == config_map for credential in credentials)
    hint = "its last accepted form stays in force" if known else ""
    where = origin(node.locate(path), path)
    message = f"include not checked: {why}"
    return Problem(where, message, hint, None, "error" if known else "warning", config_map)


def _not_credentials(config_map: str, found: Merged) -> list[Problem]:
    """Return what an included file has besides credentials."""
    message = "stands in an included file, which has credentials and nothing else"
    hint = "put it into the mapping itself"
    places = {**found.keys, **{f"stores.{name}": entry.key for name, entry in found.stores.items()}}
    return [
        Problem(origin(mark, tuple(name.split("."))), message, hint, include=config_map)
        for name, mark in places.items()
    ]


def _of_include(config_map: str, found: Merged, mine: Collection[str]) -> list[Problem]:
    """Return the problems of an included text; those about names of others are about the file only."""
    return [
        replace(
            problem,
            include=config_map,
            credential=problem.credential if problem.credential in mine else None,
        )
        for problem in found.problems
    ]


def _holders(in_force: MappingDocument | None, bounds: Collection[str]) -> Mapping[str, str]:
    """Return credential → the include that has it in force, of those that are still included."""
    credentials = in_force.credentials if in_force else {}
    return {
        name: credential.include
        for name, credential in credentials.items()
        if credential.include is not None and credential.include in bounds
    }
