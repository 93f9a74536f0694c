"""`inferenceservice-config`: what cannot be read changes no shape; a new name is followed in one patch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.reasons import Reason, State
from tests.e2e.everybody import WATCHED, digest, hidden, objects, published
from tests.e2e.workbench import Workbench
from tests.harness.fixtures import unique
from tests.harness.judge import SHIPPED_CREDENTIALS, install_kserve_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

BROKEN = {
    "no JSON": "{not json",
    "no object": "[]",
    "another type": json.dumps({**SHIPPED_CREDENTIALS, "s3": "none"}),
    "not text": json.dumps({**SHIPPED_CREDENTIALS, "gcs": {"gcsCredentialFileName": 7}}),
    "empty": "",
}


def changed(**names: str) -> Mapping[str, Any]:
    """The shipped config with other names."""
    s3 = {**SHIPPED_CREDENTIALS["s3"], **{key: name for key, name in names.items() if key.startswith("s3")}}
    gcs = {
        **SHIPPED_CREDENTIALS["gcs"],
        **{key: name for key, name in names.items() if key.startswith("gcs")},
    }
    rest = {key: name for key, name in names.items() if not key.startswith(("s3", "gcs"))}
    return {**SHIPPED_CREDENTIALS, **rest, "s3": s3, "gcs": gcs}


@pytest.fixture
def own(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose KServe has a config of its own, at first but for its annotation the shipped one."""
    mine = changed(storageSecretNameAnnotation=f"serving.kserve.io/{unique('named')}")
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, config=mine)
    yield bench
    bench.close()


def install(bench: Workbench, config: Mapping[str, Any] | str) -> None:
    """Writes the config that syncd reads; the judge is asked with it from now on, if it is one."""
    install_kserve_config(bench.plane, config, bench.options.kserve_namespace)
    if isinstance(config, Mapping):
        bench.config = config


def put(bench: Workbench, version: int) -> None:
    """Writes the keys and a GCS key."""
    key = {"type": "authorized_user", "client_id": "c", "client_secret": f"s{version}", "refresh_token": "r"}
    bench.put(
        "models", {"access_key": f"AK{version}", "secret_key": f"SK{version}", "key.json": json.dumps(key)}
    )


def mapped(namespace: str, endpoint: str = "https://minio:9000", more: str = "") -> str:
    """S3 keys with an entry, and a GCS key."""
    return (
        "models:\n  from: {store: platform, secret: KV/models}\n"
        f"  s3: {{endpoint: '{endpoint}'}}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models{more}], storageConfig: {{key: m}}}}]\n"
        "gcs:\n  from: {store: platform, secret: KV/models}\n  gcs: {credentials: {property: key.json}}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]\n"
    )


def start(bench: Workbench) -> str:
    """A namespace in which version 1 is published."""
    namespace = bench.new_namespace()
    put(bench, 1)
    bench.mapping(mapped(namespace))
    bench.sync()
    assert bench.outcome("models", namespace).state is State.SYNCED
    return namespace


@pytest.mark.parametrize("broken", BROKEN)
def test_values_rotate_and_shapes_wait_while_it_is_broken(own: Workbench, broken: str) -> None:
    """What was last seen stays in force: keys move on, and a new endpoint waits until it is repaired."""
    namespace = start(own)
    install(own, BROKEN[broken])
    put(own, 2)
    own.sync()
    assert published(own, namespace, "models") == hidden(AWS_ACCESS_KEY_ID="AK2", AWS_SECRET_ACCESS_KEY="SK2")
    assert json.loads(own.values(namespace, "storage-config")["m"])["access_key_id"] == "AK2"
    assert own.outcome("models", namespace).state is State.SYNCED
    before = objects(own.plane, namespace)
    own.mapping(mapped(namespace, "https://other:9000", ", default"))
    own.sync()
    after = objects(own.plane, namespace)
    entry = f"/api/v1/namespaces/{namespace}/secrets/storage-config"
    # The entry's endpoint is part of its value.
    assert {path for path in after if after[path] != before[path]} <= {entry}
    assert own.outcome("models", namespace).reasons == (Reason.KSERVE_CONFIG_INVALID,)
    install(own, own.config)
    own.sync()
    assert own.outcome("models", namespace).state is State.SYNCED
    assert own.listed(namespace, "default") == ["models"]
    assert "other:9000" in own.env(namespace, own.judge_account(namespace))["S3_ENDPOINT"]
    assert not own.preview().plan


