"""Fixtures of the daemon's unit tests."""

from __future__ import annotations

import pytest

from tests.unit.daemon.samples import Clock, Heard


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def heard() -> Heard:
    """Return a listener that keeps what it hears."""
    return Heard()
