"""How long to wait before asking again: exponential, with full jitter, so that many who failed spread."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Backoff:
    """A pause drawn from 0 to `first * 2 ** failures`, at most `longest`; seconds.

    `draw` returns a number from 0 to 1. `least` is the share of the pause that is not drawn.
    """

    first: float = 0.5
    longest: float = 10.0
    least: float = 0.0
    draw: Callable[[], float] = random.random

    def pause(self, failures: int) -> float:
        """Return the pause after this many failures in a row (the first one is 1), in seconds."""
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 32))
        return whole * (self.least + (1.0 - self.least) * self.draw())
