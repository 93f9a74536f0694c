"""The threads that sweep: one for each store, so that one that hangs starves nobody."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Final

from syncd.daemon.sweeps import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from syncd.daemon.health import Health
    from syncd.daemon.queue import Group, WorkQueue
    from syncd.daemon.sweeps import Sweeps
    from syncd.model.secret import StoreName

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries while the API server does not answer: doubled each time, up to this."""


class Workers:
    """Takes groups from a queue and sweeps them, until it is closed."""

    def __init__(
        self,
        queue: WorkQueue,
        sweeps: Sweeps,
        health: Health,
        *,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Start without threads; `chance` draws a number between two, for pauses."""
        self._queue = queue
        self._sweeps = sweeps
        self._health = health
        self._chance = chance
        self._ending = threading.Event()
        self._stores: set[StoreName | None] = set()
        self._threads: list[threading.Thread] = []

    def serve(self, stores: Iterable[StoreName | None]) -> None:
        """Have a thread for each of these stores, as the queue gives out one sweep of each at a time.

        A store that left the mapping keeps its thread: that may still hang on it.
        """
        self._stores.update(stores)
        for number in range(len(self._threads), len(self._stores)):
            thread = threading.Thread(target=self._work, name=f"sweep-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self, timeout: float) -> bool:
        """Begin no more sweeps, and wait for those under way; tell whether all ended in time (in seconds)."""
        self._ending.set()
        self._queue.close()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (group := self._queue.take()) is not None:
            try:
                self._sweep_until_reached(group)
            finally:
                self._queue.done(group)

    def _sweep_until_reached(self, group: Group) -> None:
        """Sweep; while the API server does not answer, again and again, with growing pauses."""
        pause = FIRST_PAUSE
        while self._sweep(group) is Ended.UNREACHABLE:
            if self._ending.wait(self._chance(pause / 2, pause)):
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _sweep(self, group: Group) -> Ended:
        self._health.began(group)
        ended = self._sweeps.run(group)
        if ended is Ended.BUG:
            self._health.failed(group)
        else:
            self._health.finished(group, reached=ended is Ended.FINISHED)
        return ended
