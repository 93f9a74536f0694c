"""docs/guides/gcp.md says what the store accepts, asks for and answers."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from syncd.model.reasons import Reason
from syncd.stores.gcp import errors, faults, identity, login_errors, reader, ticket, wire
from syncd.stores.settings import STORE_PARTS

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "guides" / "gcp.md").read_text(encoding="utf-8")
SOURCE = "\n".join(map(inspect.getsource, (errors, faults, login_errors, reader)))
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
    assert len(stores) == 5


def test_table_of_errors_is_read() -> None:
    """The table has a row for each of these reasons, so that the next test looks at something."""
    assert {reason for reason, _ in TABLE} == {
        "SecretNotFound",
        "VersionUnavailable",
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
    assert words in re.sub(r'"\s+f?"', "", SOURCE)


def test_permissions_in_the_guide() -> None:
    """The guide names the permissions and roles that the messages ask for."""
    for name in re.findall(r"(?:secretmanager|roles/[a-zA-Z.]+)\.[a-zA-Z]+[a-zA-Z.]*", errors.ACCESS):
        assert name in GUIDE
    for name in set(re.findall(r"roles/iam\.\w+", SOURCE)):
        assert name in GUIDE


def test_variables_and_seconds_in_the_guide() -> None:
    """The guide names each variable that the store reads, and how long before its end a token is renewed."""
    for variable in (wire.ROOTS, wire.LOGGING, faults.SEE, identity.FILE):
        assert f"`{variable}`" in GUIDE
    assert f"{ticket.RENEWED_BEFORE:.0f} seconds before it ends" in GUIDE
