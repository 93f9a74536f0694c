"""AWS Secrets Manager, put through the contract of the stores: boto3 as it is, against moto."""

from __future__ import annotations

from typing import ClassVar

from syncd.testing.stores import Capability, StoreContract
from tests.unit.stores.test_contract import ALWAYS, OF_A_SERVER, VERSIONED


class TestAws(StoreContract):
    """Through a role that is assumed with an access key."""

    capabilities: ClassVar = frozenset(
        {
            Capability.BINARY,
            Capability.CHECKS,
            Capability.DENIES,
            Capability.FAILS,
            Capability.HANGS,
            Capability.LOGS_IN,
            Capability.RENEWS,
            Capability.SPEAKS_TLS,
            Capability.STOPS,
            Capability.THROTTLES,
            Capability.TOKENS,
            Capability.VALUES,
            Capability.VERSIONS,
        }
    )


def test_no_case_is_lost() -> None:
    """It is put through exactly these cases; none is skipped without being seen here."""
    more = ["test_binary_value", "test_deadline", "test_token_changes_with_the_secret", "test_value"]
    assert TestAws.cases() == sorted([*ALWAYS, *VERSIONED, *OF_A_SERVER, *more])
