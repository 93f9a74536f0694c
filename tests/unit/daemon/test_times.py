"""Which moments a schedule names, and when somebody should be told that they were missed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.daemon.queue import Group
from syncd.daemon.times import due_after, next_after, phase, stale_after
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

STORE = StoreName("platform")
SUNDAY = 6
TUESDAY_NOON = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


def cron(text: str, zone: str = "UTC") -> Schedule:
    """Return a schedule by cron expression."""
    return Schedule(None, text, zone)


def test_a_phase_is_stable_and_inside_the_interval() -> None:
    """A group's phase is the same in every process, and less than its interval."""
    assert 0 <= phase(Group(STORE, Schedule(1.0)), 1.0) < 1
    assert phase(Group(STORE, Schedule(300.0)), 300.0) == pytest.approx(68.733, abs=0.001)


def test_phases_are_spread() -> None:
    """A hundred groups with one interval fall into all quarters of it."""
    phases = [phase(Group(StoreName(f"s{number}"), Schedule(300.0)), 300.0) for number in range(100)]
    assert {int(one // 75) for one in phases} == {0, 1, 2, 3}


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    interval=st.floats(1, 86_400),
)
def test_a_group_is_due_within_its_interval(now: datetime, interval: float) -> None:
    """Whenever it is asked, a group is due later than now, and not later than an interval from now."""
    group = Group(STORE, Schedule(interval))
    assert now < due_after(group, now) <= now + timedelta(seconds=interval)


def test_an_interval_keeps_its_phase_across_restarts() -> None:
    """Times of an interval are counted from a fixed day, so a restart does not shift them."""
    group = Group(STORE, Schedule(300.0))
    before, later = due_after(group, TUESDAY_NOON), due_after(group, TUESDAY_NOON + timedelta(hours=7))
    assert (later - before) % timedelta(seconds=300) == timedelta(0)


def test_a_group_by_cron_is_due_when_cron_says() -> None:
    """The phase of a group does not move the times that its cron expression names."""
    assert due_after(Group(STORE, cron("@hourly")), TUESDAY_NOON) == TUESDAY_NOON + timedelta(hours=1)


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


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 * * * *", "2026-10-24T22:30", ["24 23:00", "25 00:00", "25 01:00", "25 02:00"]),
        ("30 2 * * *", "2026-10-24T22:30", ["25 00:30", "26 01:30", "27 01:30"]),
        ("0 * * * *", "2026-03-28T23:30", ["29 00:00", "29 01:00", "29 02:00"]),
        ("30 2 * * *", "2026-03-28T22:30", ["29 01:30", "30 00:30", "31 00:30"]),
    ],
    ids=["hourly, repeated hour", "daily, repeated hour", "hourly, missing hour", "daily, missing hour"],
)
def test_daylight_saving_loses_and_doubles_no_time(text: str, after: str, expected: list[str]) -> None:
    """Every hour stays every hour; a daily time comes once a day, an hour late if the day lacks it."""
    moment, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    for _ in expected:
        moment = next_after(cron(text, "Europe/Zurich"), moment)
        found.append(moment.astimezone(UTC).strftime("%d %H:%M"))
    assert found == expected


def test_the_29th_of_february_is_found() -> None:
    """A schedule that fires on a leap day finds the next one, over a century's gap too."""
    assert next_after(cron("0 0 29 2 *"), datetime(2096, 3, 1, tzinfo=UTC)) == datetime(
        2104, 2, 29, tzinfo=UTC
    )


def test_without_a_zone_the_machines_own_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cron schedule without timeZone follows TZ, daylight saving included."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Zurich")
        time.tzset()
        found = next_after(Schedule(None, "0 3 * * *"), datetime(2026, 7, 1, tzinfo=UTC))
    time.tzset()
    assert found == datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
