"""docs/guides/azure.md says what the store accepts, asks for and answers."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from syncd.model.reasons import Reason
from syncd.stores.azure import adapter, bundle, fault, identity, login, login_error, names, vault
from syncd.stores.settings import STORE_PARTS

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "guides" / "azure.md").read_text(encoding="utf-8")
SOURCE = "\n".join(map(inspect.getsource, (adapter, bundle, fault, identity, login_error, names, vault)))
ROW = re.compile(r"^\| ([A-Z]\w+)(?:, `([^`]+)`)? \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
TABLE = ROW.findall(GUIDE.partition("## What its errors")[2])


def test_stores_in_the_guide() -> None:
    """Every store in the guide is accepted as it stands there."""
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    loaded = [yaml.load(example, yaml.BaseLoader) for example in examples]  # noqa: S506  # text, no objects
    stores = [store for example in loaded for store in example["stores"].values()]
    for store in stores:
        for store_type, settings in store.items():
            STORE_PARTS[store_type].model_validate(settings)
    assert len(stores) == 9


def test_table_of_errors_is_read() -> None:
    """The table has a row for each of these reasons, so that the next test looks at something."""
    assert {reason for reason, _ in TABLE} == {
        "SecretNotFound",
        "VersionUnavailable",
        "Expired",
        "AccessDenied",
        "AuthenticationFailed",
        "StoreMisconfigured",
        "RateLimited",
        "InvalidPayload",
        "StoreUnavailable",
    }


@pytest.mark.parametrize(("reason", "words"), TABLE)
def test_errors_in_the_guide(reason: str, words: str) -> None:
    """A reason of the table is one that there is, and the words beside it are in a message of the store."""
    assert reason in set(Reason)
    assert words.removeprefix("AADSTS") in re.sub(r'"\s+f?"', "", SOURCE)


def test_variables_in_the_guide() -> None:
    """The guide names each variable and setting that the messages ask for."""
    asked = set(
        re.findall(r"(?<=\")AZURE_[A-Z_]+|verifyChallengeResource|azure\.workload\.identity/[a-z-]+", SOURCE)
    )
    assert len(asked) == 7
    for name in asked:
        assert name in GUIDE


def test_pauses_in_the_guide() -> None:
    """The guide says how long the next login waits after a refusal."""
    first, second, third = login.PAUSES
    assert f"the next login waits {first:.0f}, {second:.0f}, then {third:.0f} seconds" in GUIDE
