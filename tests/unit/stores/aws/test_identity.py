"""Roles that AWS could not even be asked for."""

from __future__ import annotations

from botocore.exceptions import ParamValidationError

from syncd.model.errors import StoreMisconfigured
from syncd.stores.aws.identity import login_error


def test_role_that_the_sdk_does_not_ask_for() -> None:
    """What the SDK refuses for its form is told by the fields that it can be, and not by its values."""
    error = login_error(
        ParamValidationError(report="Invalid length for parameter Tags: canary"), "assumeRole"
    )
    assert isinstance(error, StoreMisconfigured)
    assert "sessionTags" in error.message
    assert "canary" not in error.message
