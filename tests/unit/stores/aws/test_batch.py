"""Which references share a request, and whose each answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.secret import SecretRef, StoreName
from syncd.stores.aws.batch import answered, assign, split
from syncd.stores.aws.errors import Fault, FaultKind
from syncd.stores.aws.names import Wanted, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

REGION = "eu-west-1"


def arn(name: str, account: int = 1, suffix: str = "-AbCdEf") -> str:
    """The ARN of a secret; a part of one without a suffix."""
    return f"arn:aws:secretsmanager:{REGION}:{account:012}:secret:{name}{suffix}"


def want(*secrets: str | tuple[str, str]) -> list[Wanted]:
    """References to these secrets, or to versions of them."""
    pairs = [(each, None) if isinstance(each, str) else each for each in secrets]
    return [wanted(SecretRef(StoreName("cloud"), name, version), REGION) for name, version in pairs]


def ids(some: Sequence[Wanted]) -> list[str]:
    """What they are asked for by."""
    return [each.id for each in some]


def value(name: str, account: int = 1) -> dict[str, Any]:
    """A value as a batch has it."""
    return {"ARN": arn(name, account), "Name": name, "VersionId": "1", "SecretString": f"{account}:{name}"}


@pytest.mark.parametrize(
    ("secrets", "together", "alone"),
    [
        (["a", "b"], ["a", "b"], []),
        (["a"], [], ["a"]),
        (["a", ("b", "AWSPENDING")], [], ["a", "b"]),
        (["a", "b", ("a", "AWSPENDING")], ["a", "b"], ["a"]),
        (["a", "b", arn("a")], ["b", arn("a")], ["a"]),
        (["a", "b", arn("a", 2)], ["b", arn("a", 2)], ["a"]),
        (["a", "b", arn("a", 2, "")], ["b", arn("a", 2, "")], ["a"]),
        (["a-AbCdEf", "b", arn("a")], ["b", arn("a")], ["a-AbCdEf"]),
        ([arn("a"), arn("a", 2)], [arn("a"), arn("a", 2)], []),
        ([], [], []),
    ],
)
def test_split(secrets: list[Any], together: list[str], alone: list[str]) -> None:
    """A pin, a single secret, and a name that an ARN has too are read by themselves."""
    found = split(want(*secrets))
    assert (ids(found.together), ids(found.alone)) == (together, alone)


NAMES = st.sampled_from(["a", "b", "a-AbCdEf", "a-AbCdEf-AbCdEf", "b/c"])
SECRETS = st.one_of(
    NAMES,
    st.builds(arn, NAMES, st.integers(1, 2)),
    st.builds(arn, NAMES, st.integers(1, 2), st.just("")),
)


@given(st.lists(SECRETS, unique=True, max_size=20))
def test_nobody_gets_the_value_of_another(secrets: list[str]) -> None:
    """Whatever names and ARNs of two accounts are asked for, each gets the secret that it means."""
    batch = split(want(*secrets)).together
    # What AWS would answer: a name means the secret of our own account, the first.
    there = {}
    for secret in ids(batch):
        for name in ("a", "b", "a-AbCdEf", "a-AbCdEf-AbCdEf", "b/c"):
            for account in (1, 2):
                if secret in {arn(name, account), arn(name, account, "")} or (
                    secret == name and account == 1
                ):
                    there[secret] = value(name, account)
                    break
    found = assign(batch, there.values(), [])
    for secret, wanted_value in there.items():
        exact = secret == wanted_value["ARN"] or not secret.startswith("arn:")
        if exact:
            assert found[secret] == wanted_value


def test_a_whole_arn_goes_before_a_partial_one() -> None:
    """An ARN that is also the beginning of another secret's is answered with its own."""
    short, long = arn("a"), arn("a-AbCdEf")
    values = {"a": value("a"), "a-AbCdEf": value("a-AbCdEf")}
    for order in (("a", "a-AbCdEf"), ("a-AbCdEf", "a")):
        found = assign(want(short, long), [values[name] for name in order], [])
        assert found == {short: values["a"], long: values["a-AbCdEf"]}


def test_errors_go_to_whom_they_are_about() -> None:
    """An error carries the id as it was asked for; one of somebody else is nobody's."""
    asked = want("a", arn("b"), "c")
    errors = [
        {"SecretId": arn("b"), "ErrorCode": "AccessDeniedException", "Message": "no"},
        {"SecretId": "stranger", "ErrorCode": "AccessDeniedException", "Message": "no"},
    ]
    found = assign(asked, [value("a"), value("stranger")], errors)
    assert found["a"] == value("a")
    assert found[arn("b")] == Fault(FaultKind.DENIED, "denied")
    assert set(found) == {"a", arn("b")}
    assert not answered(found, asked)
    assert answered(found, asked[:2])
