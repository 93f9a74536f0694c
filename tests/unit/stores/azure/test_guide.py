"""docs/guides/azure.md: what it says of variables, settings and pauses."""

from __future__ import annotations

import re
from typing import Final

from syncd.stores.azure import login
from tests.unit.stores.guides import Guide
from tests.unit.stores.test_guide import SOURCES

GUIDE: Final = Guide.of("azure")


def test_variables_in_the_guide() -> None:
    """The guide names each variable and setting that the messages ask for."""
    asked = set(
        re.findall(
            r"(?<=\")AZURE_[A-Z_]+|verifyChallengeResource|azure\.workload\.identity/[a-z-]+",
            SOURCES["azure"],
        )
    )
    assert len(asked) == 7
    for name in asked:
        assert name in GUIDE.text


def test_pauses_in_the_guide() -> None:
    """The guide says how long the next login waits after a refusal."""
    first, second, third = login.PAUSES
    assert f"the next login waits {first:.0f}, {second:.0f}, then {third:.0f} seconds" in GUIDE.text
