"""What is remembered of removals and reshapes across restarts, in ConfigMap `syncd-state`; pure (rule 9).

Things stand in it by a short digest of their name, so that thousands of them fit into one ConfigMap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Literal

from syncd.model.names import CredentialId, PlacementId
from syncd.model.secret import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STATE: Final = "syncd-state"
"""Name of the ConfigMap, in the daemon's own namespace."""
HISTORY: Final = "history"
HELD: Final = "held"
CONFIRMED: Final = "confirmed"
"""The keys of the ConfigMap, JSON each."""
HOUR: Final = 3600
"""Seconds for which a limit counts."""

Class = Literal["removals", "reshapes"]
CLASSES: Final[tuple[Class, ...]] = ("removals", "reshapes")

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
_ID_LENGTH: Final = 8
_DIGEST_BYTES: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One thing that would be removed or reshaped: a digest of its name, and whose it is.

    `rendered`: it is only seen while its credential is swept, so not seeing it in a sweep of others says
    nothing.
    """

    digest: str
    placement: PlacementId
    rendered: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """Things that went at one time (Unix seconds); `confirmed` ones do not count against the limit."""

    at: int
    kind: Class
    digests: frozenset[str]
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class HeldSet:
    """What is held of one class; `listing` has the first names, for people."""

    id: str
    marks: frozenset[Mark]
    limit: str
    listing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """All of it: what went, what is held, and the ids that somebody confirmed."""

    history: tuple[Charge, ...] = ()
    held: Mapping[Class, HeldSet] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()

    def recent(self, now: float) -> tuple[Charge, ...]:
        """Return what went within the last hour."""
        return tuple(charge for charge in self.history if now - charge.at < HOUR)


def digest(name: str) -> str:
    """Return a short digest of a name; it is no secret."""
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def confirmation(kind: Class, digests: Iterable[str]) -> str:
    """Return the id of a set of names: eight letters, none of which is taken for another."""
    number = int.from_bytes(blake2b("\n".join((kind, *sorted(digests))).encode(), digest_size=8).digest())
    letters = []
    for _ in range(_ID_LENGTH):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def ledger_of(data: Mapping[str, str]) -> Ledger:
    """Read the ConfigMap; a key that somebody broke counts as empty."""
    return Ledger(
        history=tuple(_charges(_list(data.get(HISTORY)))),
        held=dict(_held(_object(data.get(HELD)))),
        confirmed=frozenset(str(one) for one in _list(data.get(CONFIRMED))),
    )


def texts(ledger: Ledger) -> dict[str, str]:
    """Return the ConfigMap's data."""
    history = [
        {"at": charge.at, "class": charge.kind, "names": sorted(charge.digests)}
        | ({"confirmed": True} if charge.confirmed else {})
        for charge in ledger.history
    ]
    held = {
        kind: {
            "id": one.id,
            "count": len(one.marks),
            "limit": one.limit,
            "listing": list(one.listing),
            "seen": _tree(mark for mark in one.marks if not mark.rendered),
            "rendered": _tree(mark for mark in one.marks if mark.rendered),
        }
        for kind, one in ledger.held.items()
    }
    return {HISTORY: _json(history), HELD: _json(held), CONFIRMED: confirmed_text(ledger.confirmed)}


def confirmed_text(ids: Iterable[str]) -> str:
    """Return the text of the key `confirmed`."""
    return _json(sorted(ids))


def _tree(marks: Iterable[Mark]) -> dict[str, dict[str, list[str]]]:
    """Return credential → namespace → digests."""
    tree: dict[str, dict[str, list[str]]] = {}
    for mark in sorted(marks):
        credential = tree.setdefault(mark.placement.credential, {})
        credential.setdefault(mark.placement.namespace, []).append(mark.digest)
    return tree


def _marks(tree: Mapping[str, Any], *, rendered: bool) -> Iterator[Mark]:
    for credential, namespaces in tree.items():
        for namespace, digests in _mapping(namespaces).items():
            for one in digests if isinstance(digests, list) else ():
                yield Mark(str(one), PlacementId(CredentialId(credential), namespace), rendered)


def _held(tree: Mapping[str, Any]) -> Iterator[tuple[Class, HeldSet]]:
    for kind in CLASSES:
        one = _mapping(tree.get(kind))
        seen, rendered = _mapping(one.get("seen")), _mapping(one.get("rendered"))
        marks = frozenset((*_marks(seen, rendered=False), *_marks(rendered, rendered=True)))
        listing = one.get("listing")
        names = tuple(str(name) for name in listing) if isinstance(listing, list) else ()
        if marks:
            yield kind, HeldSet(str(one.get("id")), marks, str(one.get("limit")), names)


def _charges(items: Iterable[Any]) -> Iterator[Charge]:
    for item in map(_mapping, items):
        at, names = item.get("at"), item.get("names")
        kind: Class = "reshapes" if item.get("class") == "reshapes" else "removals"
        if isinstance(at, int) and isinstance(names, list):
            yield Charge(at, kind, frozenset(map(str, names)), bool(item.get("confirmed")))


def _json(tree: object) -> str:
    return canonical_json(tree).decode()


def _parsed(text: str | None) -> object:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _mapping(tree: object) -> Mapping[str, Any]:
    return tree if isinstance(tree, dict) else {}


def _object(text: str | None) -> Mapping[str, Any]:
    return _mapping(_parsed(text))


def _list(text: str | None) -> list[Any]:
    tree = _parsed(text)
    return tree if isinstance(tree, list) else []
