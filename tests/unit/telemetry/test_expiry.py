"""A secret that expires is a series all the time, and a warning when it is near: on change, then daily."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import pytest
import structlog
from structlog.stdlib import BoundLogger

from syncd.model.events import Expiry, PlacementGone, SweepFinished
from syncd.model.names import ObjectRef
from syncd.telemetry.events import EventListener
from syncd.telemetry.lines import LogListener
from syncd.telemetry.metrics import Metrics
from syncd.telemetry.repeat import DAY
from tests.unit.telemetry.samples import PLACEMENT, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.events import Emit

SECRET: Final = ObjectRef("team-a", "models-s3")
SWEEP: Final = SweepFinished("platform every 5m", 0.25, 1, 0, 0, 1)
EXPIRES: Final = 1_700_604_800.0
"""A week after the clock's beginning."""

NEAR: Final = Expiry(PLACEMENT, EXPIRES, soon=True, secret=SECRET, uid="42")
FAR: Final = Expiry(PLACEMENT, EXPIRES, soon=False, secret=SECRET)
NONE: Final = Expiry(PLACEMENT, None, soon=False, secret=SECRET)


class Ears:
    """A log and an Event listener, and what each of them told."""

    def __init__(self, clock: Clock) -> None:
        """Listen, by this clock."""
        self.capture = structlog.testing.LogCapture()
        log: BoundLogger = structlog.wrap_logger(
            logging.getLogger("nobody"), processors=[self.capture], wrapper_class=BoundLogger
        )
        self.events: list[Mapping[str, Any]] = []
        self.listeners: tuple[Emit, ...] = (
            LogListener(log, clock),
            EventListener(lambda _, body: self.events.append(body), clock, instance="syncd-0", mapping=None),
        )

    def told(self, *events: Expiry | PlacementGone | SweepFinished) -> tuple[int, int]:
        """Tell these, and return how many warnings the log and the Events have of them."""
        self.capture.entries.clear()
        self.events.clear()
        for event in events:
            for listener in self.listeners:
                listener(event)
        lines = [entry for entry in self.capture.entries if entry["log_level"] == "warning"]
        return len(lines), len(self.events)


@pytest.fixture
def ears(clock: Clock) -> Ears:
    """Return both listeners."""
    return Ears(clock)


def test_the_warning_says_when_and_what_to_do(ears: Ears) -> None:
    """The line and the Event name the Secret, the time, and the way out."""
    assert ears.told(NEAR) == (1, 1)
    (line,) = ears.capture.entries
    assert line == {
        "log_level": "warning",
        "event": "secret expires soon",
        "reason": "ExpiresSoon",
        "credential": "models-s3",
        "namespace": "team-a",
        "secret": "models-s3",
        "expires": "2023-11-21T22:13:20Z",
        "effect": "after that it is published no more; what was published stays in place",
        "remedy": "write a new version, or move its expiry in the store",
    }
    (event,) = ears.events
    assert (event["type"], event["reason"]) == ("Warning", "ExpiresSoon")
    assert event["regarding"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "namespace": "team-a",
        "name": "models-s3",
        "uid": "42",
    }
    assert event["note"] == (
        "the secret in the store expires at 2023-11-21T22:13:20Z; after that it is published no more, and"
        " what was published stays in use. Renew it in the store"
    )


@pytest.mark.parametrize("expiry", [FAR, NONE])
def test_what_is_far_away_is_no_warning(ears: Ears, expiry: Expiry) -> None:
    """Nobody is told of an expiry that is not near, or of none."""
    assert ears.told(expiry, SWEEP) == (0, 0)


def test_it_is_told_again_once_a_day(ears: Ears, clock: Clock) -> None:
    """However many sweeps there are, a day passes between two warnings."""
    ears.told(NEAR)
    clock.time += DAY - 1
    assert ears.told(SWEEP, SWEEP) == (0, 0)
    clock.time += 1
    assert ears.told(SWEEP, SWEEP) == (1, 1)
    assert ears.told(SWEEP) == (0, 0)


@pytest.mark.parametrize("end", [FAR, NONE, PlacementGone(PLACEMENT)])
def test_it_ends_with_its_cause(ears: Ears, clock: Clock, end: Expiry | PlacementGone) -> None:
    """Renewed, over, or no longer mapped: nobody is reminded of it any more."""
    ears.told(NEAR, end)
    clock.time += 2 * DAY
    assert ears.told(SWEEP) == (0, 0)


def test_the_series_is_there_as_long_as_there_is_an_expiry(clock: Clock) -> None:
    """It has the time whether it is near or not, and goes when nothing expires or the placement goes."""
    metrics = Metrics(clock)

    def value() -> float | None:
        labels = {"credential": "models-s3", "namespace": "team-a"}
        return metrics.registry.get_sample_value("syncd_secret_expiry_timestamp_seconds", labels)

    assert value() is None
    metrics(FAR)
    assert value() == EXPIRES
    metrics(NONE)
    assert value() is None
    metrics(NEAR)
    assert value() == EXPIRES
    metrics(PlacementGone(PLACEMENT))
    assert value() is None
