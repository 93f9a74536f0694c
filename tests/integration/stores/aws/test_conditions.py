"""Each condition of AWS: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import SecretNotFound, StoreError
from syncd.model.secret import SecretRef
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from syncd.testing.stores import soon
from tests.integration.stores.aws.arrange import THERE, arrange
from tests.integration.stores.aws.conditions import AWS
from tests.integration.stores.aws.rig import NAME
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.stores.interface import Fetched, SecretStore
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


class Counted:
    """Counts how often a store is asked."""

    def __init__(self, store: SecretStore) -> None:
        """Listen to `store`."""
        self._fetch = store.fetch
        self.times = 0

    def __call__(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Ask it."""
        self.times += 1
        return self._fetch(refs, deadline=deadline)


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a batch"])
@pytest.mark.parametrize("condition", AWS, ids=lambda each: each.name)
def test_condition(
    condition: Condition, together: bool, rig: AwsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret or a store in this condition is answered as its row says, alone and beside another secret."""
    rig.put(NEIGHBOUR, {"key": "value"})
    name, version = arrange(condition.name, rig, monkeypatch)
    ref = rig.ref(name, version) if name in {THERE, "elsewhere"} else SecretRef(NAME, name, version)
    refs = [ref, rig.ref(NEIGHBOUR)] if together else [ref]
    counted = Counted(rig.store)
    monkeypatch.setattr(rig.store, "fetch", counted)
    bounds = Bounds(timeout=0.7 if condition.name == "timeout" else 10.0)
    patience = Patience(clock=Time(time.monotonic()).clock())
    answers = GuardedStore(rig.store, bounds, lambda _: None, patience).fetch(refs, deadline=soon())
    answer = answers[ref]
    reason = answer.reason if isinstance(answer, StoreError) else None
    told = (reason, counted.times > 1, isinstance(answer, SecretNotFound) and ref.version is None)
    assert told == (condition.reason, condition.retried, condition.may_delete), repr(answer)
    if together and condition.name in OF_ONE_SECRET:
        assert not isinstance(answers[refs[1]], StoreError), repr(answers[refs[1]])
