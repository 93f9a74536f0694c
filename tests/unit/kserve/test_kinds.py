"""What holds for every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.kserve.detect import detect
from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings, Rendered
from syncd.kserve.kinds.values import Values
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue
from syncd.schema.part import Part
from tests.unit.kserve.forms import (
    NAMENODE,
    PRINCIPAL,
    SERVICE_ACCOUNT,
    SHIPPED,
    WHOLE,
    attempt,
    refused,
    rendered,
    tree,
)

EXAMPLES: dict[str, tuple[object, dict[str, str | bytes]]] = {
    "s3": ({}, {"access_key": "AK", "secret_key": "SK"}),
    "gcs": ({"credentials": {"whole": "true"}}, {WHOLE: SERVICE_ACCOUNT}),
    "azure": (PRINCIPAL, {"client_secret": "cs"}),
    "huggingFace": ({}, {"token": "hf_abc"}),
    "modelScope": ({}, {"token": "t"}),
    "https": ({"host": "a.com", "bearerToken": {}}, {"token": "t"}),
    "hdfs": (NAMENODE, {}),
    "dockerConfig": ({"registry": "ghcr.io"}, {"username": "u", "password": "p"}),
    "opaque": ({"data": {"KEY": {"property": "v"}}}, {"v": "x"}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_kserve_takes_every_kind_for_what_the_mapping_says(name: str) -> None:
    """What is rendered is recognised by KServe as that kind, or not at all where it should not be."""
    form, remote = EXAMPLES[name]
    result = rendered(name, form, remote)
    expected = None if name in {"dockerConfig", "opaque"} else name
    assert result.detects_as == expected
    assert detect(result.data or {}, SHIPPED) == expected
    assert result.exclusive == (name in {"s3", "gcs", "hdfs"})


def test_every_kind_stands_under_its_own_name() -> None:
    """The table has the nine kinds of the mapping, and an example here for each."""
    assert list(KINDS) == list(EXAMPLES)
    assert all(kind.name == name and kind.since for name, kind in KINDS.items())


def _parts() -> list[type[Part]]:
    nested: list[type[Part]] = [kind.part for kind in KINDS.values()]
    for part in nested:
        for field in part.model_fields.values():
            nested += [
                inner
                for inner in getattr(field.annotation, "__args__", ())
                if isinstance(inner, type) and issubclass(inner, Part) and inner not in nested
            ]
    return nested


@pytest.mark.parametrize("part", _parts(), ids=lambda part: part.__name__)
def test_every_field_is_described(part: type[Part]) -> None:
    """Each field has a text for `syncd explain` and the JSON Schema."""
    assert part.__doc__
    described = part.model_json_schema()["properties"]
    assert len(described) == len(part.model_fields)
    assert [name for name, field in described.items() if not field.get("description")] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_form_has_a_json_schema(name: str) -> None:
    """Text fields take text or a source, secret fields only a source."""
    schema = KINDS[name].part.model_json_schema()
    assert "SourceSpec" in schema["$defs"]
    if name == "s3":
        text, secret = (schema["properties"][field]["anyOf"] for field in ("endpoint", "secretAccessKey"))
        assert {"type": "string"} in text
        assert {"type": "string"} not in secret


@pytest.mark.parametrize("name", [name for name in KINDS if not KINDS[name].storage_config])
def test_storage_config_is_refused_where_kserve_does_not_read_it(name: str) -> None:
    """An entry of a kind other than s3 and hdfs would be refused by KServe for every pod."""
    form, remote = EXAMPLES[name]
    assert refused(name, form, remote, entry=EntrySettings("k")) == [
        ("storageConfig", Reason.MAPPING_INVALID)
    ]


@pytest.mark.parametrize("name", ["s3", "hdfs"])
@pytest.mark.parametrize("key", ["", ".", "..", "..a", "a/b", "HF_TOKEN", "a" * 254])
def test_an_entry_has_a_key_that_neither_kubernetes_nor_kserve_mistakes(name: str, key: str) -> None:
    """A key that Kubernetes refuses, or by which KServe would recognise the whole Secret, is refused."""
    form, remote = EXAMPLES[name]
    assert refused(name, form, remote, entry=EntrySettings(key)) == [
        ("storageConfig.key", Reason.MAPPING_INVALID)
    ]


@pytest.mark.parametrize("bucket", ["", "s3://b", "a b", "b/path"])
def test_a_bucket_is_a_name(bucket: str) -> None:
    """A URL or a path in place of a bucket's name is refused."""
    found = refused("s3", *EXAMPLES["s3"], entry=EntrySettings("k", bucket))
    assert found == [("storageConfig.bucket", Reason.MAPPING_INVALID)]


