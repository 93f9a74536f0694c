"""What ends the demo when something is not as it should be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from syncd.model.errors import SyncdError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE: Final = 45.0
"""Seconds that anything may take: far more than it does, since the machine may be busy."""
_POLL: Final = 0.05


class DemoFailed(SyncdError):
    """Something that the demo claims is not so."""


def expect(holds: object, claim: str) -> None:
    """Go on if it holds.

    Raises:
        DemoFailed: naming the claim.

    """
    if not holds:
        raise DemoFailed(f"this should be so, and is not: {claim}")


def until(claim: str, answer: Callable[[], T | None], within: float = PATIENCE) -> T:
    """Return the first answer that is neither None nor False.

    Raises:
        DemoFailed: when there is none in time, naming the claim.

    """
    last = time.monotonic() + within
    while time.monotonic() < last:
        found = answer()
        if found is not None and found is not False:
            return found
        time.sleep(_POLL)
    raise DemoFailed(f"waited {within:.0f} s, and it did not happen: {claim}")
