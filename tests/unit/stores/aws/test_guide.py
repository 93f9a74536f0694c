"""docs/guides/aws.md: its policies, and what it says of the SDK."""

from __future__ import annotations

import json
from typing import Any, Final

from syncd.stores.aws import batch, login, names, outcome, wire
from tests.unit.stores.guides import Guide

GUIDE: Final = Guide.of("aws")
POLICIES: Final = [json.loads(text) for text in GUIDE.blocks("json")]


def actions(policy: dict[str, Any]) -> set[str]:
    """The actions that a policy allows."""
    listed = [statement["Action"] for statement in policy["Statement"]]
    return {action for item in listed for action in ([item] if isinstance(item, str) else item)}


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


def test_words_of_the_sdk_in_the_guide() -> None:
    """The guide names the variable with the authorities, the size of a batch and the pauses as they are."""
    assert f"`{wire.CA_VARIABLES[0]}`" in GUIDE.text
    assert batch.LARGEST == 20
    assert f"1,000 secrets are {1000 // batch.LARGEST} requests" in GUIDE.text
    pauses = [f"{pause:.0f}" for pause in login.PAUSES]
    assert f"waits {', '.join(pauses[:-1])}, then {pauses[-1]} seconds" in GUIDE.text
