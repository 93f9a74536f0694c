"""fields: what is taken from a remote secret, and what is said when it is not there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from syncd.mapping.credential import Source
from syncd.model.errors import SecretNotFound, StoreUnavailable
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef, SecretValue
from syncd.sync.fields import property_names, resolve
from tests.unit.sync.builders import STORE, credential, placement, remote, values

REF = SecretRef(STORE, "kv/hub")
NAMES = ("HF_TOKEN", "token")
JSON = '{"token":"t","n":1,"keys":[{"a/b":"deep"}],"empty":null,"b64":"dA==","both":{"x":"y"}}'


def take(source: Source, payload: str = JSON, **more: Any) -> SecretValue | str | Reason | None:
    """Return the field's value, or the reason why there is none."""
    one = placement(credential(sources={"token": source}))
    fields = resolve(one, {REF: remote(payload, **more)})
    return fields.missing[0].reason if fields.missing else fields.values.get("token")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Source(REF, "property", "token"), "t"),
        (Source(REF, "property", "n"), "1"),
        (Source(REF, "property", "empty"), ""),
        (Source(REF, "property", "both"), '{"x":"y"}'),
        (Source(REF, "pointer", "/keys/0/a~1b"), "deep"),
        (Source(REF, "pointer", "/n"), "1"),
        (Source(REF, "whole"), JSON),
        (Source(REF, "default", names=NAMES), "t"),
        (Source(REF, "property", "b64", decode="base64"), "t"),
    ],
)
def test_a_field_is_taken_as_the_mapping_says(source: Source, text: str) -> None:
    """By property, pointer, whole or usual name; text as it is, the rest as compact JSON."""
    assert take(source) == SecretValue(text.encode())


@pytest.mark.parametrize(
    ("source", "payload", "reason"),
    [
        (Source(REF, "property", "nope"), JSON, Reason.PROPERTY_NOT_FOUND),
        (Source(REF, "pointer", "/keys/1"), JSON, Reason.PROPERTY_NOT_FOUND),
        (Source(REF, "pointer", "/keys/x"), JSON, Reason.PROPERTY_NOT_FOUND),
        (Source(REF, "pointer", "/n/x"), JSON, Reason.PROPERTY_NOT_FOUND),
        (Source(REF, "property", "token"), "no json", Reason.INVALID_PAYLOAD),
        (Source(REF, "property", "token"), '{"token":"a","token":"b"}', Reason.INVALID_PAYLOAD),
        (Source(REF, "property", "token"), "[1]", Reason.INVALID_PAYLOAD),
        (Source(REF, "property", "token", decode="base64"), '{"token":"!"}', Reason.INVALID_PAYLOAD),
        (Source(REF, "default", names=NAMES), '{"HF_TOKEN":"a","token":"b"}', Reason.INVALID_VALUE),
        (Source(REF, "default", names=NAMES), '"bare"', Reason.INVALID_PAYLOAD),
    ],
)
def test_what_cannot_be_taken_is_said_with_its_reason(source: Source, payload: str, reason: Reason) -> None:
    """A wrong property, pointer, form or encoding is a reason, never an exception."""
    assert take(source, payload) is reason


def test_a_usual_name_that_is_not_there_leaves_the_field_absent() -> None:
    """The kind knows whether it needs the field; two usual names with one value are no conflict."""
    assert take(Source(REF, "default", names=NAMES), "{}") is None
    assert take(Source(REF, "default", names=NAMES), '{"HF_TOKEN":"a","token":"a"}') == SecretValue(b"a")


def test_a_bare_string_is_the_value_of_the_only_secret_field() -> None:
    """A payload that is no JSON object is taken whole where the kind has one secret field."""
    bare = Source(REF, "default", names=NAMES, bare=True)
    assert take(bare, "hf_abc") == SecretValue(b"hf_abc")
    assert take(bare, "123") == SecretValue(b"123")
    assert take(bare, '{"token":"t"}') == SecretValue(b"t")


def test_parts_are_properties() -> None:
    """A folder of files or a Kubernetes Secret has named values, which may be binary; whole is their JSON."""
    parts = values({"token": "t"})
    assert take(Source(REF, "default", names=NAMES, bare=True), "", parts=parts) == SecretValue(b"t")
    assert take(Source(REF, "whole"), "", parts=parts) == SecretValue(b'{"token":"t"}')
    binary = {"keytab": SecretValue(b"\xff\x00")}
    assert take(Source(REF, "property", "keytab"), "", parts=binary) == binary["keytab"]
    assert take(Source(REF, "whole"), "", parts=binary) is Reason.INVALID_PAYLOAD


def test_a_stores_error_is_said_once_however_many_fields_it_costs() -> None:
    """Two fields of one unavailable secret are one reason, with the remedy that fits it."""
    both = {"a": Source(REF, "property", "x"), "b": Source(REF, "property", "y")}
    one = placement(credential(sources=both))
    for error, remedy in (
        (StoreUnavailable("down"), "on schedule"),
        (SecretNotFound("gone"), "Nothing is deleted"),
    ):
        fields = resolve(one, {REF: error})
        (gap,) = fields.missing
        assert gap.message == str(error)
        assert remedy in gap.remedy
        assert property_names(one, {REF: error}) == {}


def test_messages_have_names_of_properties_and_no_values() -> None:
    """At most twenty names are listed; the values stay out, decoded or not."""
    secret = base64.b64encode(b"canary").decode()
    payload = '{"' + '":"canary","'.join(f"p{n:02}" for n in range(25)) + f'":"{secret}!"}}'
    one = placement(credential(sources={"token": Source(REF, "property", "nope")}))
    fields = resolve(one, {REF: remote(payload)})
    assert "p19 and 5 more" in fields.missing[0].message
    assert "canary" not in repr(fields)
    assert len(property_names(one, {REF: remote(payload)})[REF]) == 25
    assert property_names(one, {REF: remote("[]")}) == {REF: ()}


def test_literals_of_the_mapping_are_fields_too() -> None:
    """Settings are passed on beside what was fetched."""
    one = placement(credential(), settings={"region": "r"})
    assert resolve(one, {REF: remote(JSON)}).values["region"] == "r"
