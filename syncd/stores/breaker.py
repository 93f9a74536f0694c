"""Stops asking a store that does not answer, and asks it again one request at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.backoff import Backoff

_LOOK_AGAIN: Final = 0.5
"""Seconds that a waiting request sleeps at most before it looks at the clock again."""


class Breaker:
    """Closed: everybody may ask. Open: nobody. Half open: one probe, and the others wait for its answer.

    It opens after `threshold` failures in a row, for a pause that grows with every failed probe. Thread-safe.
    """

    def __init__(self, threshold: int, backoff: Backoff, now: Callable[[], float]) -> None:
        """Start closed; `now` is in seconds."""
        self._threshold = threshold
        self._backoff = backoff
        self._now = now
        self._changed = threading.Condition()
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False

    def admit(self, latest: float) -> float | None:
        """Return None if the caller may ask now (and must report), else in how many seconds somebody may.

        While another caller's probe is under way this waits for its answer, until `latest` at most.
        """
        with self._changed:
            while self._failures >= self._threshold:
                now = self._now()
                if not self._probing and now >= self._retry_at:
                    self._probing = True
                    return None
                if not self._probing or now >= latest:
                    return max(0.0, self._retry_at - now)
                self._changed.wait(min(_LOOK_AGAIN, latest - now))
            return None

    def succeeded(self) -> None:
        """Note that the store answered: the breaker closes."""
        with self._changed:
            self._failures = 0
            self._probing = False
            self._changed.notify_all()

    def failed(self) -> float | None:
        """Note that it did not; return in how many seconds it is asked again if the breaker is open now."""
        with self._changed:
            was_probe, self._probing = self._probing, False
            now = self._now()
            if self._failures < self._threshold or was_probe or now >= self._retry_at:
                self._failures += 1
                if self._failures >= self._threshold:
                    self._retry_at = now + self._backoff.pause(1 + self._failures - self._threshold)
            self._changed.notify_all()
            return self._retry_at - now if self._failures >= self._threshold else None

    def abandoned(self) -> None:
        """Note that the caller learned nothing about the store (a bug of ours): another may probe."""
        with self._changed:
            self._probing = False
            self._changed.notify_all()
