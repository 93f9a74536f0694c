"""`schedule`: when a credential is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, model_validator

from syncd.mapping.credential import Schedule
from syncd.mapping.cron import Cron, Zone
from syncd.schema.part import Part, Seconds

if TYPE_CHECKING:
    from typing import Self

_SHORTEST: Final = 1.0


def _positive(seconds: float) -> float:
    if seconds < _SHORTEST:
        raise ValueError("must be at least 1s")
    return seconds


Period = Annotated[Seconds, AfterValidator(_positive)]
"""A duration of at least one second."""


class SchedulePart(Part):
    """When a credential is read again; give `interval` or `cron`."""

    interval: Period | None = None
    """Time between two reads, such as `5m`."""
    cron: Cron | None = None
    """When to read, as CronJob's `schedule`: five fields, or `@hourly` and friends; 0 and 7 are Sunday."""
    time_zone: Zone | None = None
    """Time zone of `cron`, such as `Europe/Zurich`; left out, that of the daemon (UTC in its image)."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.interval is None) == (self.cron is None):
            raise ValueError("give either interval or cron")
        if self.time_zone is not None and self.cron is None:
            raise ValueError("timeZone goes with cron only")
        return self

    def value(self) -> Schedule:
        """Return the schedule that this asks for."""
        return Schedule(self.interval, self.cron, self.time_zone)
