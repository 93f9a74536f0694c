"""A source that the mapping writes, though without saying which property, is never simply left out."""

from __future__ import annotations

import pytest

from syncd.mapping.read import read
from syncd.model.names import CredentialId
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef
from syncd.sync.fields import resolve
from tests.unit.sync.builders import STORE, credential, placement, remote

HEADER = "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n"
MAPPING = (
    "stores: {%s: {file: {directory: /mnt}}}\ncredentials: {it: {from: {store: %s, secret: kv}, %s, %s}}\n"
)
TARGET = "to: [{namespaces: [team]}]"

FORMS = [
    ("opaque: {data: {FIRST: {}, SECOND: {}}}", '{"FIRST":"a"}', "data.SECOND"),
    ("opaque: {data: {FIRST: {}}}", '{"OTHER":"a"}', "data.FIRST"),
    ("https: {host: h, headers: {X-First: {}, X-Second: {}}}", '{"X-First":"a"}', "headers.X-Second"),
    ("hdfs: {namenode: 'https://nn:1', tlsCa: {}}", '{"other":"a"}', "tlsCa"),
]


@pytest.mark.parametrize(("form", "payload", "lacking"), FORMS)
def test_a_written_source_without_a_value_is_missing(form: str, payload: str, lacking: str) -> None:
    """Of two keys of a Secret, or two headers, never one alone is published."""
    reading = read({"mapping.yaml": HEADER + MAPPING % (STORE, STORE, form, TARGET)})
    assert reading.document is not None
    sources = reading.document.credentials[CredentialId("it")].sources
    fields = resolve(placement(credential(sources=sources)), {SecretRef(STORE, "kv"): remote(payload)})
    assert [(gap.field, gap.reason) for gap in fields.missing] == [(lacking, Reason.PROPERTY_NOT_FOUND)]


def test_what_the_mapping_leaves_out_may_be_absent() -> None:
    """A field that is only looked for is absent where the secret has none of its usual names."""
    form = "hdfs: {namenode: 'https://nn:1'}"
    reading = read({"mapping.yaml": HEADER + MAPPING % (STORE, STORE, form, TARGET)})
    assert reading.document is not None
    sources = reading.document.credentials[CredentialId("it")].sources
    fields = resolve(
        placement(credential(sources=sources)), {SecretRef(STORE, "kv"): remote('{"other":"a"}')}
    )
    assert (fields.missing, dict(fields.values)) == ((), {})
