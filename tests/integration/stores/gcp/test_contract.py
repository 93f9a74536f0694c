"""GCP Secret Manager, put through the contract of the stores: over gRPC and over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from syncd.testing.stores import Capability, StoreContract
from tests.integration.stores.gcp.rig import GcpRig, Google
from tests.unit.stores.test_contract import ALWAYS, OF_A_SERVER, ONE_VALUE, VERSIONED

if TYPE_CHECKING:
    from tests.integration.stores.gcp.rig import Transport

CAPABILITIES = frozenset(Capability) - {Capability.BYTES}


class TestOverGrpc(StoreContract):
    """The default."""

    capabilities: ClassVar = CAPABILITIES

    @pytest.fixture
    def transport(self) -> Transport:
        """Of the servers and the store."""
        return "grpc"

    @pytest.fixture
    def rig(self, google: Google) -> GcpRig:
        """A new project."""
        return GcpRig(google, google.store())


class TestOverRest(StoreContract):
    """For proxies that let no gRPC through."""

    capabilities: ClassVar = CAPABILITIES

    @pytest.fixture
    def transport(self) -> Transport:
        """Of the servers and the store."""
        return "rest"

    @pytest.fixture
    def rig(self, google: Google) -> GcpRig:
        """A new project."""
        return GcpRig(google, google.store())


@pytest.mark.parametrize("contract", [TestOverGrpc, TestOverRest])
def test_no_case_is_lost(contract: type[StoreContract]) -> None:
    """Each wire is put through exactly these cases; none is skipped without being seen here."""
    assert contract.cases() == sorted(
        [
            *ALWAYS,
            *VERSIONED,
            *OF_A_SERVER,
            *ONE_VALUE,
            "test_deadline",
            "test_token_changes_with_the_secret",
        ]
    )
