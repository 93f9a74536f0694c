"""A real OpenBao, put through the contract of the stores: KV version 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from syncd.testing.stores import Capability, StoreContract
from tests.integration.stores.rig import VaultRig
from tests.unit.stores.test_contract import ALWAYS, VERSIONED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao

OF_A_SERVER = frozenset(
    {
        Capability.DENIES,
        Capability.LOGS_IN,
        Capability.FAILS,
        Capability.THROTTLES,
        Capability.HANGS,
        Capability.STOPS,
    }
)


class TestVaultKv2(StoreContract):
    """KV version 2."""

    capabilities: ClassVar = OF_A_SERVER | {Capability.TOKENS, Capability.VERSIONS}

    @pytest.fixture
    def rig(self, openbao: OpenBao, proxy: FaultProxy, kv2: str, tmp_path: Path) -> Iterator[VaultRig]:
        """A new mount."""
        rig = VaultRig.make(openbao, proxy, kv2, 2, tmp_path)
        yield rig
        rig.store.close()


class TestVaultKv1(StoreContract):
    """KV version 1: no versions, no change token."""

    capabilities: ClassVar = OF_A_SERVER

    @pytest.fixture
    def rig(self, openbao: OpenBao, proxy: FaultProxy, kv1: str, tmp_path: Path) -> Iterator[VaultRig]:
        """A new mount."""
        rig = VaultRig.make(openbao, proxy, kv1, 1, tmp_path)
        yield rig
        rig.store.close()


OF_A_SERVER_CASES = [
    "test_deadline",
    "test_denied",
    "test_error_of_the_store",
    "test_nobody_listens",
    "test_throttled",
    "test_unknown_to_the_store",
]


@pytest.mark.parametrize(
    ("contract", "more"),
    [
        (TestVaultKv2, [*VERSIONED, *OF_A_SERVER_CASES, "test_token_changes_with_the_secret"]),
        (TestVaultKv1, OF_A_SERVER_CASES),
    ],
)
def test_no_case_is_lost(contract: type[StoreContract], more: list[str]) -> None:
    """Each is put through exactly these cases; none is skipped without being seen here."""
    assert contract.cases() == sorted([*ALWAYS, *more])
