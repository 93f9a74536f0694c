"""Each condition of AWS: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import StoreError
from syncd.model.secret import SecretRef
from tests.integration.stores.aws.arrange import THERE, arrange
from tests.integration.stores.aws.conditions import AWS
from tests.integration.stores.aws.rig import NAME
from tests.unit.stores.drive import must_be

if TYPE_CHECKING:
    from tests.harness.conditions import Condition
    from tests.integration.stores.aws.rig import AwsRig

NEIGHBOUR = "neighbour"
OF_ONE_SECRET = {
    "found",
    "secret missing",
    "secret missing, version pinned",
    "secret missing, stage pinned",
    "version missing",
    "stage missing",
    "scheduled for deletion",
    "value absent",
    "access denied",
    "decryption denied",
    "key disabled",
    "batch not allowed",
    "login expired",
    "name not allowed",
    "ARN of another region",
}
"""Conditions in which another secret of the same request is read."""


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a batch"])
@pytest.mark.parametrize("condition", AWS, ids=lambda each: each.name)
def test_condition(
    condition: Condition, together: bool, rig: AwsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret or a store in this condition is answered as its row says, alone and beside another secret."""
    rig.put(NEIGHBOUR, {"key": "value"})
    name, version = arrange(condition.name, rig, monkeypatch)
    ref = rig.ref(name, version) if name in {THERE, "elsewhere"} else SecretRef(NAME, name, version)
    beside = [rig.ref(NEIGHBOUR)] if together else []
    answers = must_be(condition, rig.store, ref, monkeypatch, *beside)
    if together and condition.name in OF_ONE_SECRET:
        assert not isinstance(answers[beside[0]], StoreError), repr(answers[beside[0]])
