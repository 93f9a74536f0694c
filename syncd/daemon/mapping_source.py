"""Where the mapping's text comes from: a ConfigMap in our own namespace, or files; and whether it changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from syncd.cluster.interface import Reader
    from syncd.model.names import ObjectRef

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Texts:
    """The mapping as it stands there: name for messages → text, in the order in which they are merged."""

    files: Mapping[str, str]

    def digest(self) -> bytes:
        """Return what is equal only for equal names and texts."""
        return hashlib.blake2b(json.dumps(list(self.files.items())).encode()).digest()


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


class ConfigMapSource:
    """All `*.yaml` keys of one ConfigMap."""

    def __init__(self, cluster: Reader, ref: ObjectRef) -> None:
        """Look for it by name: a ConfigMap that somebody labelled is never a mapping."""
        self._cluster = cluster
        self._ref = ref

    def look(self) -> Found:
        """Return its texts, each under the name of its key."""
        try:
            data = self._cluster.read_config_map(self._ref.namespace, self._ref.name)
        except ClusterUnreachable as error:
            return Unreachable(str(error))
        if data is None:
            return Missing(f"ConfigMap {self._ref} does not exist; create it, or name it with --configmap")
        texts = {key: data[key] for key in sorted(data) if key.endswith(_SUFFIXES)}
        if not texts:
            return Missing(f"ConfigMap {self._ref} has no key that ends in .yaml; put the mapping under one")
        return Texts(texts)


class FileSource:
    """Files, and all YAML files of directories (not below them)."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Look at these paths; what stands in a directory may come and go."""
        self._paths = tuple(paths)

    def look(self) -> Found:
        """Return their texts, each under the name of its file."""
        texts: dict[str, str] = {}
        for path in self._paths:
            try:
                found = {str(file): file.read_text(encoding="utf-8") for file in _in(path)}
            except OSError as error:
                return Missing(f"{error.filename} cannot be read: {error.strerror}")
            except UnicodeDecodeError:
                return Missing(f"{path} cannot be read: it is no UTF-8")
            if not found:
                return Missing(f"{path} has no file that ends in .yaml; put the mapping into one")
            texts |= found
        return Texts(texts)


def _in(path: Path) -> list[Path]:
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
