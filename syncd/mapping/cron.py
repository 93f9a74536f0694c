"""Cron schedules as CronJob reads them, checked, and written so that no reader can take them otherwise.

CronJob (robfig/cron v3) counts weekdays from Sunday = 0 and also knows 7; APScheduler counts from Monday = 0.
So the normal form has names for weekdays, and plain lists instead of ranges and steps.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator

_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SUNDAY_TOO: Final = 7
_ANY: Final = frozenset({"*", "?"})
_MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields: its range, and the names that stand for numbers (the first for `first`)."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, _SUNDAY_TOO, _WEEKDAYS),
)


def normalise(text: str) -> str:
    """Return the schedule in normal form: five fields, each `*` or a list; weekdays by name.

    Raises:
        ValueError: when CronJob would not take it, when it never fires, or when both day of month and day of
            week are restricted (cron fires on either, which few expect).

    """
    words = _MACROS.get(text.strip().lower(), text).split()
    if words and words[0].startswith("@every"):
        raise ValueError("@every has no place here; write interval: 5m instead of cron")
    if words and words[0].startswith(("@", "TZ=", "CRON_TZ=")):
        raise ValueError(f"must be five fields or one of {', '.join(_MACROS)}; a zone goes into timeZone")
    if len(words) != len(_FIELDS):
        raise ValueError(f"must have five fields (minute hour day month weekday), and has {len(words)}")
    values = [_values(word.lower(), field) for word, field in zip(words, _FIELDS, strict=True)]
    values[4] = frozenset(day % _SUNDAY_TOO for day in values[4])
    days, months, weekdays = values[2], values[3], values[4]
    if len(days) < _FIELDS[2].last and len(weekdays) < len(_WEEKDAYS):
        raise ValueError("restricts both day of month and day of week, and cron fires on either; leave one *")
    if not any(min(days) <= _DAYS_IN_MONTH[month - 1] for month in months):
        raise ValueError("never fires: none of its months has such a day")
    return " ".join(_written(found, field) for found, field in zip(values, _FIELDS, strict=True))


def _values(word: str, field: _Field) -> frozenset[int]:
    return frozenset(number for item in word.split(",") for number in _range(item, field))


def _range(item: str, field: _Field) -> range:
    span, slash, step_text = item.partition("/")
    step = int(step_text) if _is_number(step_text) else 0
    if slash and not step:
        raise ValueError(f"{field.name}: a step is a whole number above 0")
    if span in _ANY:
        return range(field.first, field.last + 1, step or 1)
    first_text, dash, last_text = span.partition("-")
    first = _number(first_text, field)
    last = _number(last_text, field) if dash else field.last if slash else first
    if last < first:
        raise ValueError(f"{field.name}: a range runs upwards")
    return range(first, last + 1, step or 1)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.first + field.names.index(text)
    if _is_number(text) and field.first <= int(text) <= field.last:
        return int(text)
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"{field.name}: must be {field.first} to {field.last}{names}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 2  # noqa: PLR2004  # no field goes beyond 59


def _written(values: frozenset[int], field: _Field) -> str:
    last = field.last - 1 if field.names is _WEEKDAYS else field.last
    if len(values) == last - field.first + 1:
        return "*"
    return ",".join(_WEEKDAYS[value] if field.names is _WEEKDAYS else str(value) for value in sorted(values))


@cache
def _zones() -> frozenset[str]:
    """Return the zones that this machine knows; listing them reads a whole folder."""
    return frozenset(zoneinfo.available_timezones())


def check_zone(name: str) -> str:
    """Return the name of a time zone of the IANA database, as CronJob's `timeZone` takes it.

    Raises:
        ValueError: when there is no such zone; the message has the nearest one.

    """
    known = _zones()
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    more = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"is no time zone, such as Europe/Zurich or UTC{more}")


Cron = Annotated[str, AfterValidator(normalise)]
"""A cron schedule, as CronJob's `schedule`: five fields, or `@hourly` and friends."""

Zone = Annotated[str, AfterValidator(check_zone)]
"""Name of a time zone, as CronJob's `timeZone`."""
