"""Each condition of Vault: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.secret import SecretRef
from tests.integration.stores.rig import NAME
from tests.integration.stores.vault.arrange import arrange
from tests.integration.stores.vault.conditions import VAULT
from tests.integration.stores.vault.rig import VaultRig
from tests.unit.stores.drive import must_be

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.conditions import Condition
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao


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
    must_be(condition, rig.store, SecretRef(NAME, path, version), monkeypatch)
