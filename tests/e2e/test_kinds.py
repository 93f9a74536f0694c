"""What KServe's own builder makes of each kind, before and after a rotation in OpenBao."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.reasons import Reason, State
from tests.e2e.kinds import WAYS, Fields, Way, basic, compact
from tests.e2e.workbench import Workbench
from tests.harness.hidden import must_equal
from tests.harness.judge import HELM_CREDENTIALS, SHIPPED_CREDENTIALS, Judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

NOTHING = Judgement(error="", env=[], volume_mounts=[], volumes=[], args=[])
BOUND = "[{namespaces: [%s], serviceAccounts: [models]}]"
ROLE_ARN = "arn:aws:iam::111122223333:role/models-reader"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def expected(way: Way, version: int) -> Judgement:
    """What the container has to get from this way, and nothing else."""
    return replace(NOTHING, env=way.env(version), volume_mounts=way.mounts(), volumes=way.volumes())


def check(bench: Workbench, way: Way, namespace: str, version: int) -> None:
    """Compares what the judge prints, what the container would see, and the Secret, without printing it."""
    judgement = bench.judge_account(namespace)
    assert judgement.error == ""
    must_equal(judgement, expected(way, version), f"judgement with {judgement.names()}")
    must_equal(bench.env(namespace, judgement), way.resolved(version))
    must_equal(bench.values(namespace, way.name), way.data(version))
    assert bench.secret(namespace, way.name)["type"] == "Opaque"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_kserve_reads_what_is_written_and_what_is_rotated(bench: Workbench, way: Way) -> None:
    """In two namespaces KServe makes exactly its kind of the Secret, and of the next version too."""
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    bench.put(way.name, way.fields(0))
    bench.mapping(way.entry(BOUND % ", ".join(namespaces)))
    bench.sync()
    for namespace in namespaces:
        check(bench, way, namespace, 0)
        assert bench.listed(namespace) == [way.name]
    assert not bench.sync().applied
    if way.remote is None:
        return
    bench.put(way.name, way.fields(1))
    bench.sync()
    for namespace in namespaces:
        check(bench, way, namespace, 1)
        assert bench.outcome(way.name, namespace).reasons == (Reason.ROTATED,)
    assert not bench.sync().applied


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (SHIPPED_CREDENTIALS, ("serving.kserve.io/storageSecretName", "serving.kserve.io/secretName")),
        (HELM_CREDENTIALS, ("serving.kserve.io/secretName", "serving.kserve.io/storageSecretName")),
    ],
    ids=["kustomize", "helm"],
)
def test_a_pod_may_name_the_secret_by_annotation(
    control_plane: ControlPlane,
    openbao: OpenBao,
    judge: Judge,
    tmp_path: Path,
    config: Mapping[str, Any],
    names: tuple[str, str],
) -> None:
    """Under both shipped configs the annotation of that config leads to every kind, without a binding."""
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, config=config)
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    for way in WAYS:
        bench.put(way.name, way.fields(0))
    bench.mapping("".join(way.entry(f"[{{namespaces: {json.dumps(namespaces)}}}]") for way in WAYS))
    bench.sync()
    effective, other = names
    for namespace in namespaces:
        for way in WAYS:
            judgement = bench.judge_account(namespace, annotations={effective: way.name})
            must_equal(judgement, expected(way, 0), f"{way.name} with {judgement.names()}")
            must_equal(bench.env(namespace, judgement), way.resolved(0), way.name)
        ignored = bench.judge_account(namespace, annotations={other: WAYS[0].name})
        must_equal(ignored, NOTHING)
    bench.close()


def test_key_names_are_those_of_the_live_config(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path
) -> None:
    """KServe reads what is written under whatever names inferenceservice-config has in this cluster."""
    config = {
        "storageSpecSecretName": "models-config",
        "storageSecretNameAnnotation": "example.com/secret",
        "gcs": {"gcsCredentialFileName": "key.json"},
        "s3": {"s3AccessKeyIDName": "id", "s3SecretAccessKeyName": "key"},
    }
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, config=config)
    namespace = bench.new_namespace()
    ways = {way.name: way for way in WAYS}
    for name in ("minio", "gcs"):
        bench.put(name, ways[name].fields(0))
    target = f"[{{namespaces: [{namespace}], serviceAccounts: [models]%s}}]"
    bench.mapping(
        ways["minio"].entry(target % ", storageConfig: {key: m, bucket: b}") + ways["gcs"].entry(target % "")
    )
    bench.sync()
    judgement = bench.judge_account(namespace)
    env = bench.env(namespace, judgement)
    assert judgement.error == ""
    assert env["GOOGLE_APPLICATION_CREDENTIALS"] == "/var/secrets/key.json"
    assert set(bench.values(namespace, "gcs")) == {"key.json"}
    must_equal([env[name] for name in KEYS], [ways["minio"].resolved(0)[name] for name in KEYS])
    stored = bench.judge_storage(namespace, "m")
    assert stored.env[0]["valueFrom"]["secretKeyRef"] == {"name": "models-config", "key": "m"}
    bench.close()


def test_different_kinds_share_a_service_account(bench: Workbench) -> None:
    """What KServe can have side by side on one ServiceAccount arrives there, in the list's order."""
    names = ("minio", "gcs", "azure-principal", "hub", "web-bearer", "hadoop")
    ways = [way for way in WAYS if way.name in names]
    namespace = bench.new_namespace()
    for way in ways:
        bench.put(way.name, way.fields(0))
    bench.mapping("".join(way.entry(BOUND % namespace) for way in ways))
    bench.sync()
    judgement = bench.judge_account(namespace)
    in_order = sorted(ways, key=lambda way: bench.listed(namespace).index(way.name))
    assert judgement.error == ""
    must_equal(judgement.env, [variable for way in in_order for variable in way.env(0)])
    assert judgement.volume_mounts == [mount for way in in_order for mount in way.mounts()]
    assert judgement.volumes == [volume for way in in_order for volume in way.volumes()]
    for way in ways:
        bench.put(way.name, way.fields(1))
    bench.sync()
    merged: dict[str, str] = {}
    for way in ways:
        merged |= way.resolved(1)
    must_equal(bench.env(namespace, bench.judge_account(namespace)), merged)


