"""The examples in config/, end to end: as they stand there, but for addresses and files of this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from syncd.model.reasons import Reason, State
from tests.e2e.kinds import compact, google_key, pem
from tests.e2e.workbench import Workbench
from tests.harness.openbao import OpenBao
from tests.harness.openbao_auth import enable_kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge

EXAMPLES: Final = Path(__file__).parents[2] / "config" / "examples"
IRSA: Final = "staging-keys-prod-irsa"
LOGIN: Final = "auth: {kubernetes: {role: syncd}}"
ADDRESS: Final = re.compile(r"https://vault[a-z.]*(:8200)?(?=\s)")

REMOTE: Final[Mapping[str, Mapping[str, str]]] = {
    "ml/artifacts": {"user": "u", "password": "p"},
    "ml/blob": {"client_secret": "cs"},
    "ml/blob-account": {"account_key": "AQEBAQ=="},
    "ml/blob-sas": {"sas": "sv=2022-11-02&sig=abc%3D"},
    "ml/gcs-key": {"key.json": google_key("one")},
    "ml/gitlab": {"token": "glpat"},
    "ml/hadoop": {"keytab": "BQIAAQ==", "ca.pem": pem("ca")},
    "ml/huggingface": {"token": "hf"},
    "ml/minio": {"access_key": "AK", "secret_key": "SK"},
    "ml/model-server": {"token": "t"},
    "ml/models-s3": {"access_key": "AK", "secret_key": "SK"},
    "ml/modelscope": {"token": "ms"},
    "ml/registry": {"user": "u", "password": "p"},
    "ml/registry-file": {"config.json": compact({"auths": {"r.example.com": {"auth": "dTpw"}}})},
    "ml/vllm": {"api_key": "k"},
    "teams/recsys/s3": {"access_key": "AK1", "secret_key": "SK1"},
    "teams/tiers/gold/registry": {"username": "u", "password": "p"},
}
"""What the examples read from mount `kv`."""

SETTINGS: Final = [
    "S3_USE_HTTPS",
    "S3_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "S3_USER_VIRTUAL_BUCKET",
]
MINIO: Final = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", *SETTINGS]
ANONYMOUS: Final = [*MINIO[:5], "awsAnonymousCredential", *MINIO[5:]]
AZURE: Final = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]
LABELS: Final = ("syncd.dev/models", "syncd.dev/hub-token", "syncd.dev/tier")

EXPECTED: Final[Mapping[str, Mapping[tuple[str, str], list[str]]]] = {
    "kinds/azure.yaml": {
        ("vision", "models"): [*AZURE, "AZURE_CLIENT_SECRET"],
        ("speech", "models"): AZURE,
        ("ranking", "models"): ["AZURE_STORAGE_ACCESS_KEY"],
        ("search", "models"): ["AZURE_STORAGE_ACCESS_KEY"],
    },
    "kinds/docker-config.yaml": {
        ("nlp", "default"): [],
        ("vision", "default"): [],
        ("speech", "default"): [],
    },
    "kinds/gcs.yaml": {("vision", "models"): ["GOOGLE_APPLICATION_CREDENTIALS"]},
    "kinds/hdfs.yaml": {("recsys", "models"): [], ("search", "models"): []},
    "kinds/https.yaml": {
        ("nlp", "models"): ["models.example.com-headers"],
        ("vision", "models"): ["artifacts.example.com-headers"],
        ("search", "models"): ["gitlab.example.com-headers"],
    },
    "kinds/hugging-face.yaml": {("nlp", "default"): ["HF_TOKEN"]},
    "kinds/model-scope.yaml": {("nlp", "default"): []},
    "kinds/opaque.yaml": {("nlp", "default"): []},
    "kinds/s3.yaml": {
        ("recsys", "models"): MINIO,
        ("search", "models"): MINIO,
        ("ranking", "models"): ["AWS_DEFAULT_REGION"],
        ("demo", "default"): ANONYMOUS,
    },
    "stores/file.yaml": {("nlp", "default"): ["HF_TOKEN"]},
    "stores/kubernetes.yaml": {("nlp", "default"): ["HF_TOKEN"]},
    "minio-and-hub-token/mapping.yaml": {
        ("recsys", "default"): [*MINIO, "HF_TOKEN"],
        ("search", "default"): MINIO,
        ("nlp", "default"): [],
    },
    f"{IRSA}/base/credentials.yaml {IRSA}/staging/cluster.yaml": {
        ("recsys", "models"): ["HF_TOKEN", *MINIO],
        ("search", "models"): ["HF_TOKEN", *MINIO],
    },
    f"{IRSA}/base/credentials.yaml {IRSA}/prod/cluster.yaml": {
        ("recsys", "models"): ["AWS_DEFAULT_REGION", "HF_TOKEN"],
        ("search", "models"): ["AWS_DEFAULT_REGION", "HF_TOKEN"],
    },
    "teams/mapping.yaml": {("recsys", "models"): MINIO, ("search", "models"): []},
}
"""Example → ServiceAccount → the variables that KServe gives to a pod on it."""


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """An OpenBao that has everything that the examples read."""
    server = OpenBao.start(tmp_path_factory.mktemp("examples"))
    server.enable_kv("kv", 2)
    for path, values in REMOTE.items():
        server.put("kv", path, values)
    yield server
    server.stop()


@pytest.fixture
def team_namespaces(control_plane: ControlPlane) -> Iterator[None]:
    """The namespaces that the examples name, as a platform has them, with nothing of ours in them."""
    names = {namespace for accounts in EXPECTED.values() for namespace, _ in accounts} | {"vault-backed"}
    for name in names:
        _empty(control_plane, name)
        control_plane.create_service_account(name, "default")
        account = control_plane.create_service_account(name, "models")
        path = f"/api/v1/namespaces/{name}/serviceaccounts/models"
        bound = {"metadata": {"labels": {"syncd.dev/bind": "true"}, "uid": account["metadata"]["uid"]}}
        control_plane.admin.must(control_plane.admin.patch(path, bound))
    _label(control_plane, "recsys", dict.fromkeys(LABELS[:2], "true") | {LABELS[2]: "gold"})
    _label(control_plane, "search", {LABELS[0]: "true"})
    control_plane.create_secret("vault-backed", "huggingface", REMOTE["ml/huggingface"])
    yield
    # The selectors of other tests would find them.
    for name in names:
        _label(control_plane, name, dict.fromkeys(LABELS))


def _empty(plane: ControlPlane, name: str) -> None:
    if plane.admin.get(f"/api/v1/namespaces/{name}")[0] == 404:
        body = {"kind": "Namespace", "metadata": {"name": name}}
        plane.admin.must(plane.admin.post("/api/v1/namespaces", body))
    for resource in ("secrets", "serviceaccounts"):
        plane.admin.must(plane.admin.delete(f"/api/v1/namespaces/{name}/{resource}"))


def _label(plane: ControlPlane, namespace: str, labels: Mapping[str, str | None]) -> None:
    body = {"metadata": {"labels": dict(labels)}}
    plane.admin.must(plane.admin.patch(f"/api/v1/namespaces/{namespace}", body))


@pytest.fixture
def platform(
    control_plane: ControlPlane, remote: OpenBao, judge: Judge, tmp_path: Path, team_namespaces: None
) -> Iterator[Workbench]:
    """A syncd that OpenBao knows by its ServiceAccount, as the examples say."""
    del team_namespaces
    bench = Workbench.create(control_plane, remote, judge, tmp_path)
    policy = remote.least_policy("examples", {"kv": 2})
    own = (bench.options.namespace, "syncd")
    enable_kubernetes(remote, bench.instance, "syncd", control_plane, own, [policy])
    (tmp_path / "token").write_text(control_plane.token_for(*own))
    folder = tmp_path / "credentials" / "huggingface"
    folder.mkdir(parents=True)
    (folder / "token").write_text("hf\n")
    yield bench
    bench.close()


def localised(bench: Workbench, name: str) -> str:
    """An example with the addresses and files of this test in place of the cluster's."""
    text = (EXAMPLES / name).read_text()
    login = f"{{role: syncd, mountPath: {bench.instance}, tokenFile: {bench.folder / 'token'}}}"
    text = ADDRESS.sub(bench.store_url, text).replace(LOGIN, f"auth: {{kubernetes: {login}}}")
    return text.replace("/etc/credentials", str(bench.folder / "credentials"))


