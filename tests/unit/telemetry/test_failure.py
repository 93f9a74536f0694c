"""How an exception is told in one line."""

from __future__ import annotations

import re

import pytest

from syncd.model.errors import UsageError
from syncd.telemetry.failure import located
from tests.unit.telemetry.samples import CANARY


def test_an_exception_is_told_by_class_and_place() -> None:
    """A foreign text stays out, and file and line of whoever raised it are named."""
    with pytest.raises(ValueError, match=CANARY) as caught:
        int(CANARY)
    assert re.fullmatch(r"ValueError at test_failure\.py:\d+", located(caught.value))


def test_an_exception_that_was_not_raised_has_no_place() -> None:
    """Its class is all that there is; a text of ours is told."""
    assert located(KeyError(CANARY)) == "KeyError"
    assert located(UsageError("flag --x is unknown")) == "UsageError: flag --x is unknown"
