"""When each group is due. APScheduler only says when: a job puts the group on the queue and returns."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from syncd.daemon.queue import Priority
from syncd.mapping.cron import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.daemon.queue import Group, WorkQueue
    from syncd.mapping.credential import Schedule

GRACE: Final = 60.0
"""Seconds that a placement may be late beyond its schedule before somebody should be told."""

_MISSED: Final = 3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


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

    def replace(self, groups: Iterable[Group]) -> None:
        """Let exactly these groups be due from now on; new ones at once, the others keep their phase."""
        wanted = frozenset(groups)
        for gone in self._groups - wanted:
            self._clock.remove_job(str(gone))
            self._queue.discard(gone)
        for new in wanted - self._groups:
            self._clock.add_job(
                self._queue.put, trigger(new), args=(new, Priority.DUE), id=str(new), name=str(new)
            )
            self._queue.put(new, Priority.NEVER_SYNCED)
        self._groups = wanted

    def close(self) -> None:
        """End it; a job that is putting a group is waited for."""
        self._clock.shutdown()


def trigger(group: Group) -> CronTrigger | IntervalTrigger:
    """Return when a group is due, as APScheduler has it.

    An interval starts at a phase that is the group's own and the same after a restart, so that not all are
    due at once. Cron names its times itself.
    """
    schedule = group.schedule
    if schedule.interval is None:
        return _cron(schedule)
    start = _EPOCH + timedelta(seconds=phase(group, schedule.interval))
    return IntervalTrigger(seconds=schedule.interval, start_date=start, timezone=UTC)


def phase(group: Group, interval: float) -> float:
    """Return where in its interval a group is due: seconds from 0 up to the interval, by its name."""
    digest = hashlib.blake2b(str(group).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * interval


def next_after(schedule: Schedule, now: datetime) -> datetime:
    """Return the next time of a schedule that is later than `now`, which has a time zone.

    Raises:
        ValueError: when the cron expression is none, or never fires; a mapping that was read has no such.

    """
    if schedule.interval is not None:
        return now + timedelta(seconds=schedule.interval)
    # A fire time that is `now` itself would be returned again.
    found: datetime | None = _cron(schedule).get_next_fire_time(None, now.replace(microsecond=0) + _SECOND)
    if found is None:
        raise ValueError(f"{schedule.cron} never fires")
    return found


def stale_after(schedule: Schedule, since: float) -> float:
    """Return when somebody should be told that a placement was not synced in time, in Unix seconds.

    Three intervals, or the second next time of the cron expression, and a minute, after `since`: its last
    success, or when it was first seen.
    """
    if schedule.interval is not None:
        return since + _MISSED * schedule.interval + GRACE
    first = next_after(schedule, datetime.fromtimestamp(since, UTC))
    return next_after(schedule, first).timestamp() + GRACE


def _cron(schedule: Schedule) -> CronTrigger:
    # The normal form names weekdays: APScheduler would count their numbers from Monday.
    minute, hour, day, month, weekday = normalise(schedule.cron or "").split()
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=weekday,
        timezone=schedule.time_zone,
    )
