"""docs/guides/aws.md says what the store accepts, asks for and answers."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.model.reasons import Reason
from syncd.stores import transport_error
from syncd.stores.aws import batch, errors, identity, login, names, outcome, wire
from syncd.stores.settings import STORE_PARTS

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "guides" / "aws.md").read_text(encoding="utf-8")
MODULES = (errors, identity, login, names, outcome, wire, transport_error)
SOURCE = re.sub(r'"\s+f?"', "", "\n".join(map(inspect.getsource, MODULES)))
ROW = re.compile(r"^\| ([A-Z]\w+)(?:, `([^`]+)`)? \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
TABLE = ROW.findall(GUIDE.partition("## What its errors")[2])
POLICIES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


def actions(policy: dict[str, Any]) -> set[str]:
    """The actions that a policy allows."""
    listed = [statement["Action"] for statement in policy["Statement"]]
    return {action for item in listed for action in ([item] if isinstance(item, str) else item)}


def test_stores_in_the_guide() -> None:
    """Every store in the guide is accepted as it stands there."""
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    loaded = [yaml.load(example, yaml.BaseLoader) for example in examples]  # noqa: S506  # text, no objects
    stores = [store for example in loaded for store in example["stores"].values()]
    for store in stores:
        for store_type, settings in store.items():
            STORE_PARTS[store_type].model_validate(settings)
    assert len(stores) == 6


def test_policies_in_the_guide() -> None:
    """Every policy is valid JSON of IAM's form, and each allows what it is for and no more."""
    for policy in POLICIES:
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            assert {"Resource", "Principal"} & statement.keys()
            assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
    assert [actions(policy) for policy in POLICIES] == [
        {outcome.ACTION, outcome.BATCH_ACTION},
        {outcome.DECRYPT},
        {"sts:AssumeRole", "sts:TagSession"},
        {"sts:AssumeRoleWithWebIdentity"},
        {"sts:AssumeRole", "sts:TagSession"},
        {outcome.ACTION},
    ]


def test_the_least_policy_covers_a_name_and_not_everything() -> None:
    """Only the action that has no resource is allowed on all of them."""
    resources = {statement["Action"]: statement["Resource"] for statement in POLICIES[0]["Statement"]}
    assert resources[outcome.BATCH_ACTION] == "*"
    assert names.name_in(resources[outcome.ACTION]) == "ml/*"


def test_table_of_errors_is_read() -> None:
    """The table has rows for each of these reasons, so that the next test looks at something."""
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
    assert len(TABLE) == 22


@pytest.mark.parametrize(("reason", "words"), TABLE)
def test_errors_in_the_guide(reason: str, words: str) -> None:
    """A reason of the table is one that there is, and the words beside it are in a message of the store."""
    assert reason in set(Reason)
    for part in words.split("; "):
        assert part in SOURCE


def test_words_of_the_sdk_in_the_guide() -> None:
    """The guide names the variable with the authorities, the size of a batch and the pauses as they are."""
    assert f"`{wire.CA_VARIABLES[0]}`" in GUIDE
    assert batch.LARGEST == 20
    assert f"1,000 secrets are {1000 // batch.LARGEST} requests" in GUIDE
    pauses = [f"{pause:.0f}" for pause in login.PAUSES]
    assert f"waits {', '.join(pauses[:-1])}, then {pauses[-1]} seconds" in GUIDE
