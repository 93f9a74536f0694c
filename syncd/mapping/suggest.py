"""What somebody may have meant by a field that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from syncd.mapping.schema import at, fields, json_schema
from syncd.mapping.tree import spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.mapping.tree import Path

_LISTED: Final = 12
_CLOSE: Final = 0.75
_FAR: Final = 0.6
_MOST_PLACES: Final = 2


def nearest(word: str, known: Iterable[str], cutoff: float = _FAR) -> str | None:
    """Return the known name that is nearest to a word; case, `_` and `-` make no difference."""
    folded = {_fold(name): name for name in known}
    found = get_close_matches(_fold(word), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest of the known names, or with all of them when they are few."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near}?"
    return f"there are: {', '.join(names)}" if 0 < len(names) <= _LISTED else ""


def for_unknown_field(path: Path) -> str:
    """Return a hint for a field that its place does not have: the nearest there, or where it belongs."""
    parent, word = path[:-1], str(path[-1])
    schema = at(parent)
    known = list(fields(schema)) if schema is not None else []
    near = nearest(word, known, _CLOSE)
    if near is not None:
        return f"did you mean {near}?"
    places = _places(word, parent)
    if places:
        return f"{word} belongs to {' or '.join(places)}"
    return did_you_mean(word, known)


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()


def _places(word: str, parent: Path) -> list[str]:
    """Return the places of the same store or credential that have a field of this name, the nearest first."""
    top, here = parent[:1], tuple(key for key in parent[2:] if isinstance(key, str))
    if top not in {("stores",), ("credentials",)}:
        return []
    found = [place for place, name in _all_fields(str(top[0])) if name == word and place != here]
    if not found:
        return []
    best = max(_shared(place, here) for place in found)
    nearest_places = [place for place in found if _shared(place, here) == best]
    if len(nearest_places) > _MOST_PLACES:
        return []
    return [spell(place) or f"the {str(top[0])[:-1]} itself" for place in nearest_places]


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many steps two places have in common from the top."""
    same = (left == right for left, right in zip(one, other, strict=False))
    return sum(takewhile(bool, same))


@cache
def _all_fields(top: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return all fields of one store or credential, each with the place that it belongs to."""
    return tuple(_walk(json_schema()["properties"][top], ()))


def _walk(schema: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, inner in fields(schema).items():
        yield place, name
        yield from _walk(inner, (*place, name))
