"""Hugging Face, ModelScope and HTTPS servers: tokens and headers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.kserve.kinds import KINDS
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import (
    differing,
    refused,
    rendered,
    tree,
)


@pytest.mark.parametrize(
    ("name", "key"), [("huggingFace", "HF_TOKEN"), ("modelScope", "MODELSCOPE_API_TOKEN")]
)
def test_hub_tokens(name: str, key: str) -> None:
    """The token is written without blanks at its ends; one with blanks inside is refused."""
    assert differing(rendered(name, {}, {"token": "hf_abc\n"}).data, {key: "hf_abc"}) == []
    assert refused(name, {}, {"token": "hf abc"}) == [("token", Reason.INVALID_VALUE)]
    assert refused(name, {}, {"token": "\n"}) == [("token", Reason.EMPTY_VALUE)]


@pytest.mark.parametrize(
    ("form", "remote", "headers"),
    [
        ({"bearerToken": {"property": "t"}}, {"t": "abc\n"}, {"Authorization": "Bearer abc"}),
        ({"basicAuth": {}}, {"username": "u", "password": "p:w"}, {"Authorization": "Basic dTpwOnc="}),
        (
            {"headers": {"X-Key": {"property": "k"}, "account": {}}},
            {"k": "a b", "account": '"q"'},
            {"X-Key": "a b", "account": '"q"'},
        ),
    ],
)
def test_https_headers(form: dict[str, object], remote: dict[str, str], headers: dict[str, str]) -> None:
    """The host in lower case, and the headers as one JSON object of strings."""
    result = rendered("https", {"host": "Models.Example.COM"} | form, remote)
    data = result.data or {}
    assert bool(data["https-host"].reveal() == b"models.example.com")
    assert bool(tree(data["headers"]) == headers)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://a.com",
        "a.com/x",
        "u@a.com",
        "a.com:8443",
        "::1",
        "a_b.com",
        "a\nb.com",
        "-a.com",
    ],
)
def test_https_host_is_a_name_alone(host: str) -> None:
    """KServe finds the headers by the bare host name, and makes an environment variable of it."""
    with pytest.raises(ValidationError):
        KINDS["https"].part.model_validate({"host": host, "bearerToken": {}})


@pytest.mark.parametrize(
    ("form", "remote", "expected"),
    [
        ({"bearerToken": {}}, {"token": "Bearer abc"}, ("bearerToken", Reason.INVALID_VALUE)),
        (
            {"basicAuth": {}},
            {"username": "a:b", "password": "p"},
            ("basicAuth.username", Reason.INVALID_VALUE),
        ),
        ({"headers": {"X": {}}}, {"X": "ü"}, ("headers.X", Reason.INVALID_VALUE)),
        ({"headers": {"X": {}}}, {"X": "a\r\nY: b"}, ("headers.X", Reason.INVALID_VALUE)),
        ({"bearerToken": {}}, {}, ("bearerToken|basicAuth|headers", Reason.PROPERTY_NOT_FOUND)),
    ],
)
def test_https_refuses_what_no_header_can_carry(
    form: dict[str, object], remote: dict[str, str], expected: tuple[str, Reason]
) -> None:
    """A token with blanks, a colon in a user name, text beyond ASCII, a second header smuggled in."""
    assert refused("https", {"host": "a.com"} | form, remote) == [expected]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"bearerToken": {}, "basicAuth": {}},
        {"headers": {}},
        {"headers": {"X: y": {}}},
        {"headers": {"X-a": {}, "x-A": {}}},
    ],
)
def test_https_has_exactly_one_way(form: dict[str, object]) -> None:
    """No way, two ways, no header, an impossible header or one twice is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["https"].part.model_validate({"host": "a.com"} | form)


@pytest.mark.parametrize(
    ("form", "whole"),
    [
        ({"bearerToken": {}}, "bearerToken"),
        ({"basicAuth": {"username": "u"}}, "basicAuth.password"),
        ({"basicAuth": {}}, None),
        ({"headers": {"X": {}}}, "headers.X"),
        ({"headers": {"X": {}, "Y": {}}}, None),
    ],
)
def test_https_takes_a_bare_secret_where_it_can_be_only_one_thing(
    form: dict[str, object], whole: str | None
) -> None:
    """A bare payload stands for the only secret that is asked for."""
    assert KINDS["https"].part.model_validate({"host": "a.com"} | form).inputs().whole_field == whole
