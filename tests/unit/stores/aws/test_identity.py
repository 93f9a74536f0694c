"""Roles that AWS could not even be asked for."""

from __future__ import annotations

import pytest
from botocore.exceptions import ParamValidationError
from pydantic import ValidationError

from syncd.model.errors import StoreMisconfigured
from syncd.stores.aws.identity import login_error
from syncd.stores.aws.settings import AssumeRole

ROLE = "arn:aws:iam::111122223333:role/reader"


@pytest.mark.parametrize("external_id", ["x", "a b", "x" * 1225])
def test_external_id_that_aws_does_not_take(external_id: str) -> None:
    """An external id that AssumeRole would not take is refused with the mapping."""
    with pytest.raises(ValidationError, match="externalId"):
        AssumeRole.model_validate({"roleArn": ROLE, "externalId": external_id})


def test_role_that_the_sdk_does_not_ask_for() -> None:
    """What the SDK refuses for its form is told by the fields that it can be, and not by its values."""
    error = login_error(
        ParamValidationError(report="Invalid length for parameter Tags: canary"), "assumeRole"
    )
    assert isinstance(error, StoreMisconfigured)
    assert "sessionTags" in error.message
    assert "canary" not in error.message
