"""Rule 8: unchanged means untouched, counted by the API server and by OpenBao themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.events import ObjectWritten, StateChanged
from syncd.model.reasons import Reason, State
from tests.e2e.everybody import WATCHED, edit, hidden, objects, published
from tests.e2e.kinds import WAYS
from tests.e2e.workbench import STORE
from tests.harness.fixtures import unique

if TYPE_CHECKING:
    from collections import Counter

    from tests.e2e.workbench import Workbench
    from tests.harness.apiserver import Request

MANY = 200
SWEEPS = 10
FEW = 5


def check_steady(bench: Workbench, namespaces: list[str], *, secrets: int, sweeps: int = SWEEPS) -> None:
    """Sweeps: no write, no news, and one read per distinct secret and sweep."""
    before = objects(bench.plane, *namespaces)
    bench.sync()  # the first after the writes: it may have more to look at
    counted = bench.plane.requests()
    bench.sync()
    once = lists_of_secrets(bench.plane.requests() - counted)
    # Those with our label, and those of the name of storage-config; in pages, as tests share a cluster.
    assert once <= FEW
    counted, reads = bench.plane.requests(), bench.bao.reads(bench.mount)
    told = len(bench.events)
    for _ in range(sweeps):
        swept = bench.sync()
        assert not swept.applied
    lists = lists_of_secrets(bench.plane.requests() - counted)
    assert not bench.plane.writes(counted)
    assert bench.bao.reads(bench.mount) - reads == sweeps * secrets
    assert lists == once * sweeps
    news = [event for event in bench.events[told:] if isinstance(event, StateChanged | ObjectWritten)]
    assert news == []
    assert objects(bench.plane, *namespaces) == before


def lists_of_secrets(requests: Counter[Request]) -> int:
    """How often Secrets were listed."""
    return sum(
        count
        for request, count in requests.items()
        if (request.verb, request.resource) == ("LIST", "secrets")
    )


@pytest.mark.timeout(600)
def test_many_credentials(bench: Workbench) -> None:
    """200 credentials in one namespace, on one ServiceAccount: no write, 200 reads a sweep."""
    namespace = bench.new_namespace()
    names = [f"hub-{number:03}" for number in range(MANY)]
    for name in names:
        bench.put(name, {"token": f"hf-{name}"})
    text = bench.text(
        "\n".join(
            f"{name}: {{from: {{store: platform, secret: KV/{name}}}, huggingFace: {{}},"
            f" to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]}}"
            for name in names
        )
    )
    # The default of 50 requests a second would be most of this test's time.
    bench.use(text.replace(f'"{STORE}": {{', f'"{STORE}": {{"requests": {{"perSecond": 1000}}, '))
    reads = bench.bao.reads(bench.mount)
    swept = bench.sync()
    assert bench.bao.reads(bench.mount) - reads == MANY
    assert {outcome.state for outcome in swept.outcomes.values()} == {State.SYNCED}
    assert bench.listed(namespace) == names
    check_steady(bench, [namespace], secrets=MANY)
    # One of them rotates: one write, and nobody else is touched.
    counted = bench.plane.requests()
    bench.put(names[7], {"token": "hf-new"})
    bench.sync()
    assert sum(bench.plane.writes(counted, frozenset(WATCHED)).values()) == 1
    assert published(bench, namespace, names[7]) == hidden(HF_TOKEN="hf-new")


@pytest.mark.timeout(600)
def test_many_namespaces(bench: Workbench) -> None:
    """One credential in 200 namespaces, with entry and binding: no write, and one read a sweep for all."""
    value = unique("steady")
    namespaces = [
        bench.plane.create_namespace(f"{value}-{number:03}", {"syncd.dev/models": value})
        for number in range(MANY)
    ]
    bench.put("models", {"access_key": "AK", "secret_key": "SK"})
    bench.mapping(
        "models:\n  from: {store: platform, secret: KV/models}\n  s3: {endpoint: minio:9000}\n"
        f"  to: [{{namespaceSelector: {{matchLabels: {{syncd.dev/models: {value}}}}},"
        " serviceAccounts: [default], storageConfig: {key: m, bucket: $(namespace)}}]\n"
    )
    reads = bench.bao.reads(bench.mount)
    swept = bench.sync()
    assert bench.bao.reads(bench.mount) - reads == 1
    assert len(swept.outcomes) == MANY
    assert {outcome.state for outcome in swept.outcomes.values()} == {State.SYNCED}
    check_steady(bench, namespaces, secrets=1)
    # It rotates: one read, a Secret and an entry in each namespace, and no ServiceAccount.
    counted, reads = bench.plane.requests(), bench.bao.reads(bench.mount)
    bench.put("models", {"access_key": "AK2", "secret_key": "SK2"})
    bench.sync()
    writes = bench.plane.writes(counted)
    assert {(request.resource, request.code) for request in writes} == {("secrets", 200)}
    assert sum(writes.values()) == 2 * MANY
    assert bench.bao.reads(bench.mount) - reads == 1
    wanted = hidden(AWS_ACCESS_KEY_ID="AK2", AWS_SECRET_ACCESS_KEY="SK2")
    assert all(published(bench, namespace, "models") == wanted for namespace in namespaces[::20])


def test_every_kind_beside_what_others_keep_there(bench: Workbench) -> None:
    """All kinds at once, foreign Secrets, labels and annotations around them: the next plan is empty."""
    namespaces = [bench.new_namespace(models=False) for _ in range(2)]
    for namespace in namespaces:
        bench.plane.create_secret(namespace, "theirs", {"a": "b"})
        bench.plane.create_secret(namespace, "storage-config", {"theirs": "{}"}, labels={"a": "b"})
        for way in WAYS:
            bench.plane.create_service_account(
                namespace, way.name, secrets=["theirs"], annotations={"c.example/d": "e"}
            )
    entries = []
    for way in WAYS:
        bench.put(way.name, way.fields(0))
        key = f", storageConfig: {{key: {way.name}}}" if way.name in {"minio", "hadoop"} else ""
        target = f"{{namespaces: [{', '.join(namespaces)}], serviceAccounts: [{way.name}]{key}}}"
        entries.append(way.entry(f"[{target}]"))
    entries.append(
        "role:\n  s3: {roleArn: 'arn:aws:iam::111122223333:role/reader', endpoint: 'https://minio:9000'}\n"
        f"  to: [{{namespaces: [{namespaces[0]}], serviceAccounts: [role], createServiceAccounts: true}}]\n"
    )
    bench.mapping("".join(entries))
    for version in (0, 1):
        for way in WAYS:
            bench.put(way.name, way.fields(version))
        swept = bench.sync()
        assert swept.plan.refused == ()
        assert {outcome.state for outcome in swept.outcomes.values()} == {State.SYNCED}
        assert not bench.preview().plan
        bench.restart()
        assert not bench.preview().plan
    distinct = sum(way.remote is not None for way in WAYS)
    check_steady(bench, namespaces, secrets=distinct, sweeps=3)


def test_what_is_refused_costs_no_write_either(bench: Workbench) -> None:
    """A foreign Secret, a foreign entry, a missing ServiceAccount, a bad value: sweep after sweep."""
    namespace = bench.new_namespace()
    bench.plane.create_secret(namespace, "foreign", {"a": "b"})
    bench.plane.create_secret(namespace, "storage-config", {"entry": "{}"})
    for name in ("foreign", "entry", "missing"):
        bench.put(name, {"access_key": "AK", "secret_key": "SK"})
    bench.put("bad", {"access_key": "AK"})
    more = {
        "foreign": "serviceAccounts: [models]",
        "entry": "storageConfig: {key: entry}",
        "missing": "serviceAccounts: [missing]",
        "bad": "serviceAccounts: [default]",
    }
    bench.mapping(
        "".join(
            f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n  s3: {{}}\n"
            f"  to: [{{namespaces: [{namespace}], {more[name]}}}]\n"
            for name in more
        )
    )
    bench.sync()
    assert set(bench.outcome("entry", namespace).reasons) == {Reason.FOREIGN_ENTRY}
    assert bench.outcome("missing", namespace).reasons == (Reason.SERVICE_ACCOUNT_NOT_FOUND,)
    assert bench.outcome("bad", namespace).reasons == (Reason.PROPERTY_NOT_FOUND,)
    check_steady(bench, [namespace], secrets=4, sweeps=3)


def test_a_new_version_with_the_same_values_is_no_change(bench: Workbench) -> None:
    """Versions inform and never decide: written again with equal values, nothing moves."""
    namespace = bench.new_namespace()
    bench.put("hub", {"token": "hf"})
    bench.mapping(
        "hub:\n  from: {store: platform, secret: KV/hub}\n  huggingFace: {}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]\n"
    )
    bench.sync()
    before = objects(bench.plane, namespace)
    bench.put("hub", {"token": "hf", "another": "property"})
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("hub", namespace).state is State.SYNCED


def test_drift_is_repaired_and_told_apart(bench: Workbench) -> None:
    """Somebody changes what is ours; the same version of the store puts it right, in one write."""
    namespace = bench.new_namespace()
    bench.put("hub", {"token": "hf"})
    bench.mapping(
        "hub:\n  from: {store: platform, secret: KV/hub}\n  huggingFace: {}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]\n"
    )
    bench.sync()
    patch = {"data": {"HF_TOKEN": "eA==", "AWS_SECRET_ACCESS_KEY": "eA=="}}
    edit(bench.plane, "secrets", namespace, "hub", patch)
    counted = bench.plane.requests()
    bench.sync()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf")
    assert bench.outcome("hub", namespace).reasons == (Reason.DRIFT_REPAIRED,)
    assert sum(bench.plane.writes(counted, frozenset(WATCHED)).values()) == 1
