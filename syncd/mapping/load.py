"""From text to a tree with places: YAML as libyaml reads it, scalars as text, nothing ambiguous let through.

The tree is made from libyaml's events, not by `yaml.compose`: PyYAML's C composer recurses without a limit,
and a line of a hundred thousand `[` ends the process with a segmentation fault (PyYAML 6.0.3, run).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from syncd.mapping.settings import Problem
from syncd.mapping.tree import Mark, Node, Path, origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST: Final = 40
"""Levels of nesting that a file may have."""

ALIAS_BUDGET: Final = 100_000
"""Values that all aliases of a file may stand for together."""

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:str"})
_TREE_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_MERGE: Final = "<<"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a text begins: a file, and how far it is moved when it is embedded in another file."""

    file: str
    lines: int = 0
    columns: int = 0


Located: TypeAlias = tuple[Problem, Path]
"""A problem and the path, in the document, of what it is about."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a text holds: its documents that are not empty, and what is wrong with it, each with its path.

    `documents` is None when the text is no YAML. Keys that stand twice are problems, and the first is kept.
    """

    documents: tuple[Node, ...] | None
    problems: tuple[Located, ...] = ()


class _UnreadableError(Exception):
    """The rest of the text cannot be read; carries the only problem."""

    def __init__(self, problem: Located) -> None:
        super().__init__()
        self.problem = problem


def load(text: str, start: Start) -> Loaded:
    """Return the documents in a text; raises nothing, whatever the text is."""
    bad = _bad_character(text)
    if bad is not None:
        return Loaded(None, (_problem(_place(text, bad, start), "has a character that YAML forbids"),))
    composer = _Composer(text, start)
    try:
        return Loaded(tuple(composer.documents()), tuple(composer.problems))
    except _UnreadableError as error:
        return Loaded(None, (*composer.problems, error.problem))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(start.file, 1, 1) if mark is None else _mark(mark, start)
        words = ", ".join(filter(None, (error.context, error.problem)))
        hint = _tab_hint(text, mark)
        return Loaded(None, (*composer.problems, _problem(place, f"is no YAML: {words}", hint)))
    except yaml.reader.ReaderError as error:
        # libyaml counts bytes.
        position = len(text.encode()[: error.position].decode(errors="ignore"))
        place = _place(text, position, start)
        return Loaded(None, (_problem(place, "has a character that YAML forbids"),))


class _Composer:
    """Makes nodes from the events of one text."""

    def __init__(self, text: str, start: Start) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._start = start
        self._anchors: dict[str, Node] = {}
        self._expanded = 0
        self.problems: list[Located] = []

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            self._anchors.clear()
            node = self._node(next(self._events), ())
            if node.value is not None:
                yield node

    def _node(self, event: Any, path: Path) -> Node:  # noqa: ANN401  # each class of events has its own attributes
        mark = _mark(event.start_mark, self._start)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, mark, path)
        if len(path) > DEEPEST:
            raise _UnreadableError(_problem(mark, f"is nested deeper than {DEEPEST} levels", path=path))
        allowed = _TEXT_TAGS if isinstance(event, yaml.ScalarEvent) else _TREE_TAGS
        if event.tag not in allowed:
            message = "has a YAML tag; values are text, and their field says what they mean"
            raise _UnreadableError(_problem(mark, message, "take the tag away", path=path))
        if isinstance(event, yaml.ScalarEvent):
            value = None if _is_plain(event) and event.value in _NULLS else event.value
            node = Node(mark, value, block=event.style == "|")
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(mark, path)
        else:
            node = self._mapping(mark, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, anchor: str | None, mark: Mark, path: Path) -> Node:
        node = self._anchors.get(anchor or "")
        if node is None:
            message = "is an alias of an anchor that does not stand before it"
            raise _UnreadableError(_problem(mark, message, "anchors are marked with &", path=path))
        self._expanded += node.size
        if self._expanded > ALIAS_BUDGET:
            message = f"brings the aliases of this file to more than {ALIAS_BUDGET:,} values"
            raise _UnreadableError(_problem(mark, message, path=path))
        if len(path) + node.height > DEEPEST:
            raise _UnreadableError(_problem(mark, f"is nested deeper than {DEEPEST} levels", path=path))
        return node

    def _sequence(self, mark: Mark, path: Path) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Node(mark, tuple(items), size=_size(items), height=_height(items))

    def _mapping(self, mark: Mark, path: Path) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            place = _mark(event.start_mark, self._start)
            key = self._key(event, place, path)
            node = self._node(next(self._events), (*path, key))
            if key == _MERGE and _is_plain(event):
                merged += self._merged(node, (*path, key))
            elif key in values:
                message = f"stands here twice; the first is at {keys[key]}"
                hint = "keep one of the two"
                self.problems.append(_problem(place, message, hint, path=(*path, key)))
            else:
                values[key], keys[key] = node, place
        for other in merged:
            for key, place in other.keys.items():
                child = other.child(key)
                if child is not None and key not in values:
                    values[key], keys[key] = child, place
        return Node(mark, values, keys, _size(values.values()), _height(values.values()))

    def _key(self, event: Any, mark: Mark, path: Path) -> str:  # noqa: ANN401  # the same
        if isinstance(event, yaml.AliasEvent):
            node = self._alias(event.anchor, mark, path)
        elif isinstance(event, yaml.ScalarEvent) and event.value:
            return str(event.value)
        else:
            node = Node(mark, None)
        if not isinstance(node.value, str):
            raise _UnreadableError(_problem(mark, "has a key that is not text", path=path))
        return node.value

    def _merged(self, node: Node, path: Path) -> list[Node]:
        """Return the maps that a merge key (`<<`) brings in; what is written beside it wins over them."""
        nodes = list(node.value) if isinstance(node.value, tuple) else [node]
        if not all(isinstance(other.value, dict) for other in nodes):
            message = "is a merge key, and merges maps only"
            raise _UnreadableError(_problem(node.mark, message, "write `<<: *anchor-of-a-map`", path=path))
        return nodes


def _is_plain(event: Any) -> bool:  # noqa: ANN401  # each class of events has its own attributes
    """Tell whether this is a scalar without quotes and without a tag."""
    return isinstance(event, yaml.ScalarEvent) and event.tag is None and bool(event.implicit[0])


def _size(nodes: Iterable[Node]) -> int:
    return 1 + sum(node.size for node in nodes)


def _height(nodes: Iterable[Node]) -> int:
    return 1 + max((node.height for node in nodes), default=0)


def _mark(mark: Any, start: Start) -> Mark:  # noqa: ANN401  # libyaml's mark or PyYAML's own
    return Mark(start.file, mark.line + 1 + start.lines, mark.column + 1 + start.columns)


def _place(text: str, position: int, start: Start) -> Mark:
    before = text[:position]
    line_start = before.rfind("\n") + 1
    return Mark(start.file, before.count("\n") + 1 + start.lines, position - line_start + 1 + start.columns)


def _bad_character(text: str) -> int | None:
    """Return where a lone surrogate stands: it cannot be written as UTF-8, which libyaml reads."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _tab_hint(text: str, mark: Any) -> str:  # noqa: ANN401  # the same
    """Say so when the line is indented with a tab, which libyaml only calls a character."""
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    line = lines[mark.line]
    indent = line[: len(line) - len(line.lstrip())]
    return "YAML is indented with spaces, and this line with a tab" if "\t" in indent else ""


def _problem(mark: Mark, message: str, hint: str = "", path: Path = ()) -> Located:
    return Problem(origin(mark, path), message, hint), path
