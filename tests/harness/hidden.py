"""Comparing secret values in a test that may fail: pytest prints whatever an ``assert`` was made of.

``assert bool(a == b)`` prints both sides as well; a call that is a statement prints nothing.
"""

from __future__ import annotations

from collections.abc import Mapping


def must_equal(have: object, want: object, about: str = "what was found") -> None:
    """Raises AssertionError with ``about``, and the names of the keys that differ, where there are any."""
    if have == want:
        return
    names = ""
    if isinstance(have, Mapping) and isinstance(want, Mapping):
        keys = (key for key in have.keys() | want.keys() if key not in have or key not in want)
        names = f": keys {sorted(map(str, keys))} are missing or too many; values differ in " + str(
            sorted(str(key) for key in have.keys() & want.keys() if have[key] != want[key])
        )
    raise AssertionError(f"{about} is not what it has to be{names}")