@pytest.mark.parametrize("example", EXPECTED)
def test_an_example_does_what_it_says(platform: Workbench, example: str) -> None:
    """Synced as it stands there, KServe gives the pods of each ServiceAccount what the example is about."""
    accounts = EXPECTED[example]
    platform.use(*(localised(platform, name) for name in example.split()))
    swept = platform.sync()
    seen = {where: platform.judge_account(*where).names() for where in accounts}
    assert seen == accounts
    ours = {namespace for namespace, _ in accounts}
    states = {
        str(identity): outcome.state
        for identity, outcome in swept.outcomes.items()
        if identity.namespace in ours
        and not (example.startswith("teams/") and identity.namespace == "search")
    }
    assert set(states.values()) == {State.SYNCED}, states
    again = [done.action.ref for done in platform.sync().applied if done.action.ref.namespace in ours]
    assert again == []


def test_a_team_without_a_secret_waits_and_the_others_do_not(platform: Workbench) -> None:
    """Of two teams with the label, one has a secret: the other is pending, without an alarm."""
    platform.use(localised(platform, "teams/mapping.yaml"))
    platform.sync()
    waiting = platform.outcome("team-s3", "search")
    assert (waiting.state, waiting.reasons) == (State.PENDING, (Reason.SECRET_NOT_FOUND,))
    assert platform.outcome("team-s3", "recsys").state is State.SYNCED
    assert platform.listed("recsys", "default", "imagePullSecrets") == ["tier-registry"]
    stored = platform.judge_storage("recsys", "team-s3")
    assert (stored.error, stored.args[0]) == ("", "s3://recsys/model")
    platform.bao.put("kv", "teams/search/s3", REMOTE["teams/recsys/s3"])
    platform.sync()
    assert platform.judge_account("search").names() == MINIO
    platform.bao.root.must("DELETE", "kv/metadata/teams/search/s3")
