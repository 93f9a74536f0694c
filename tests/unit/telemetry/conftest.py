"""What the tests of telemetry share."""

from __future__ import annotations

import pytest

from tests.unit.telemetry.samples import Clock


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()