SECRETS = [
    ("s3", {"secretAccessKey": "canary-1f0c"}),
    ("gcs", {"credentials": "canary-1f0c"}),
    ("azure", {"servicePrincipal": {"clientSecret": "canary-1f0c"}}),
    ("azure", {"accountKey": {"key": "canary-1f0c"}}),
    ("azure", {"sasToken": {"key": "canary-1f0c"}}),
    ("huggingFace", {"token": "canary-1f0c"}),
    ("modelScope", {"token": "canary-1f0c"}),
    ("https", {"host": "a.com", "bearerToken": "canary-1f0c"}),
    ("https", {"host": "a.com", "headers": {"X": "canary-1f0c"}}),
    ("https", {"host": "a.com", "basicAuth": {"password": "canary-1f0c"}}),
    ("hdfs", NAMENODE | {"tlsKey": "canary-1f0c"}),
    ("dockerConfig", {"registry": "ghcr.io", "password": "canary-1f0c"}),
    ("opaque", {"data": {"KEY": "canary-1f0c"}}),
]


@pytest.mark.parametrize(("name", "form"), SECRETS)
def test_a_secret_in_the_mapping_is_refused_and_not_repeated(name: str, form: object) -> None:
    """A bare scalar in a secret field is an error that says what to write, and does not hold the scalar."""
    with pytest.raises(ValidationError, match="secret values do not belong in the mapping") as caught:
        KINDS[name].part.model_validate(form)
    assert "canary-1f0c" not in str(caught.value)
    assert "canary-1f0c" not in repr(caught.value.errors(include_input=False))


@given(name=st.sampled_from([*EXAMPLES]), canary=st.binary(min_size=1))
def test_no_message_repeats_a_value(name: str, canary: bytes) -> None:
    """Whatever stands in the fields: kinds answer with a Secret or with messages, and none holds a value."""
    marked = b"canary" + canary
    fields = {
        field: SecretValue(marked)
        for field in KINDS[name].part.model_validate(EXAMPLES[name][0]).inputs().sources
    }
    result = KINDS[name].render(fields, None, SHIPPED)
    assert isinstance(result, Rendered) or "canary" not in repr(result)


@given(
    values=st.dictionaries(
        st.sampled_from(["endpoint", "region", "accessKeyId", "secretAccessKey"]), st.text(), min_size=4
    )
)
def test_whatever_is_published_for_s3_can_be_read(values: dict[str, str]) -> None:
    """Any text in any field: what is published has no blanks at its ends, no line breaks, nothing empty."""
    result = KINDS["s3"].render(values, EntrySettings("k", "b"), SHIPPED)
    if not isinstance(result, Rendered):
        return
    texts = [value.reveal().decode() for value in (result.data or {}).values()]
    assert all(
        text and text == text.strip() and text.isprintable()
        for text in (*texts, *result.annotations.values())
    )
    entry = tree(result.entry)
    assert all(isinstance(value, str) and value for value in entry.values())
    assert list(entry) == sorted(entry)


def test_literals_are_checked_like_values_from_stores() -> None:
    """A literal of the mapping and the same text from a store give the same Secret."""
    literal = attempt("azure", PRINCIPAL, {"client_secret": "cs"})
    remote = attempt(
        "azure", {"servicePrincipal": {}}, {"client_id": "cid", "tenant_id": "t", "client_secret": "cs"}
    )
    assert bool(literal == remote)


def test_values_know_what_is_there() -> None:
    """A field may be there and blank, literal or hidden."""
    values = Values({"a": " ", "b": SecretValue(b"x"), "n.c": "1"}, {})
    assert (values.has("a"), values.is_blank("a"), values.is_blank("b"), values.under("n")) == (
        True,
        True,
        False,
        ("c",),
    )
