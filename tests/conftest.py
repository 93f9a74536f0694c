"""What every test has: the fixtures that start the real parts, and tracebacks without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["tests.harness.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Leave locals out of tracebacks, whatever is asked for: they hold secret values."""
    config.option.showlocals = False
