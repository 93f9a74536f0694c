"""The guides of the stores: each example is accepted, each error is one that the store has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from syncd.model.reasons import Reason
from syncd.stores import transport_error
from syncd.stores.aws import errors as aws_errors
from syncd.stores.aws import identity as aws_identity
from syncd.stores.aws import login as aws_login
from syncd.stores.aws import names as aws_names
from syncd.stores.aws import outcome, wire
from syncd.stores.azure import adapter, bundle, fault, identity, login_error, names, vault
from syncd.stores.gcp import errors as gcp_errors
from syncd.stores.gcp import faults, login_errors, reader
from tests.unit.stores.guides import Guide, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES: Final[Mapping[str, int]] = {"vault": 4, "aws": 6, "gcp": 5, "azure": 9}
"""Guide → how many stores its examples have."""

SOURCES: Final[Mapping[str, str]] = {
    "aws": source_of(aws_errors, aws_identity, aws_login, aws_names, outcome, wire, transport_error),
    "gcp": source_of(gcp_errors, faults, login_errors, reader),
    "azure": source_of(adapter, bundle, fault, identity, login_error, names, vault),
}
"""Guide → the code that makes the messages which its table quotes."""

EVERY: Final = {
    "SecretNotFound",
    "VersionUnavailable",
    "AccessDenied",
    "AuthenticationFailed",
    "StoreMisconfigured",
    "RateLimited",
    "InvalidPayload",
    "StoreUnavailable",
}
ROWS: Final = [(guide, *row) for guide in SOURCES for row in Guide.of(guide).errors()]


@pytest.mark.parametrize("guide", STORES)
def test_stores_in_the_guide(guide: str) -> None:
    """Every store in the examples is accepted as it stands there."""
    assert Guide.of(guide).accepted_stores() == STORES[guide]


@pytest.mark.parametrize("guide", SOURCES)
def test_the_table_of_errors_has_every_reason(guide: str) -> None:
    """Each reason that a store can have is explained."""
    assert {reason for reason, _ in Guide.of(guide).errors()} - {"Expired"} == EVERY


@pytest.mark.parametrize(("guide", "reason", "words"), ROWS)
def test_errors_in_the_guide(guide: str, reason: str, words: str) -> None:
    """A reason of the table is one that there is, and the words beside it are in a message of the store."""
    assert reason in set(Reason)
    for part in words.split("; "):
        assert part.removeprefix("AADSTS") in SOURCES[guide]
