"""docs/guides/gcp.md: what it says of permissions, variables and times."""

from __future__ import annotations

import re
from typing import Final

from syncd.stores.gcp import errors, faults, identity, ticket, wire
from tests.unit.stores.guides import Guide
from tests.unit.stores.test_guide import SOURCES

GUIDE: Final = Guide.of("gcp")


def test_permissions_in_the_guide() -> None:
    """The guide names the permissions and roles that the messages ask for."""
    for name in re.findall(r"(?:secretmanager|roles/[a-zA-Z.]+)\.[a-zA-Z]+[a-zA-Z.]*", errors.ACCESS):
        assert name in GUIDE.text
    for name in set(re.findall(r"roles/iam\.\w+", SOURCES["gcp"])):
        assert name in GUIDE.text


def test_variables_and_seconds_in_the_guide() -> None:
    """The guide names each variable that the store reads, and how long before its end a token is renewed."""
    for variable in (wire.ROOTS, wire.LOGGING, faults.SEE, identity.FILE):
        assert f"`{variable}`" in GUIDE.text
    assert f"{ticket.RENEWED_BEFORE:.0f} seconds before it ends" in GUIDE.text
