"""Looks at the mapping every few seconds, on a thread of its own, and passes on what is other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from syncd.daemon.mapping_source import Changes, Unreachable
from syncd.telemetry.failure import describe, trace
from syncd.telemetry.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.daemon.health import Health
    from syncd.daemon.mapping_source import MappingSource
    from syncd.daemon.memory import Memory
    from syncd.daemon.reload import Change, Reload


class Watch:
    """Reads the mapping again and again; a look at a time."""

    def __init__(
        self,
        source: MappingSource,
        reload: Reload,
        memory: Memory,
        changed: Callable[[Change], None],
        health: Health,
        *,
        poll: float,
    ) -> None:
        """Look at `source` every `poll` seconds once started; `changed` hears of another mapping in force."""
        self._changes = Changes(source)
        self._reload = reload
        self._memory = memory
        self._changed = changed
        self._health = health
        self._poll = poll
        self._ending = threading.Event()
        self._failed: str | None = None
        self._thread = threading.Thread(target=self._run, name="mapping", daemon=True)

    def start(self) -> None:
        """Begin with the first look."""
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Look no more; wait for a look under way, up to `timeout` seconds."""
        self._ending.set()
        self._thread.join(timeout)

    def look(self) -> None:
        """Look once, and pass on what is other than last time.

        The first look waits until it is known what an earlier process had in force: without that a broken
        entry would lose its last accepted form.
        """
        if not self._memory.recall(self._reload):
            return
        found = self._changes.poll()
        if isinstance(found, Unreachable):
            logger().warning(
                "mapping cannot be read", problem=found.problem, effect="what is in force stays in force"
            )
        elif found is not None:
            change = self._reload.take(found)
            if change is not None:
                self._changed(change)
        self._changes.settle()
        self._memory.keep(self._reload.accepted)

    def _run(self) -> None:
        while True:
            self._look_or_say_why()
            if self._ending.wait(self._poll):
                return

    def _look_or_say_why(self) -> None:
        try:
            self.look()
        except Exception as error:  # noqa: BLE001  # the thread must live to see the mapping corrected
            text = describe(error)
            if text != self._failed:
                logger().error("reading the mapping failed", error=text, trace=trace(error))
            self._failed = text
            return
        self._failed = None
        self._health.looked()
