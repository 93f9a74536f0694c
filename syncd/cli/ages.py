"""How long something is, for people: as kubectl says it."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))
_TWO: Final = 2


def age(seconds: float) -> str:
    """Return `45s`, `90m`, `30h` or `12d`: whole units, the largest of which there are two or more."""
    whole = max(0, int(seconds))
    for length, unit in _UNITS:
        if whole >= _TWO * length:
            return f"{whole // length}{unit}"
    return f"{whole}s"
