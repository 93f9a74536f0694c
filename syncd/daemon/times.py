"""Which moments a schedule names: pure, on aware datetimes.

APScheduler's own cron trigger counts weekdays from Monday, and in the hour that daylight saving repeats it
returns the same moment for ever (3.11.3, Europe/Zurich, 2026-10-25): so the moments are worked out here.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from syncd.mapping.cron import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from syncd.daemon.queue import Group
    from syncd.mapping.credential import Schedule

GRACE: Final = 60.0
"""Seconds that a placement may be late beyond its schedule before somebody should be told."""

_MISSED: Final = 3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
# From one 29 February to the next there can be eight years.
_HORIZON: Final = 9 * 366
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def phase(group: Group, interval: float) -> float:
    """Return where in its interval a group is due: seconds from 0 up to the interval, by its name."""
    digest = hashlib.blake2b(str(group).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * interval


def due_after(group: Group, now: datetime) -> datetime:
    """Return when a group is due next, later than `now`.

    An interval is counted from a phase that is the group's own and the same after a restart, so that not all
    are due at once. Cron names its times itself.
    """
    interval = group.schedule.interval
    if interval is None:
        return next_after(group.schedule, now)
    period = timedelta(seconds=interval)
    start = _EPOCH + timedelta(seconds=phase(group, interval))
    return start + ((now - start) // period + 1) * period


def next_after(schedule: Schedule, now: datetime) -> datetime:
    """Return the next moment of a schedule that is later than `now`: an interval from then, or by cron.

    Raises:
        ValueError: when the cron expression is none, or never fires; a mapping that was read has no such.

    """
    if schedule.interval is not None:
        return now + timedelta(seconds=schedule.interval)
    return next(moment for moment in _moments(schedule, now) if moment > now)


def stale_after(schedule: Schedule, since: float) -> float:
    """Return when somebody should be told that a placement was not synced in time, in Unix seconds.

    Three intervals, or the second next time of the cron expression, and a minute, after `since`: its last
    success, or when it was first seen.
    """
    if schedule.interval is not None:
        return since + _MISSED * schedule.interval + GRACE
    first = next_after(schedule, datetime.fromtimestamp(since, UTC))
    return next_after(schedule, first).timestamp() + GRACE


def _moments(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """Return the moments of a cron schedule, in order, from some before `now` on.

    A time that daylight saving leaves out is an hour late; of the hour that it repeats, both count if the
    hours are `*`, and the first one if they are named.
    """
    # The normal form has plain lists of numbers, and names for weekdays.
    minutes, hours, days, months, weekdays = normalise(schedule.cron or "").split()
    zone = ZoneInfo(schedule.time_zone) if schedule.time_zone else None
    folds = (0, 1) if hours == "*" else (0,)
    clock = [
        time(hour, minute, fold=fold)
        for fold in folds
        for hour in _numbers(hours, range(24))
        for minute in _numbers(minutes, range(60))
    ]
    day = now.astimezone(zone).date()
    for _ in range(_HORIZON):
        if _is_on(day, days, months, weekdays):
            # Without a zone the machine's own is meant.
            yield from sorted({datetime.combine(day, at, zone).astimezone(UTC) for at in clock})
        day += _DAY


def _is_on(day: date, days: str, months: str, weekdays: str) -> bool:
    return (
        day.day in _numbers(days, range(1, 32))
        and day.month in _numbers(months, range(1, 13))
        and (weekdays == "*" or _WEEKDAYS[day.weekday()] in weekdays.split(","))
    )


def _numbers(field: str, every: range) -> list[int]:
    return list(every) if field == "*" else [int(number) for number in field.split(",")]
