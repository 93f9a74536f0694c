"""What stands for longer than a moment is told on change, and then once an hour, or a day, at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

HOUR: Final = 3600.0
"""Seconds between two tellings of the same thing."""
DAY: Final = 24 * HOUR
"""Seconds between two tellings of what is days away."""


@dataclass(slots=True)
class _Standing(Generic[V]):
    """What stands, when (on the reminder's clock) it is to be told next, and whether it was told at all."""

    what: V
    due: float
    told: bool


class Reminder(Generic[K, V]):
    """Remembers what stands, by key; not thread-safe: its listener has the lock.

    `now` is a clock in seconds, `period` how many of them pass between two tellings.
    """

    def __init__(self, now: Callable[[], float], period: float = HOUR) -> None:
        """Remember nothing yet."""
        self._now = now
        self._period = period
        self._standing: dict[K, _Standing[V]] = {}

    def told(self, key: K, what: V) -> None:
        """Note that this stands from now on and has just been told."""
        self._standing[key] = _Standing(what, self._now() + self._period, told=True)

    def later(self, key: K, what: V, due: float) -> None:
        """Note that this stands from now on and is to be told at `due`, if it still stands then."""
        self._standing[key] = _Standing(what, due, told=False)

    def get(self, key: K) -> V | None:
        """Return what stands under this key."""
        standing = self._standing.get(key)
        return standing.what if standing else None

    def drop(self, key: K) -> bool:
        """Forget what stands under this key; tell whether it had been told."""
        standing = self._standing.pop(key, None)
        return standing is not None and standing.told

    def due(self) -> tuple[tuple[K, V], ...]:
        """Return what is to be told now; the caller tells it (`told`) or puts it off (`later`)."""
        now = self._now()
        return tuple((key, standing.what) for key, standing in self._standing.items() if standing.due <= now)
