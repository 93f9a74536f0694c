"""Where the mapping's text comes from: a ConfigMap in our own namespace, or files; and whether it changed.

What it includes comes along: ConfigMaps read by name, never found by a label.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from syncd.mapping.include import IncludedText, to_look_for
from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from syncd.cluster.interface import Reader
    from syncd.model.names import ObjectRef

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Texts:
    """The mapping as it stands there: name for messages → text, in the order in which they are merged.

    `included` has what was found of the ConfigMaps (`NAMESPACE/NAME`) that it includes.
    """

    files: Mapping[str, str]
    included: Mapping[str, IncludedText] = field(default_factory=dict)

    def digest(self) -> bytes:
        """Return what is equal only for equal names and texts."""
        included = {name: (list(text.files.items()), text.problem) for name, text in self.included.items()}
        parts = (list(self.files.items()), included)
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no mapping, or it cannot be read: `problem` says where and what to do."""

    problem: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The API server did not say what the mapping is; what is in force stays, and nobody broke it."""

    problem: str


Found: TypeAlias = "Texts | Missing | Unreachable"


class MappingSource(Protocol):
    """Something that has the mapping's text."""

    def look(self) -> Found:
        """Return what is there now; raises only bugs."""
        ...


class IncludedSource:
    """Reads the ConfigMaps that a mapping includes, each by its name; used by one thread."""

    def __init__(self, cluster: Reader) -> None:
        """Read them here; the mapping's text is parsed for their names only when it is another."""
        self._cluster = cluster
        self._parsed: tuple[Mapping[str, str], tuple[str, ...]] = ({}, ())

    def with_included(self, files: Mapping[str, str]) -> Texts:
        """Return the mapping with what it includes; what cannot be read has a problem instead of texts."""
        if files != self._parsed[0]:
            self._parsed = (files, to_look_for(files))
        return Texts(files, {name: self._read(name) for name in self._parsed[1]})

    def _read(self, config_map: str) -> IncludedText:
        namespace, _, name = config_map.partition("/")
        try:
            data = self._cluster.read_config_map(namespace, name)
        except ClusterUnreachable as error:
            return IncludedText(problem=str(error))
        if data is None:
            return IncludedText(problem=f"ConfigMap {config_map} does not exist")
        texts = _texts_of(data)
        return IncludedText(texts) if texts else IncludedText(problem=_without_yaml(config_map))


class ConfigMapSource:
    """All `*.yaml` keys of one ConfigMap, and the ConfigMaps that they include."""

    def __init__(self, cluster: Reader, ref: ObjectRef) -> None:
        """Look for it by name: a ConfigMap that somebody labelled is never a mapping."""
        self._cluster = cluster
        self._ref = ref
        self._included = IncludedSource(cluster)

    def look(self) -> Found:
        """Return its texts, each under the name of its key."""
        try:
            data = self._cluster.read_config_map(self._ref.namespace, self._ref.name)
        except ClusterUnreachable as error:
            return Unreachable(str(error))
        if data is None:
            return Missing(f"ConfigMap {self._ref} does not exist; create it, or name it with --configmap")
        texts = _texts_of(data)
        return self._included.with_included(texts) if texts else Missing(_without_yaml(str(self._ref)))


class FileSource:
    """Files, and all YAML files of directories (not below them)."""

    def __init__(self, paths: Iterable[Path], cluster: Reader | None = None) -> None:
        """Look at these paths; what stands in a directory may come and go.

        Args:
            paths: of the mapping.
            cluster: where the ConfigMaps are that the mapping includes and that are not among its files;
                None: they are looked for nowhere else.

        """
        self._paths = tuple(paths)
        self._included = None if cluster is None else IncludedSource(cluster)

    def look(self) -> Found:
        """Return their texts, each under the name of its file."""
        texts: dict[str, str] = {}
        for path in self._paths:
            try:
                found = {str(file): file.read_text(encoding="utf-8") for file in files_in(path)}
            except OSError as error:
                return Missing(f"{error.filename} cannot be read: {error.strerror}")
            except UnicodeDecodeError:
                return Missing(f"{path} cannot be read: it is no UTF-8")
            if not found:
                return Missing(f"{path} has no file that ends in .yaml; put the mapping into one")
            texts |= found
        return Texts(texts) if self._included is None else self._included.with_included(texts)


def _texts_of(data: Mapping[str, str]) -> dict[str, str]:
    return {key: data[key] for key in sorted(data) if key.endswith(_SUFFIXES)}


def _without_yaml(config_map: str) -> str:
    return f"ConfigMap {config_map} has no key that ends in .yaml; put the mapping under one"


def files_in(path: Path) -> list[Path]:
    """Return the files that a path stands for; a mounted ConfigMap keeps its older forms in `..` folders."""
    if not path.is_dir():
        return [path]
    return sorted(
        file for file in path.iterdir() if file.suffix in _SUFFIXES and not file.name.startswith(".")
    )


class Changes:
    """Tells what is new at a source since it was last dealt with; used by one thread."""

    def __init__(self, source: MappingSource) -> None:
        """Start with everything new."""
        self._source = source
        self._settled: object = None
        self._seen: object = None

    def poll(self) -> Found | None:
        """Return what is there if it is other than what was settled last, None if it is the same."""
        found = self._source.look()
        self._seen = found.digest() if isinstance(found, Texts) else found
        return None if self._seen == self._settled else found

    def settle(self) -> None:
        """Note that what was returned last has been dealt with."""
        self._settled = self._seen
