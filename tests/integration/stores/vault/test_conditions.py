"""Each condition of Vault: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import SecretNotFound, StoreError
from syncd.model.secret import SecretRef
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from syncd.testing.stores import soon
from tests.integration.stores.rig import NAME
from tests.integration.stores.vault.arrange import arrange
from tests.integration.stores.vault.conditions import VAULT
from tests.integration.stores.vault.rig import VaultRig
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from syncd.stores.interface import Fetched, SecretStore
    from tests.harness.conditions import Condition
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao


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


@pytest.fixture
def rig(openbao: OpenBao, proxy: FaultProxy, kv2: str, tmp_path: Path) -> Iterator[VaultRig]:
    """A new mount."""
    rig = VaultRig.make(openbao, proxy, kv2, 2, tmp_path)
    yield rig
    rig.close()


@pytest.mark.parametrize("condition", VAULT, ids=lambda each: each.name)
def test_condition(condition: Condition, rig: VaultRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret or a store in this condition is answered as its row says."""
    path, version = arrange(condition.name, rig)
    counted = Counted(rig.store)
    monkeypatch.setattr(rig.store, "fetch", counted)
    bounds = Bounds(timeout=0.7 if condition.name == "timeout" else 10.0)
    patience = Patience(clock=Time(time.monotonic()).clock())
    ref = SecretRef(NAME, path, version)
    answer = GuardedStore(rig.store, bounds, lambda _: None, patience).fetch([ref], deadline=soon())[ref]
    reason = answer.reason if isinstance(answer, StoreError) else None
    told = (reason, counted.times > 1, isinstance(answer, SecretNotFound) and version is None)
    assert told == (condition.reason, condition.retried, condition.may_delete), repr(answer)
