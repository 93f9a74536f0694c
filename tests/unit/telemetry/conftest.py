"""What the tests of telemetry share."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.stdlib import BoundLogger

from syncd.telemetry.lines import LogListener
from tests.unit.telemetry.samples import Clock

if TYPE_CHECKING:
    from syncd.model.events import Event
    from tests.unit.telemetry.samples import Tell


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def tell(clock: Clock) -> Tell:
    """Return a way to tell events to one listener that writes every level, debug too."""
    capture = structlog.testing.LogCapture()
    log: BoundLogger = structlog.wrap_logger(
        logging.getLogger("nobody"), processors=[capture], wrapper_class=BoundLogger
    )
    listener = LogListener(log, clock)

    def told(*events: Event) -> list[tuple[str, str, dict[str, Any]]]:
        capture.entries.clear()
        for event in events:
            listener(event)
        return [
            (line.pop("log_level"), line.pop("event"), dict(line))
            for line in (dict(entry) for entry in capture.entries)
        ]

    return told
