"""Cron schedules as CronJob reads them."""

from __future__ import annotations

import pytest

from syncd.mapping.cron import check_zone, normalise


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0 3 * * 1-5", "0 3 * * mon,tue,wed,thu,fri"),
        ("*/15 * * * *", "0,15,30,45 * * * *"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        ("0-10/5 9-17 * * *", "0,5,10 9,10,11,12,13,14,15,16,17 * * *"),
        ("0 0 1 jan,JUL *", "0 0 1 1,7 *"),
        ("0 0 ? * ?", "0 0 * * *"),
        ("0 0 * * 0", "0 0 * * sun"),
        ("0 0 * * 7", "0 0 * * sun"),
        ("0 0 * * 5-7", "0 0 * * sun,fri,sat"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("0 0 * * */2", "0 0 * * sun,tue,thu,sat"),
        ("0 0 * * sun,Sat", "0 0 * * sun,sat"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("0 0 31 2,12 *", "0 0 31 2,12 *"),
        ("@hourly", "0 * * * *"),
        ("@midnight", "0 0 * * *"),
        ("@daily", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@Monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_schedules_have_one_normal_form(written: str, normal: str) -> None:
    """Whatever CronJob takes becomes five fields of lists, weekdays by name, and that form is stable."""
    assert normalise(written) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "must have five fields .* and has 0"),
        ("* * * *", "must have five fields .* and has 4"),
        ("0 0 0 * * *", "must have five fields .* and has 6"),
        ("60 * * * *", "minute: must be 0 to 59"),
        ("* 24 * * *", "hour: must be 0 to 23"),
        ("* * 0 * *", "day of month: must be 1 to 31"),
        ("* * * 13 *", "month: must be 1 to 12 or jan to dec"),
        ("* * * * 8", "day of week: must be 0 to 7 or sun to sat"),
        ("* * * * monday", "day of week: must be 0 to 7 or sun to sat"),
        ("-1 * * * *", "minute: must be 0 to 59"),
        ("1-a * * * *", "minute: must be 0 to 59"),
        ("٣ * * * *", "minute: must be 0 to 59"),
        ("10-5 * * * *", "minute: a range runs upwards"),
        ("* * * * fri-mon", "day of week: a range runs upwards"),
        ("*/0 * * * *", "minute: a step is a whole number above 0"),
        ("*/x * * * *", "minute: a step is a whole number above 0"),
        ("1, * * * *", "minute: must be 0 to 59"),
        ("0 0 1 * mon", "restricts both day of month and day of week"),
        ("0 0 31 2 *", "never fires"),
        ("0 0 30-31 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("@every 5m", "write interval: 5m"),
        ("@noon", "one of @yearly"),
        ("TZ=UTC 0 0 * * *", "a zone goes into timeZone"),
        ("CRON_TZ=UTC 0 0 * * *", "a zone goes into timeZone"),
    ],
)
def test_schedules_that_would_surprise_are_refused(written: str, words: str) -> None:
    """What CronJob refuses, what never fires and what fires on either day is refused, with the reason."""
    with pytest.raises(ValueError, match=words):
        normalise(written)


@pytest.mark.parametrize("zone", ["Europe/Zurich", "UTC"])
def test_zones_are_those_of_the_database(zone: str) -> None:
    """A name of the IANA database is a time zone."""
    assert check_zone(zone) == zone


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Zurch", "did you mean Europe/Zurich"),
        ("../etc/passwd", "is no time zone"),
        ("", "is no time"),
    ],
)
def test_other_zones_are_refused(zone: str, words: str) -> None:
    """A name that is no time zone is refused, with the nearest one."""
    with pytest.raises(ValueError, match=words):
        check_zone(zone)
