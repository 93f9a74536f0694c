"""Rule 1: what is missing, empty, undecodable or invalid is not published; the last good one stays."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.reasons import Reason, State
from tests.e2e.everybody import hidden_value, objects, published
from tests.e2e.kinds import WAYS, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.workbench import Workbench

BOUND = "[{namespaces: [%s], serviceAccounts: [models]}]"
REMOTE = [way for way in WAYS if way.remote is not None]
LOOKED_FOR = {("hadoop", "headers")}
"""Fields that are looked for and need not be there."""

Bad = tuple[dict[str, Any], Reason]


def spoilt(way: Way) -> Iterator[Bad]:
    """The good fields with one of them missing, empty, blank or null, and the reason."""
    fields = dict(way.fields(0))
    for name in fields:
        without = {key: value for key, value in fields.items() if key != name}
        if (way.name, name) not in LOOKED_FOR:
            yield without, Reason.PROPERTY_NOT_FOUND
        for nothing in ("", " \n\t ", None):
            yield fields | {name: nothing}, Reason.EMPTY_VALUE


def check_kept(bench: Workbench, name: str, namespace: str, bad: Mapping[str, Any], reason: Reason) -> None:
    """Puts it into the store, syncs, and finds everything as it was, and the reason said."""
    before, seen = objects(bench.plane, namespace), bench.judge_account(namespace)
    bench.put(name, bad)
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bool(bench.judge_account(namespace) == seen)
    outcome = bench.outcome(name, namespace)
    assert (outcome.state, outcome.reasons) == (State.REFUSED, (reason,)), [
        (refusal.field, refusal.reason) for refusal in outcome.refusals
    ]


@pytest.mark.parametrize("way", REMOTE, ids=lambda way: way.name)
def test_a_half_filled_secret_is_not_published(bench: Workbench, way: Way) -> None:
    """Whatever field is missing, empty or blank, in every kind; the next good version arrives."""
    namespace = bench.new_namespace()
    bench.mapping(way.entry(BOUND % namespace))
    bench.put(way.name, way.fields(0))
    bench.sync()
    for bad, reason in spoilt(way):
        check_kept(bench, way.name, namespace, bad, reason)
    bench.put(way.name, way.fields(1))
    bench.sync()
    assert published(bench, namespace, way.name) == {
        key: hidden_value(value) for key, value in way.data(1).items()
    }
    assert bench.outcome(way.name, namespace).state is State.SYNCED


FORMS = {
    "s3": "s3: {endpoint: 'https://minio:9000'}",
    "named": "s3: {accessKeyId: {property: id}, secretAccessKey: {pointer: /keys/0}}",
    "decoded": "s3: {accessKeyId: {property: id}, secretAccessKey: {property: key, decode: base64}}",
    "gcs": "gcs: {credentials: {property: key.json}}",
    "whole": "gcs: {credentials: {whole: true}}",
    "azure": "azure: {accountKey: {}}",
    "principal": "azure: {servicePrincipal: {}}",
    "hub": "huggingFace: {}",
    "modelscope": "modelScope: {}",
    "bearer": "https: {host: models.example.com, bearerToken: {}}",
    "headers": "https: {host: models.example.com, headers: {X-Token: {property: t}}}",
    "hdfs": "hdfs: {namenode: 'https://nn:9871', headers: {property: headers}}",
    "docker": "dockerConfig: {registry: r.example.com}",
    "config": "dockerConfig: {configJson: {property: json}}",
    "opaque": "opaque: {data: {KEY: {property: key}}}",
}
GOOD: Mapping[str, Mapping[str, Any]] = {
    "s3": {"access_key": "AK", "secret_key": "SK"},
    "named": {"id": "AK", "keys": ["SK"]},
    "decoded": {"id": "AK", "key": base64.b64encode(b"SK").decode()},
    "gcs": {"key.json": '{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}'},
    "whole": {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"},
    "azure": {"account_key": "AQEBAQ=="},
    "principal": {
        "client_id": "4f1c0000-0000-0000-0000-000000000001",
        "tenant_id": "4f1c0000-0000-0000-0000-000000000002",
        "client_secret": "s",
    },
    "hub": {"token": "hf"},
    "modelscope": {"token": "ms"},
    "bearer": {"token": "t"},
    "headers": {"t": "v"},
    "hdfs": {"headers": '{"X":"1"}'},
    "docker": {"username": "u", "password": "p"},
    "config": {"json": '{"auths":{"r.example.com":{"auth":"dTpw"}}}'},
    "opaque": {"key": "v"},
}
WRONG: tuple[tuple[str, Mapping[str, Any], Reason], ...] = (
    ("s3", {"access_key": "ASIAEXAMPLE"}, Reason.TEMPORARY_CREDENTIAL),
    ("s3", {"session_token": "t"}, Reason.TEMPORARY_CREDENTIAL),
    ("s3", {"accessKeyId": "another"}, Reason.INVALID_VALUE),
    ("s3", {"secret_key": "S\nK"}, Reason.INVALID_VALUE),
    ("s3", {"access_key": "A K"}, Reason.INVALID_VALUE),
    ("named", {"keys": []}, Reason.PROPERTY_NOT_FOUND),
    ("named", {"keys": "SK"}, Reason.PROPERTY_NOT_FOUND),
    ("named", {"keys": [""]}, Reason.EMPTY_VALUE),
    ("decoded", {"key": "not base64!"}, Reason.INVALID_PAYLOAD),
    ("decoded", {"key": "//79"}, Reason.INVALID_VALUE),
    ("gcs", {"key.json": "not json"}, Reason.INVALID_VALUE),
    ("gcs", {"key.json": "[]"}, Reason.INVALID_VALUE),
    ("gcs", {"key.json": '{"type":"service_account"}'}, Reason.INVALID_VALUE),
    ("whole", {"type": "nonsense"}, Reason.INVALID_VALUE),
    ("azure", {"account_key": "not base64!"}, Reason.INVALID_VALUE),
    ("principal", {"tenant_id": "a tenant"}, Reason.INVALID_VALUE),
    ("hub", {"token": "hf hf"}, Reason.INVALID_VALUE),
    ("hub", {"HF_TOKEN": "another"}, Reason.INVALID_VALUE),
    ("modelscope", {"token": "a b"}, Reason.INVALID_VALUE),
    ("bearer", {"token": "a\r\nX-Evil: 1"}, Reason.INVALID_VALUE),
    ("headers", {"t": "a\nb"}, Reason.INVALID_VALUE),
    ("hdfs", {"headers": "X: 1"}, Reason.INVALID_VALUE),
    ("hdfs", {"headers": '{"X":{"nested":1}}'}, Reason.INVALID_VALUE),
    ("docker", {"username": "u:v"}, Reason.INVALID_VALUE),
    ("config", {"json": "{}"}, Reason.INVALID_VALUE),
    ("config", {"json": "no"}, Reason.INVALID_VALUE),
)


@pytest.mark.parametrize(
    ("form", "wrong", "reason"),
    WRONG,
    ids=[f"{form}-{'-'.join(wrong)}-{n}" for n, (form, wrong, _) in enumerate(WRONG)],
)
def test_a_value_of_the_wrong_form_is_not_published(
    bench: Workbench, form: str, wrong: Mapping[str, Any], reason: Reason
) -> None:
    """What KServe, or the server behind it, would choke on: refused, the last good one stays and moves on."""
    namespace = bench.new_namespace()
    bound = "" if form == "opaque" else ", serviceAccounts: [models]"
    bench.mapping(
        f"{form}:\n  from: {{store: platform, secret: KV/{form}}}\n  {FORMS[form]}\n"
        f"  to: [{{namespaces: [{namespace}]{bound}}}]\n"
    )
    bench.put(form, GOOD[form])
    bench.sync()
    good = published(bench, namespace, form)
    check_kept(bench, form, namespace, {**GOOD[form], **wrong}, reason)
    bench.put(form, GOOD[form])
    bench.sync()
    assert published(bench, namespace, form) == good
    assert bench.outcome(form, namespace).state is State.SYNCED


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_published_of_a_bad_secret_that_is_new(bench: Workbench, form: str) -> None:
    """No Secret, no entry, no binding, and no ServiceAccount is made for it; then the good one arrives."""
    namespace = bench.new_namespace(models=False)
    entry = {"s3": ", storageConfig: {key: e, bucket: b}", "hdfs": ", storageConfig: {key: e}"}.get(form, "")
    bound = "" if form == "opaque" else ", serviceAccounts: [made], createServiceAccounts: true"
    bench.mapping(
        f"{form}:\n  from: {{store: platform, secret: KV/{form}}}\n  {FORMS[form]}\n"
        f"  to: [{{namespaces: [{namespace}]{bound}{entry}}}]\n"
    )
    before = objects(bench.plane, namespace)
    bench.put(form, dict.fromkeys(GOOD[form], ""))
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome(form, namespace).state is State.REFUSED
    bench.put(form, GOOD[form])
    bench.sync()
    assert bench.outcome(form, namespace).state is State.SYNCED
    assert not bench.preview().plan


def test_a_pair_from_two_secrets_comes_whole_or_not_at_all(bench: Workbench) -> None:
    """The id's secret has moved on and the key's is broken: neither is published, in Secret nor entry."""
    namespace = bench.new_namespace()
    bench.mapping(
        "pair:\n  from: {store: platform, secret: KV/id}\n"
        "  s3: {accessKeyId: {property: id}, secretAccessKey: {property: key, secret: KV/key}}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models], storageConfig: {{key: e}}}}]\n"
    )
    bench.put("id", {"id": "AK1"})
    bench.put("key", {"key": "SK1"})
    bench.sync()
    before = objects(bench.plane, namespace)
    bench.put("id", {"id": "AK2"})
    bench.put("key", {"key": ""})
    bench.sync()
    assert objects(bench.plane, namespace) == before
    bench.bao.delete_versions(bench.mount, "key", [2])
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("pair", namespace).reasons == (Reason.VERSION_UNAVAILABLE,)
    bench.put("key", {"key": "SK2"})
    bench.sync()
    found = bench.values(namespace, "pair")
    assert found["AWS_ACCESS_KEY_ID"] == b"AK2"
    assert hidden_value(found["AWS_SECRET_ACCESS_KEY"]) == hidden_value(b"SK2")


def test_a_bad_secret_does_not_hold_back_its_neighbours(bench: Workbench) -> None:
    """One empty value among three credentials on one ServiceAccount: the two others rotate."""
    namespace = bench.new_namespace()
    names = ["one", "two", "three"]
    bench.mapping(
        "\n".join(
            f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n  huggingFace: {{}}\n"
            f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]"
            for name in names
        )
    )
    for version, token in (("1", "hf1"), ("2", "")):
        bench.put("one", {"token": f"one{version}"})
        bench.put("two", {"token": token})
        bench.put("three", {"token": f"three{version}"})
        bench.sync()
    values = [bench.values(namespace, name)["HF_TOKEN"] for name in names]
    assert [hidden_value(value) for value in values] == [
        hidden_value(value) for value in (b"one2", b"hf1", b"three2")
    ]
