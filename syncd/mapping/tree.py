"""The text of a mapping as a tree: a value is text, nothing, a list or a map, and knows where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from syncd.model.names import Origin
from syncd.model.objects import EMPTY

Path: TypeAlias = tuple[str | int, ...]
"""Way from the top of the mapping to a value: keys of maps and indexes of lists."""

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
"""A tree without places, as pydantic reads it."""

_SIMPLE_KEY: Final = re.compile(r"[\w-]+")
_KEY_SHOWN: Final = 63


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return `file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value: `None` where YAML has null, otherwise text as it was written, a list or a map.

    `keys` says where each key of a map stands. `size` counts the values below and this one, `height` the
    levels below; both count an alias as what it stands for. `block` is true for a literal block (`|`).
    The value is not in the repr: it may be a secret that somebody wrote into the mapping.
    """

    mark: Mark
    value: str | tuple[Node, ...] | Mapping[str, Node] | None = field(repr=False)
    keys: Mapping[str, Mark] = field(default_factory=lambda: EMPTY)
    size: int = 1
    height: int = 0
    block: bool = False

    def child(self, key: str | int) -> Node | None:
        """Return the value under a key of a map or at an index of a list; None when there is none."""
        if isinstance(self.value, Mapping):
            return self.value.get(key) if isinstance(key, str) else None
        if isinstance(self.value, tuple) and isinstance(key, int) and key < len(self.value):
            return self.value[key]
        return None

    def text(self, key: str) -> str | None:
        """Return the text under a key of a map; None when there is none, or no text."""
        child = self.child(key)
        return child.value if child is not None and isinstance(child.value, str) else None

    def plain(self) -> Plain:
        """Return the tree without places."""
        # Text first: most values are, and to ask for a Mapping takes ten times as long.
        if self.value is None or isinstance(self.value, str):
            return self.value
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return {key: node.plain() for key, node in self.value.items()}

    def locate(self, path: Path, *, at_key: bool = False) -> Mark:
        """Return the place of the value at `path`, or of the nearest value above it that exists.

        Args:
            path: relative to this value.
            at_key: the place of the last key instead of that of its value.

        """
        node, mark = self, self.mark
        for step, key in enumerate(path):
            child = node.child(key)
            if child is None:
                break
            last = step == len(path) - 1
            mark = node.keys[key] if at_key and last and isinstance(key, str) else child.mark
            node = child
        return mark


def spell(path: Path) -> str:
    """Return a path as people write it: `credentials.models-s3.to[0].secret`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _SIMPLE_KEY.fullmatch(key) and len(key) <= _KEY_SHOWN:
            text += f".{key}" if text else key
        else:
            text += f"[{shorten(key)!r}]"
    return text


def shorten(key: str) -> str:
    """Return a key short enough for a message."""
    return key if len(key) <= _KEY_SHOWN else key[:_KEY_SHOWN] + "…"


def origin(mark: Mark, path: Path) -> Origin:
    """Return a place and a path together, as problems carry them."""
    return Origin(mark.file, mark.line, mark.column, spell(path))
