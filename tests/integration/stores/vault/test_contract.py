"""A real OpenBao, put through the contract of the stores: KV version 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from syncd.testing.stores import Capability, StoreContract
from tests.integration.stores.vault.rig import VaultRig
from tests.unit.stores.test_contract import ALWAYS, OF_A_SERVER, VERSIONED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao

OF_A_REAL_SERVER = frozenset(
    {
        Capability.CHECKS,
        Capability.DENIES,
        Capability.FAILS,
        Capability.HANGS,
        Capability.LOGS_IN,
        Capability.RENEWS,
        Capability.SPEAKS_TLS,
        Capability.STOPS,
        Capability.THROTTLES,
    }
)


class TestVaultKv2(StoreContract):
    """KV version 2."""

    capabilities: ClassVar = OF_A_REAL_SERVER | {Capability.TOKENS, Capability.VERSIONS}

    @pytest.fixture
    def rig(self, openbao: OpenBao, proxy: FaultProxy, kv2: str, tmp_path: Path) -> Iterator[VaultRig]:
        """A new mount."""
        rig = VaultRig.make(openbao, proxy, kv2, 2, tmp_path)
        yield rig
        rig.close()


class TestVaultKv1(StoreContract):
    """KV version 1: no versions, no change token."""

    capabilities: ClassVar = OF_A_REAL_SERVER

    @pytest.fixture
    def rig(self, openbao: OpenBao, proxy: FaultProxy, kv1: str, tmp_path: Path) -> Iterator[VaultRig]:
        """A new mount."""
        rig = VaultRig.make(openbao, proxy, kv1, 1, tmp_path)
        yield rig
        rig.close()


@pytest.mark.parametrize(
    ("contract", "more"),
    [
        (TestVaultKv2, [*VERSIONED, *OF_A_SERVER, "test_deadline", "test_token_changes_with_the_secret"]),
        (TestVaultKv1, [*OF_A_SERVER, "test_deadline"]),
    ],
)
def test_no_case_is_lost(contract: type[StoreContract], more: list[str]) -> None:
    """Each is put through exactly these cases; none is skipped without being seen here."""
    assert contract.cases() == sorted([*ALWAYS, *more])
