"""How many requests a second one store gets from us, and the pauses that it asked for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Limiter:
    """Hands out turns: a second's worth at once, then one every `1 / per_second` seconds. Thread-safe."""

    def __init__(self, per_second: float, now: Callable[[], float]) -> None:
        """Start with a full bucket; `now` is in seconds."""
        self._now = now
        self._interval = 1.0 / per_second
        self._burst = max(1.0, per_second) * self._interval
        self._lock = threading.Lock()
        self._next = now() - self._burst
        self._not_before = now()

    def reserve(self, latest: float) -> float | None:
        """Take a turn and return in how many seconds it comes; None and no turn if after `latest`."""
        with self._lock:
            now = self._now()
            earliest = max(self._next, now - self._burst) + self._interval
            turn = max(earliest, self._not_before, now)
            if turn > latest:
                return None
            self._next = max(earliest, self._not_before - self._burst)
            return turn - now

    def pause(self, seconds: float) -> None:
        """Give nobody a turn for this long: the store said so."""
        with self._lock:
            self._not_before = max(self._not_before, self._now() + seconds)
