"""Each kind has a page, and the page is true of the kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings, Rendered
from tests.unit.docs.kind_pages import EXAMPLES, FOLDER, documented, filled, page_of
from tests.unit.docs.pages import code, headings, text_of
from tests.unit.kserve.forms import NAMENODE, PRINCIPAL, SERVICE_ACCOUNT, WHOLE, attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS: Final = (
    "Mapping",
    "Fields",
    "What is written",
    "What is refused",
    "What a rotation does",
    "Pitfalls",
)

_KEYS: Final = {"access_key": "AKIAEXAMPLE", "secret_key": "secret"}
_PEM: Final = "-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----"
_MINIO: Final = {
    "endpoint": "https://minio:9000",
    "verifySSL": True,
    "caBundle": "/etc/ssl/custom-certs/cabundle.crt",
    "caBundleConfigMap": "ca",
}

FORMS: Final[tuple[tuple[str, object, Mapping[str, str | bytes]], ...]] = (
    ("s3", _MINIO, _KEYS),
    ("s3", {"region": "eu-west-1", "useAccelerate": True, "useVirtualBucket": True}, _KEYS),
    ("s3", {"endpoint": "https://minio:9000", "useAnonymousCredential": True}, {}),
    ("s3", {"roleArn": "arn:aws:iam::111122223333:role/reader", "region": "eu-west-1"}, {}),
    ("gcs", {"credentials": {"whole": True}}, {WHOLE: SERVICE_ACCOUNT}),
    (
        "azure",
        {"servicePrincipal": PRINCIPAL["servicePrincipal"] | {"subscriptionId": "s"}},
        {"client_secret": "x"},
    ),
    ("azure", {"workloadIdentity": {"clientId": "c", "tenantId": "t"}}, {}),
    ("azure", {"accountKey": {"tenantId": "t"}}, {"key": "QUJD"}),
    ("azure", {"sasToken": {}}, {"key": "?sv=1&sig=x"}),
    ("huggingFace", {}, {"token": "hf"}),
    ("modelScope", {}, {"token": "ms"}),
    ("https", {"host": "models.example.com", "bearerToken": {}}, {"token": "x"}),
    (
        "hdfs",
        NAMENODE
        | {
            "rootPath": "/models",
            "userProxy": "models",
            "kerberosPrincipal": "models@EXAMPLE.COM",
            "tlsSkipVerify": True,
        },
        {
            "KERBEROS_KEYTAB": b"\x05\x02",
            "TLS_CERT": _PEM,
            "TLS_KEY": _PEM,
            "TLS_CA": _PEM,
            "HEADERS": '{"X-Token":"x"}',
        },
    ),
    ("dockerConfig", {"registry": "ghcr.io"}, {"username": "u", "password": "p"}),
    ("opaque", {"data": {"VLLM_API_KEY": {"property": "api_key"}}}, {"api_key": "x"}),
)
"""A form and a remote secret for every way of every kind, with as many fields as go together."""


def test_every_kind_has_a_page_and_no_other_page_is_there() -> None:
    """docs/kinds has one page for each kind."""
    assert {page_of(kind) for kind in KINDS} == set(FOLDER.glob("*.md"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_parts_are_up_to_date(kind: str) -> None:
    """The example and the table of fields are what `python -m tests.unit.docs.kind_pages` writes."""
    page = text_of(page_of(kind))
    assert page == filled(page)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_holds_the_example_of_its_kind_and_every_field(kind: str) -> None:
    """A page has its example as the file has it, and names every field of the form."""
    page = text_of(page_of(kind))
    _, _, example = (EXAMPLES / f"{page_of(kind).stem}.yaml").read_text(encoding="utf-8").partition("\n")
    assert f"```yaml\n{example}```\n" in page
    fields = [name for name, _ in documented(kind)]
    assert fields
    assert [name for name in fields if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_every_section(kind: str) -> None:
    """All pages of kinds are read in the same order."""
    assert tuple(headings(page_of(kind))[1:]) == SECTIONS


def test_every_kind_is_rendered_below() -> None:
    """No kind is left out of the test of what is written."""
    assert {kind for kind, _, _ in FORMS} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "form", "remote"), FORMS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_page_names_everything_that_is_written(
    kind: str, form: object, remote: Mapping[str, str | bytes]
) -> None:
    """The type, data keys, annotations and keys of the entry that a kind writes stand on its page."""
    rendered = attempt(kind, form, remote)
    assert isinstance(rendered, Rendered), rendered
    written = {*(rendered.data or {}), *rendered.annotations, *rendered.account_annotations, rendered.type}
    entry = attempt(kind, form, remote, entry=EntrySettings("key"))
    if isinstance(entry, Rendered) and entry.entry is not None:
        written |= set(json.loads(entry.entry.reveal()))
    assert written - set(code(page_of(kind))) == set()
