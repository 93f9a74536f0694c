"""HDFS: text, files and entries."""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import (
    NAMENODE,
    differing,
    refused,
    rendered,
    tree,
)

PEM = "-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----"
ENCODED = base64.b64encode(PEM.encode())
KEYTAB = b"\x05\x02\x00\xff\xfe\x00 \n"


FULL = NAMENODE | {
    "rootPath": "/models",
    "userProxy": "ml",
    "kerberosPrincipal": "a@R\n",
    "tlsSkipVerify": "false",
    "namenode": "https://NN1:9871/ ; http://nn2/webhdfs/",
}
REMOTE: dict[str, str | bytes] = {
    "kerberosKeytab": KEYTAB,
    "tls_cert": PEM + "\n",
    "TLS_KEY": PEM,
    "tls-ca": PEM,
    "headers": '{"X": "1"}',
}


def test_hdfs_writes_text_stripped_and_the_keytab_as_it_is() -> None:
    """The storage initializer takes no blanks off, so none are written; a keytab's bytes are not touched."""
    expected: dict[str, str | bytes] = {
        "HDFS_NAMENODE": "https://nn1:9871;http://nn2/webhdfs",
        "HDFS_ROOTPATH": "/models",
        "USER_PROXY": "ml",
        "KERBEROS_PRINCIPAL": "a@R",
        "TLS_SKIP_VERIFY": "false",
        "HEADERS": '{"X":"1"}',
    }
    files: dict[str, str | bytes] = {
        "KERBEROS_KEYTAB": KEYTAB,
        "TLS_CERT": PEM,
        "TLS_KEY": PEM,
        "TLS_CA": PEM,
    }
    result = rendered("hdfs", FULL, REMOTE, entry=EntrySettings("k"))
    assert differing(result.data, expected | files) == []
    entry = tree(result.entry)
    assert entry.pop("type") == "hdfs"
    assert bool(base64.b64decode(entry["KERBEROS_KEYTAB"]) == KEYTAB)
    assert bool({key: value for key, value in entry.items() if key not in files} == expected)


def test_hdfs_without_secrets_needs_no_from() -> None:
    """A cluster without Kerberos and TLS needs only the name node, which stands in the mapping."""
    assert KINDS["hdfs"].part.model_validate(NAMENODE).keyless()
    assert differing(rendered("hdfs", NAMENODE).data, {"HDFS_NAMENODE": "https://nn1:9871"}) == []
    assert not KINDS["hdfs"].part.model_validate(NAMENODE | {"kerberosPrincipal": "a@R"}).keyless()


def test_hdfs_looks_for_nothing_in_a_secret_that_is_taken_whole() -> None:
    """A secret that is the keytab has no names, so the other fields are not looked for in it."""
    form = NAMENODE | {"kerberosPrincipal": "a@R", "kerberosKeytab": {"whole": "true"}}
    assert set(KINDS["hdfs"].part.model_validate(form).inputs().sources) == {"kerberosKeytab"}


@pytest.mark.parametrize(
    ("form", "remote", "expected"),
    [
        ({"kerberosPrincipal": "a@R"}, {}, ("kerberosKeytab", Reason.PROPERTY_NOT_FOUND)),
        (
            {"kerberosPrincipal": "a@R"},
            {"KERBEROS_KEYTAB": "BQIA\n"},
            ("kerberosKeytab", Reason.INVALID_VALUE),
        ),
        ({}, {"TLS_CERT": PEM}, ("tlsKey", Reason.PROPERTY_NOT_FOUND)),
        ({}, {"TLS_KEY": PEM}, ("tlsCert", Reason.PROPERTY_NOT_FOUND)),
        ({}, {"TLS_CA": ENCODED}, ("tlsCa", Reason.INVALID_VALUE)),
        ({}, {"headers": "X: 1"}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": '{"X": 1}'}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": '{"X y": "1"}'}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": "{}"}, ("headers", Reason.INVALID_VALUE)),
    ],
)
def test_hdfs_refuses_halves_and_what_it_cannot_read(
    form: dict[str, object], remote: dict[str, str | bytes], expected: tuple[str, Reason]
) -> None:
    """A principal without keytab, base64 in its place, half a certificate, headers that are no JSON."""
    assert refused("hdfs", NAMENODE | form, remote) == [expected]


@pytest.mark.parametrize(
    "form",
    [
        {"namenode": "nn1:9871"},
        {"namenode": "hdfs://nn1"},
        {"namenode": "https://u@nn1"},
        {"namenode": "https://nn1/?x"},
        {"namenode": "https://nn1;"},
        NAMENODE | {"rootPath": "models"},
        NAMENODE | {"rootPath": ""},
    ],
)
def test_hdfs_forms_that_cannot_work(form: object) -> None:
    """A name node without scheme, with a user or a query; a relative root."""
    with pytest.raises(ValidationError):
        KINDS["hdfs"].part.model_validate(form)


def test_hdfs_entries_have_no_bucket() -> None:
    """A bucket beside HDFS is a mistake, and told as one."""
    found = refused("hdfs", NAMENODE, entry=EntrySettings("k", "b"))
    assert found == [("storageConfig.bucket", Reason.MAPPING_INVALID)]
