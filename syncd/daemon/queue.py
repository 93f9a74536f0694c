"""What waits to be swept: each group once, the most urgent first, no store ahead of its share."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.mapping.credential import Schedule
    from syncd.model.secret import StoreName


@dataclass(frozen=True, slots=True)
class Group:
    """The credentials of one store with one schedule, swept together; without a store: keyless ones."""

    store: StoreName | None
    schedule: Schedule

    def __str__(self) -> str:
        """Return `store every 300s`, or `store at 0 3 * * mon (Europe/Zurich)`."""
        store, schedule = self.store or "no store", self.schedule
        if schedule.cron is None:
            return f"{store} every {schedule.interval:g}s"
        return f"{store} at {schedule.cron}" + (f" ({schedule.time_zone})" if schedule.time_zone else "")


class Priority(IntEnum):
    """How urgent a sweep is; the smallest comes first, and among equals who waits longest."""

    NEVER_SYNCED = 0
    PUSHED = 1
    DUE = 2


class WorkQueue:
    """A thread-safe queue of groups.

    A group that waits is not put twice; put more urgently, it moves up. A group that is being swept can be
    put again (something changed meanwhile), and is taken when that sweep is done.
    """

    def __init__(self, per_store: int = 1) -> None:
        """Let at most `per_store` sweeps of one store run at once: one that hangs holds up no other."""
        self._per_store = per_store
        self._order = count()
        self._waiting: dict[Group, tuple[Priority, int]] = {}
        self._running: set[Group] = set()
        self._of_store: Counter[StoreName | None] = Counter()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, group: Group, priority: Priority) -> None:
        """Let a group wait for its sweep; nothing happens when the queue is closed."""
        with self._changed:
            if self._closed:
                return
            known = self._waiting.get(group)
            if known is None or priority < known[0]:
                self._waiting[group] = (priority, known[1] if known else next(self._order))
                self._changed.notify()

    def discard(self, group: Group) -> None:
        """Let a group wait no longer: it is not mapped any more."""
        with self._changed:
            self._waiting.pop(group, None)

    def take(self, timeout: float | None = None) -> Group | None:
        """Return the next group, and count it as running until `done`.

        Waits up to `timeout` seconds (None: for ever); None when nothing came, or the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._next() is not None, timeout)
            group = None if self._closed else self._next()
            if group is None:
                return None
            del self._waiting[group]
            self._running.add(group)
            self._of_store[group.store] += 1
            return group

    def done(self, group: Group) -> None:
        """Note that the sweep of a group that was taken has ended, whatever came of it."""
        with self._changed:
            self._running.remove(group)
            self._of_store[group.store] -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Give out nothing more; whoever waits in `take` returns at once."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        """Return how many groups wait."""
        with self._changed:
            return len(self._waiting)

    def _next(self) -> Group | None:
        """Return the most urgent group that may run now; the lock is held."""
        ready = [
            (rank, group)
            for group, rank in self._waiting.items()
            if group not in self._running and self._of_store[group.store] < self._per_store
        ]
        return min(ready, key=lambda item: item[0])[1] if ready else None
