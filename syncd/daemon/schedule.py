"""When each group is swept. APScheduler only says when: a job puts the group on the queue and returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from syncd.daemon.queue import Priority
from syncd.daemon.times import due_after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from syncd.daemon.queue import Group, WorkQueue


class Scheduler:
    """Puts groups on a queue: at once when they are new, then whenever they are due."""

    def __init__(self, queue: WorkQueue) -> None:
        """Take the queue; nothing is due before `start`."""
        self._queue = queue
        self._groups: frozenset[Group] = frozenset()
        # A late job is still run (grace None), once for all that it missed (coalesce).
        self._clock = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin to put what is due."""
        self._clock.start()

    def replace(self, groups: Iterable[Group]) -> frozenset[Group]:
        """Let exactly these groups be due from now on; new ones at once, the others keep their phase.

        Returns the new ones: they wait in the queue already, or are being swept.
        """
        wanted = frozenset(groups)
        for gone in self._groups - wanted:
            self._clock.remove_job(str(gone))
            self._queue.discard(gone)
        added = wanted - self._groups
        for new in added:
            self._clock.add_job(
                self._queue.put, _Trigger(new), args=(new, Priority.DUE), id=str(new), name=str(new)
            )
            self._queue.put(new, Priority.NEVER_SYNCED)
        self._groups = wanted
        return added

    def close(self) -> None:
        """End it; a job that is putting a group is waited for."""
        self._clock.shutdown()


@dataclass(frozen=True, slots=True)
class _Trigger:
    """When a group is due, as APScheduler asks for it."""

    group: Group

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the next time after the previous one, or after now the first time."""
        return due_after(self.group, previous_fire_time or now)


BaseTrigger.register(_Trigger)
