"""Each row of "What is refused" on the pages of kinds: refused, and for the reason that the page gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from syncd.kserve.kinds.interface import EntrySettings
from syncd.model.reasons import Reason
from tests.unit.docs.kind_pages import page_of
from tests.unit.docs.pages import text_of
from tests.unit.kserve.forms import NAMENODE, PRINCIPAL, WHOLE, attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    Refused = tuple[str, object, Mapping[str, str | bytes], Reason]

KEYS: Final = {"access_key": "AKIAEXAMPLE", "secret_key": "x"}
ENTRY: Final = EntrySettings("key", "bucket")
BASE64_PEM: Final = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFC"
"""Begins with -----BEGIN CERTIFICATE----- when it is decoded."""

ROWS: Final[tuple[Refused, ...]] = (
    ("s3", {}, {"access_key": "AKIAEXAMPLE"}, Reason.PROPERTY_NOT_FOUND),
    ("s3", {}, KEYS | {"secret_key": " "}, Reason.EMPTY_VALUE),
    ("s3", {}, KEYS | {"AWS_SESSION_TOKEN": "x"}, Reason.TEMPORARY_CREDENTIAL),
    ("s3", {}, KEYS | {"access_key": "ASIAEXAMPLE"}, Reason.TEMPORARY_CREDENTIAL),
    ("s3", {"endpoint": {"property": "at"}}, KEYS | {"at": "https://h/path"}, Reason.INVALID_VALUE),
    ("s3", {"endpoint": {"property": "at"}}, KEYS | {"at": "https://h?query"}, Reason.INVALID_VALUE),
    ("s3", {"endpoint": {"property": "at"}}, KEYS | {"at": "https://me@h"}, Reason.INVALID_VALUE),
    ("s3", {"endpoint": {"property": "at"}}, KEYS | {"at": "s3://h"}, Reason.INVALID_VALUE),
    ("s3", {"caBundle": "/ca/other.crt", "caBundleConfigMap": "ca"}, KEYS, Reason.INVALID_VALUE),
    ("gcs", {}, {"other": "x"}, Reason.PROPERTY_NOT_FOUND),
    ("gcs", {"credentials": {"whole": True}}, {WHOLE: " "}, Reason.EMPTY_VALUE),
    ("gcs", {"credentials": {"whole": True}}, {WHOLE: "no JSON"}, Reason.INVALID_VALUE),
    ("gcs", {"credentials": {"whole": True}}, {WHOLE: '{"type":"other"}'}, Reason.INVALID_VALUE),
    ("gcs", {"credentials": {"whole": True}}, {WHOLE: '{"type":"service_account"}'}, Reason.INVALID_VALUE),
    ("azure", {"servicePrincipal": {"clientId": "c"}}, {"client_secret": "x"}, Reason.PROPERTY_NOT_FOUND),
    ("azure", PRINCIPAL, {"client_secret": ""}, Reason.EMPTY_VALUE),
    ("azure", {"accountKey": {}}, {"key": "a b"}, Reason.INVALID_VALUE),
    ("azure", {"sasToken": {}}, {"key": "a b"}, Reason.INVALID_VALUE),
    (
        "azure",
        {"servicePrincipal": {"clientId": "c", "tenantId": {"property": "t"}}},
        {"t": "a/b", "client_secret": "x"},
        Reason.INVALID_VALUE,
    ),
    ("huggingFace", {}, {"other": "x"}, Reason.PROPERTY_NOT_FOUND),
    ("huggingFace", {}, {"token": "\n"}, Reason.EMPTY_VALUE),
    ("huggingFace", {}, {"token": "a b"}, Reason.INVALID_VALUE),
    ("modelScope", {}, {"other": "x"}, Reason.PROPERTY_NOT_FOUND),
    ("modelScope", {}, {"token": "\n"}, Reason.EMPTY_VALUE),
    ("modelScope", {}, {"token": "a b"}, Reason.INVALID_VALUE),
    ("https", {"host": "h", "bearerToken": {}}, {"other": "x"}, Reason.PROPERTY_NOT_FOUND),
    ("https", {"host": "h", "bearerToken": {}}, {"token": ""}, Reason.EMPTY_VALUE),
    ("https", {"host": "h", "headers": {"X": {"property": "x"}}}, {"x": "a\nb"}, Reason.INVALID_VALUE),
    ("https", {"host": "h", "headers": {"X": {"property": "x"}}}, {"x": "é"}, Reason.INVALID_VALUE),
    ("https", {"host": "h", "basicAuth": {}}, {"username": "a:b", "password": "x"}, Reason.INVALID_VALUE),
    (
        "https",
        {"host": {"property": "h"}, "bearerToken": {}},
        {"h": "h:1", "token": "x"},
        Reason.INVALID_VALUE,
    ),
    ("hdfs", {"namenode": {"property": "n"}}, {"n": "nn1:9871"}, Reason.INVALID_VALUE),
    ("hdfs", NAMENODE | {"kerberosPrincipal": "p"}, {}, Reason.PROPERTY_NOT_FOUND),
    ("hdfs", NAMENODE, {"KERBEROS_KEYTAB": "BQIAAA=="}, Reason.INVALID_VALUE),
    ("hdfs", NAMENODE, {"TLS_CA": BASE64_PEM}, Reason.INVALID_VALUE),
    ("hdfs", NAMENODE, {"TLS_CERT": "-----BEGIN CERTIFICATE-----"}, Reason.PROPERTY_NOT_FOUND),
    ("hdfs", NAMENODE, {"HEADERS": '{"X":1}'}, Reason.INVALID_VALUE),
    ("dockerConfig", {"registry": "ghcr.io"}, {"username": "u"}, Reason.PROPERTY_NOT_FOUND),
    ("dockerConfig", {"registry": "ghcr.io"}, {"username": "u", "password": ""}, Reason.EMPTY_VALUE),
    ("dockerConfig", {"configJson": {"whole": True}}, {WHOLE: "[]"}, Reason.INVALID_VALUE),
    ("dockerConfig", {"configJson": {"whole": True}}, {WHOLE: "{}"}, Reason.INVALID_VALUE),
    ("dockerConfig", {"configJson": {"whole": True}}, {WHOLE: '{"auths":{"h":{}}}'}, Reason.INVALID_VALUE),
    ("opaque", {"data": {"KEY": {"property": "key"}}}, {"key": ""}, Reason.EMPTY_VALUE),
)
"""Kind, form, remote secret and reason."""

MISTAKES: Final[tuple[tuple[str, object], ...]] = (
    ("s3", {"endpoint": "https://h/path"}),
    ("s3", {"caBundle": "-----BEGIN CERTIFICATE-----"}),
    ("s3", {"roleArn": "arn:aws:iam::111122223333:role/r", "accessKeyId": "AKIAEXAMPLE"}),
    ("azure", {"workloadIdentity": {"clientId": "c"}}),
    ("azure", {"workloadIdentity": {"clientId": "a/b", "tenantId": "t"}}),
    ("azure", {"accountKey": {}, "sasToken": {}}),
    ("https", {"host": "https://h", "bearerToken": {}}),
    ("https", {"host": "h/path", "bearerToken": {}}),
    ("https", {"host": "h:8443", "bearerToken": {}}),
    ("https", {"host": "h"}),
    ("https", {"host": "h", "bearerToken": {}, "basicAuth": {}}),
    ("https", {"host": "h", "headers": {"X": {}, "x": {}}}),
    ("https", {"host": "h", "basicAuth": {"username": "a:b"}}),
    ("hdfs", {"namenode": "nn1:9871"}),
    ("dockerConfig", {"registry": "ghcr.io", "configJson": {}}),
    ("dockerConfig", {"registry": "me@ghcr.io"}),
    ("opaque", {"data": {"HF_TOKEN": {}}}),
    ("opaque", {"data": {"AWS_SECRET_ACCESS_KEY": {}}}),
)
"""Kind and a form that the mapping itself refuses."""

ENTRIES: Final[tuple[tuple[str, object, Mapping[str, str]], ...]] = (
    ("s3", {"useVirtualBucket": True}, KEYS),
    ("s3", {"useAccelerate": True}, KEYS),
    ("s3", {"roleArn": "arn:aws:iam::111122223333:role/r"}, {}),
    ("hdfs", NAMENODE, {}),
    ("huggingFace", {}, {"token": "x"}),
)
"""Kind, form and remote secret with which no entry (with a bucket) can be written."""


@pytest.mark.parametrize(("kind", "form", "remote", "reason"), ROWS)
def test_a_value_is_refused_as_the_page_says(
    kind: str, form: object, remote: Mapping[str, str | bytes], reason: Reason
) -> None:
    """A value on the page's list is refused, for nothing but the reason that the page names."""
    found = attempt(kind, form, remote)
    assert isinstance(found, tuple)
    assert {invalid.reason for invalid in found} == {reason}
    assert reason in text_of(page_of(kind))


@pytest.mark.parametrize(("kind", "form"), MISTAKES)
def test_a_form_is_refused_as_the_page_says(kind: str, form: object) -> None:
    """A form on the page's list is refused in the mapping, which the page calls MappingInvalid."""
    with pytest.raises(ValueError, match=r"\d validation error"):
        attempt(kind, form)
    assert Reason.MAPPING_INVALID in text_of(page_of(kind))


@pytest.mark.parametrize(("kind", "form", "remote"), ENTRIES)
def test_an_entry_is_refused_as_the_page_says(kind: str, form: object, remote: Mapping[str, str]) -> None:
    """What storage-config cannot hold is refused as MappingInvalid."""
    found = attempt(kind, form, remote, entry=ENTRY)
    assert isinstance(found, tuple)
    assert {invalid.reason for invalid in found} == {Reason.MAPPING_INVALID}
