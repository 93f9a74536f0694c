"""When groups are due, and when somebody should be told that they were not synced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.daemon.queue import Group, WorkQueue
from syncd.daemon.schedule import Scheduler, next_after, phase, stale_after, trigger
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 30.0
STORE = StoreName("platform")
YEARLY = Group(STORE, Schedule(None, "0 0 1 1 *", "UTC"))
OFTEN = Group(STORE, Schedule(1.0))
SUNDAY = 6
TUESDAY_NOON = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def queue() -> WorkQueue:
    """Return an empty queue."""
    return WorkQueue()


@pytest.fixture
def scheduler(queue: WorkQueue) -> Iterator[Scheduler]:
    """Return a scheduler that runs."""
    scheduler = Scheduler(queue)
    scheduler.start()
    yield scheduler
    scheduler.close()


def cron(text: str, zone: str = "UTC") -> Schedule:
    """Return a schedule by cron expression."""
    return Schedule(None, text, zone)


def test_a_new_group_is_due_at_once(queue: WorkQueue, scheduler: Scheduler) -> None:
    """A group is swept as soon as it is mapped, even if its schedule comes round in a year."""
    scheduler.replace([YEARLY])
    assert queue.take(0) == YEARLY


def test_a_group_comes_round(queue: WorkQueue, scheduler: Scheduler) -> None:
    """After its first sweep a group is put again whenever its interval has passed."""
    scheduler.replace([OFTEN])
    for _ in range(3):
        assert queue.take(DEADLINE) == OFTEN
        queue.done(OFTEN)


def test_replacing_with_the_same_changes_nothing(queue: WorkQueue, scheduler: Scheduler) -> None:
    """A mapping that is read again without a change makes nothing due."""
    scheduler.replace([YEARLY])
    queue.take(0)
    queue.done(YEARLY)
    scheduler.replace([YEARLY])
    assert queue.take(0) is None


def test_a_group_that_left_is_not_due_any_more(queue: WorkQueue, scheduler: Scheduler) -> None:
    """What is no longer mapped neither waits nor comes round; what is stays due."""
    gone = Group(StoreName("gone"), Schedule(1.0))
    scheduler.replace([gone, OFTEN])
    scheduler.replace([OFTEN])
    seen = []
    for _ in range(3):
        item = queue.take(DEADLINE)
        assert item is not None
        seen.append(item)
        queue.done(item)
    assert seen == [OFTEN] * 3


def test_a_closed_scheduler_is_silent(queue: WorkQueue) -> None:
    """A scheduler that was never started, or is closed, puts nothing by itself."""
    scheduler = Scheduler(queue)
    scheduler.start()
    scheduler.replace([OFTEN])
    scheduler.close()
    queue.take(0)
    queue.done(OFTEN)
    assert queue.take(1.5) is None


def test_a_phase_is_stable_and_inside_the_interval() -> None:
    """A group's phase is the same in every process, and less than its interval."""
    assert phase(OFTEN, 300.0) == phase(Group(STORE, Schedule(1.0)), 300.0)
    assert phase(Group(STORE, Schedule(300.0)), 300.0) == pytest.approx(68.733, abs=0.001)


def test_phases_are_spread() -> None:
    """A hundred groups with one interval fall into all quarters of it."""
    phases = [phase(Group(StoreName(f"s{number}"), Schedule(300.0)), 300.0) for number in range(100)]
    assert {int(one // 75) for one in phases} == {0, 1, 2, 3}


def test_an_interval_keeps_its_phase_across_restarts() -> None:
    """Times of an interval are counted from a fixed day, so a restart does not shift them."""
    item = Group(STORE, Schedule(300.0))
    before = trigger(item).get_next_fire_time(None, TUESDAY_NOON)
    later = trigger(item).get_next_fire_time(None, TUESDAY_NOON + timedelta(hours=7))
    assert (later - before) % timedelta(seconds=300) == timedelta(0)
    assert before - TUESDAY_NOON <= timedelta(seconds=300)


@pytest.mark.parametrize("weekday", ["0", "7", "sun", "SUN"])
def test_sunday_is_sunday(weekday: str) -> None:
    """0 and 7 are Sunday, as CronJob has it, and not Monday, as APScheduler has it."""
    found = next_after(cron(f"0 3 * * {weekday}"), TUESDAY_NOON)
    assert (found.weekday(), found) == (SUNDAY, datetime(2026, 6, 7, 3, 0, tzinfo=UTC))


def test_working_days_are_working_days() -> None:
    """1-5 are Monday to Friday."""
    times = [TUESDAY_NOON]
    for _ in range(10):
        times.append(next_after(cron("0 3 * * 1-5"), times[-1]))
    assert {time.weekday() for time in times[1:]} == {0, 1, 2, 3, 4}


def test_a_time_zone_counts() -> None:
    """Three o'clock in Zurich is one o'clock UTC in summer and two in winter."""
    schedule = cron("0 3 * * *", "Europe/Zurich")
    summer = next_after(schedule, datetime(2026, 7, 1, tzinfo=UTC))
    winter = next_after(schedule, datetime(2026, 12, 1, tzinfo=UTC))
    assert (summer.astimezone(UTC).hour, winter.astimezone(UTC).hour) == (1, 2)


def test_next_is_later_than_now() -> None:
    """A time that is now is not the next one."""
    hourly = cron("@hourly")
    assert next_after(hourly, TUESDAY_NOON) == TUESDAY_NOON + timedelta(hours=1)
    assert next_after(Schedule(300.0), TUESDAY_NOON) == TUESDAY_NOON + timedelta(seconds=300)


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    minute=st.integers(0, 59),
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata"]),
)
def test_next_is_the_first_later_time(now: datetime, minute: int, zone: str) -> None:
    """In every zone the next time of an hourly schedule is later, fits, and is within an hour."""
    found = next_after(cron(f"{minute} * * * *", zone), now)
    assert now < found <= now + timedelta(hours=1)
    assert (found.astimezone(ZoneInfo(zone)).minute, found.second) == (minute, 0)


def test_an_interval_is_stale_after_three_and_a_minute() -> None:
    """Three missed intervals and a minute are too many."""
    assert stale_after(Schedule(300.0), 1000.0) == 1000 + 900 + 60


def test_a_cron_schedule_is_stale_after_its_second_time_and_a_minute() -> None:
    """The second time that a cron schedule was missed, and a minute, is too late."""
    since = TUESDAY_NOON.timestamp()
    expected = datetime(2026, 6, 4, 3, 1, tzinfo=UTC).timestamp()
    assert stale_after(cron("0 3 * * *"), since) == expected


def test_a_cron_schedule_that_never_fires_is_refused() -> None:
    """An expression without a day is an error here too, should it ever get past the mapping."""
    with pytest.raises(ValueError, match="never fires"):
        next_after(cron("0 0 30 2 *"), TUESDAY_NOON)


def test_times_of_an_interval_are_evenly_spaced() -> None:
    """One fire time leads to the next, an interval later."""
    fire = trigger(Group(STORE, Schedule(90.0)))
    times = [fire.get_next_fire_time(None, TUESDAY_NOON)]
    for _ in range(5):
        times.append(fire.get_next_fire_time(times[-1], times[-1]))
    assert {after - before for before, after in pairwise(times)} == {timedelta(seconds=90)}
