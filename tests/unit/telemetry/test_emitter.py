"""One event reaches every listener, whatever the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.events import ListenerFailed, SweepFinished
from syncd.telemetry.emitter import Emitter
from tests.unit.telemetry.samples import CANARY

if TYPE_CHECKING:
    from syncd.model.events import Event

SWEEP = SweepFinished("platform every 5m", 0.25, 1, 0, 0, 1)


def fails(_event: Event) -> None:
    """Raise, as a listener with a bug would."""
    raise ValueError(CANARY)


def test_every_listener_hears_every_event() -> None:
    """An event is passed on to all listeners."""
    one: list[Event] = []
    other: list[Event] = []
    Emitter({"one": one.append, "other": other.append})(SWEEP)
    assert one == other == [SWEEP]


def test_a_listener_that_raises_breaks_nothing() -> None:
    """The caller does not notice; the others hear the event, and the class of the exception, not its text."""
    heard: list[Event] = []
    Emitter({"metrics": fails, "log": heard.append})(SWEEP)
    assert heard == [SWEEP, ListenerFailed("metrics", "ValueError")]


def test_listeners_that_all_raise_end() -> None:
    """When nobody is left to be told, nothing goes round in circles."""
    Emitter({"metrics": fails, "log": fails})(SWEEP)