@pytest.mark.parametrize("broken", [*BROKEN, "missing"])
def test_a_new_process_with_a_broken_config_changes_no_shape(own: Workbench, broken: str) -> None:
    """It never saw the names that are in force here, and must not put the shipped ones in their place."""
    namespace = own.new_namespace()
    install(
        own, changed(s3SecretAccessKeyName="KEY", s3AccessKeyIDName="ID", gcsCredentialFileName="gcs.json")
    )
    put(own, 1)
    own.mapping(mapped(namespace))
    own.sync()
    before, seen = objects(own.plane, namespace), own.judge_account(namespace)
    if broken == "missing":
        path = f"/api/v1/namespaces/{own.options.kserve_namespace}/configmaps/inferenceservice-config"
        own.plane.admin.must(own.plane.admin.delete(path))
    else:
        install(own, BROKEN[broken])
    own.restart()
    own.sync()
    assert objects(own.plane, namespace) == before
    for name in ("models", "gcs"):
        assert Reason.KSERVE_CONFIG_INVALID in own.outcome(name, namespace).reasons
    assert own.judge_account(namespace) == seen


def test_a_first_start_without_any_config_takes_the_shipped_names(own: Workbench) -> None:
    """Where nothing is ours yet, KServe may come later; with its own names everything follows."""
    path = f"/api/v1/namespaces/{own.options.kserve_namespace}/configmaps/inferenceservice-config"
    own.plane.admin.must(own.plane.admin.delete(path))
    namespace = start(own)
    assert own.values(namespace, "models").keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_a_first_start_with_a_broken_config_writes_nothing(own: Workbench) -> None:
    """KServe itself does not work with it: what would be read of what we write is anybody's guess."""
    install(own, BROKEN["no JSON"])
    namespace = own.new_namespace()
    put(own, 1)
    before = objects(own.plane, namespace)
    own.mapping(mapped(namespace))
    own.sync()
    assert objects(own.plane, namespace) == before
    outcome = own.outcome("models", namespace)
    assert (outcome.state, outcome.reasons) == (State.PENDING, (Reason.KSERVE_CONFIG_INVALID,))


def test_renamed_keys_are_one_patch_for_each_secret(own: Workbench) -> None:
    """Each Secret gets the keys that KServe looks for now in one request; KServe sees what it saw."""
    namespace = start(own)
    seen = own.env(namespace, own.judge_account(namespace))
    names = {"s3SecretAccessKeyName": "KEY", "s3AccessKeyIDName": "ID", "gcsCredentialFileName": "gcs.json"}
    install(own, changed(**names))
    counted = own.plane.requests()
    own.sync()
    assert sum(own.plane.writes(counted, frozenset(WATCHED)).values()) == 2
    assert published(own, namespace, "models") == hidden(ID="AK1", KEY="SK1")
    assert own.values(namespace, "gcs").keys() == {"gcs.json"}
    judgement = own.judge_account(namespace)
    assert judgement.error == ""
    env = own.env(namespace, judgement)
    assert env.pop("GOOGLE_APPLICATION_CREDENTIALS") == "/var/secrets/gcs.json"
    del seen["GOOGLE_APPLICATION_CREDENTIALS"]
    assert digest(env) == digest(seen)
    assert not own.preview().plan


def test_a_renamed_storage_config_is_written_beside_the_old_one(own: Workbench) -> None:
    """The entries go where KServe looks now; the old object is left as it is."""
    namespace = start(own)
    before = own.secret(namespace, "storage-config")
    install(own, changed(storageSpecSecretName="model-stores"))
    own.sync()
    assert own.values(namespace, "model-stores").keys() == {"m"}
    assert bool(own.secret(namespace, "storage-config") == before)
    assert own.judge_storage(namespace, "m", {"bucket": "b"}).error == ""


def test_a_secret_is_never_written_where_the_entries_are(own: Workbench) -> None:
    """Its name is that of this cluster's storage-config: all keys would be ours, and others' entries gone."""
    install(own, changed(storageSpecSecretName="model-stores"))
    namespace = own.new_namespace()
    put(own, 1)
    before = objects(own.plane, namespace)
    own.mapping(
        "models:\n  from: {store: platform, secret: KV/models}\n  s3: {}\n"
        f"  to: [{{namespaces: [{namespace}], secret: model-stores}}]\n"
    )
    own.sync()
    assert objects(own.plane, namespace) == before
    assert own.outcome("models", namespace).reasons == (Reason.CONFLICT,)