def test_a_role_is_an_annotation_of_the_service_account(bench: Workbench) -> None:
    """With roleArn no Secret is written, and KServe takes role and settings from the ServiceAccount."""
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    form = "{roleArn: '%s', region: eu-west-1, endpoint: 'https://s3.example.com'}"
    entry = f"role:\n  s3: {form}\n  to: {BOUND}\n"
    bench.mapping(entry % (ROLE_ARN, ", ".join(namespaces)))
    bench.sync()
    for namespace in namespaces:
        judgement = bench.judge_account(namespace)
        assert judgement == replace(
            NOTHING,
            env=[
                {"name": "S3_USE_HTTPS", "value": "1"},
                {"name": "S3_ENDPOINT", "value": "s3.example.com"},
                {"name": "AWS_ENDPOINT_URL", "value": "https://s3.example.com"},
                {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"},
                {"name": "S3_USER_VIRTUAL_BUCKET", "value": "false"},
            ],
        )
        assert _role(bench, namespace) == ROLE_ARN
        assert bench.listed(namespace) == []
        with pytest.raises(LookupError):
            bench.secret(namespace, "role")
    assert not bench.sync().applied
    bench.mapping(entry % (f"{ROLE_ARN}-2", ", ".join(namespaces)))
    bench.sync()
    assert [_role(bench, namespace) for namespace in namespaces] == [f"{ROLE_ARN}-2"] * 2


def _role(bench: Workbench, namespace: str) -> str:
    return str(bench.account(namespace)["metadata"]["annotations"]["eks.amazonaws.com/role-arn"])


ENTRIES: Mapping[str, tuple[str, list[str], Callable[[Fields], Fields]]] = {
    "minio": (
        "storageConfig: {key: models, bucket: b}",
        ["s3://b/model", "/mnt/models"],
        lambda remote: {
            "access_key_id": remote["access_key"],
            "bucket": "b",
            "endpoint_url": "https://minio.minio.svc:9000",
            "region": "us-east-1",
            "secret_access_key": remote["secret_key"],
            "type": "s3",
        },
    ),
    "hadoop": (
        "storageConfig: {key: models}",
        ["hdfs://model", "/mnt/models"],
        lambda remote: {
            "HDFS_NAMENODE": "https://nn1:9871",
            "HDFS_ROOTPATH": "/models",
            "HEADERS": remote["headers"],
            "KERBEROS_KEYTAB": remote["keytab"],
            "KERBEROS_PRINCIPAL": "models@EXAMPLE.COM",
            "TLS_CA": _base64(remote["ca.pem"]),
            "TLS_SKIP_VERIFY": "true",
            "USER_PROXY": "models",
            "type": "hdfs",
        },
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_kserve_reads_the_entry_of_storage_config(bench: Workbench, name: str) -> None:
    """KServe takes the entry, the rotated one too, whether or not the workload names the type."""
    way = next(way for way in WAYS if way.name == name)
    target, args, entry = ENTRIES[name]
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    bench.put(name, way.fields(0))
    bench.mapping(way.entry(f"[{{namespaces: {json.dumps(namespaces)}, {target}}}]"))
    reference = {"secretKeyRef": {"name": "storage-config", "key": "models"}}
    for version in (0, 1):
        bench.put(name, way.fields(version))
        bench.sync()
        for namespace in namespaces:
            judgement = bench.judge_storage(namespace, "models")
            assert judgement == replace(
                NOTHING, env=[{"name": "STORAGE_CONFIG", "valueFrom": reference}], args=args
            )
            found = bench.env(namespace, judgement)
            must_equal(found, {"STORAGE_CONFIG": compact(entry(way.fields(version)))})
    assert not bench.sync().applied
    typed = bench.judge_storage(namespaces[0], "models", {"type": args[0].partition(":")[0], "bucket": "b"})
    assert (typed.error, typed.args, typed.names()) == (
        "",
        args,
        ["STORAGE_CONFIG", "STORAGE_OVERRIDE_CONFIG"],
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_model_scope_is_golden_m01(bench: Workbench) -> None:
    """The Secret is the one that golden vector M01 was run with; KServe v0.19.0 skips it."""
    golden = Path(__file__).parents[1] / "golden" / "golden.jsonl"
    vector = next(line for line in map(json.loads, golden.read_text().splitlines()) if line["id"] == "M01")
    (wanted,) = vector["input"]["Secrets"]
    (key,) = wanted["Data"]
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    bench.mapping(
        f"{wanted['Name']}:\n"
        "  from: {store: platform, secret: KV/ms}\n"
        "  modelScope: {token: {property: token}}\n"
        f"  to: {BOUND % ', '.join(namespaces)}\n"
    )
    for token in (wanted["Data"][key], "ms-two"):
        bench.put("ms", {"token": token})
        bench.sync()
        for namespace in namespaces:
            must_equal(bench.values(namespace, wanted["Name"]), {key: token.encode()})
            assert _kserve_annotations(bench, namespace, wanted["Name"]) == (wanted["Annotations"] or {})
            assert bench.listed(namespace) == vector["input"]["SASecrets"]
            must_equal(bench.judge_account(namespace), NOTHING)


def _kserve_annotations(bench: Workbench, namespace: str, name: str) -> dict[str, str]:
    annotations = bench.secret(namespace, name)["metadata"]["annotations"]
    return {key: value for key, value in annotations.items() if key.startswith("serving.kserve.io/")}


def test_docker_config_is_an_image_pull_secret(bench: Workbench) -> None:
    """The Secret has Kubernetes' own type and is bound where the kubelet looks; KServe sees nothing."""
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    bench.mapping(
        "registry:\n"
        "  from: {store: platform, secret: KV/registry}\n"
        "  dockerConfig: {registry: registry.example.com}\n"
        f"  to: {BOUND % ', '.join(namespaces)}\n"
    )
    for password in ("one", "two"):
        bench.put("registry", {"username": "u", "password": password})
        bench.sync()
        login = {"auth": basic("u", password), "password": password, "username": "u"}
        wanted = compact({"auths": {"registry.example.com": login}}).encode()
        for namespace in namespaces:
            assert bench.secret(namespace, "registry")["type"] == "kubernetes.io/dockerconfigjson"
            must_equal(bench.values(namespace, "registry"), {".dockerconfigjson": wanted})
            assert bench.listed(namespace, list_name="imagePullSecrets") == ["registry"]
            assert bench.listed(namespace) == []
            must_equal(bench.judge_account(namespace), NOTHING)


def test_opaque_is_seen_by_nobody(bench: Workbench) -> None:
    """An opaque Secret is bound to nothing, and KServe makes nothing of it even when a pod names it."""
    namespaces = [bench.new_namespace(), bench.new_namespace()]
    bench.mapping(
        "api-key:\n"
        "  from: {store: platform, secret: KV/vllm}\n"
        "  opaque: {data: {VLLM_API_KEY: {property: api_key}}}\n"
        f"  to: [{{namespaces: {json.dumps(namespaces)}}}]\n"
    )
    for value in ("one", "two"):
        bench.put("vllm", {"api_key": value})
        bench.sync()
        for namespace in namespaces:
            must_equal(bench.values(namespace, "api-key"), {"VLLM_API_KEY": value.encode()})
            assert bench.listed(namespace) == []
            named = {"serving.kserve.io/storageSecretName": "api-key"}
            must_equal(bench.judge_account(namespace, annotations=named), NOTHING)
            must_equal(bench.judge_account(namespace), NOTHING)


def test_what_kserve_needs_is_there_before_what_refers_to_it(bench: Workbench) -> None:
    """A ServiceAccount that syncd creates lists its Secret, and KServe reads it at once."""
    namespace = bench.new_namespace(models=False)
    way = next(way for way in WAYS if way.name == "hub")
    bench.put(way.name, way.fields(0))
    bench.mapping(
        way.entry(f"[{{namespaces: [{namespace}], serviceAccounts: [models], createServiceAccounts: true}}]")
    )
    bench.sync()
    check(bench, way, namespace, 0)
    assert bench.outcome(way.name, namespace).state is State.SYNCED
