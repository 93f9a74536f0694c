"""Azure Key Vault, put through the contract of the stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from syncd.testing.stores import Capability, StoreContract
from tests.integration.stores.azure.rig import AzureRig
from tests.unit.stores.test_contract import ALWAYS, OF_A_SERVER, VERSIONED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.azure.server import AzureServer
    from tests.harness.tls import CertificateAuthority


class TestKeyVault(StoreContract):
    """A vault with a service principal."""

    capabilities: ClassVar = frozenset(Capability) - {Capability.BINARY, Capability.BYTES}

    @pytest.fixture
    def rig(self, server: AzureServer, authority: CertificateAuthority, tmp_path: Path) -> Iterator[AzureRig]:
        """A new vault."""
        rig = AzureRig.make(server, authority.file, tmp_path)
        yield rig
        rig.store.close()


def test_no_case_is_lost() -> None:
    """The vault is put through exactly these cases; none is skipped without being seen here."""
    more = ["test_deadline", "test_empty_secret", "test_token_changes_with_the_secret", "test_value"]
    assert TestKeyVault.cases() == sorted([*ALWAYS, *VERSIONED, *OF_A_SERVER, *more])
