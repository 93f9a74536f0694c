"""What the ServiceAccount of deploy/ may do: all that syncd does, and nothing more."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.harness import openbao_auth
from tests.harness.fixtures import unique
from tests.harness.kube_client import APPLY
from tests.harness.openbao import OpenBao
from tests.harness.processes import wait_for
from tests.integration.daemon.process import WITHIN
from tests.integration.deploy.manifests import VAULT_EXAMPLE, apply, apply_all, beside, only
from tests.integration.deploy.pod import FileWatch, Pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object
    from tests.harness.tls import CertificateAuthority
    from tests.integration.deploy.manifests import Kustomize

    Start = Callable[[list[Object]], Pod]

FIRST = "c4n4ry-first"
SECOND = "c4n4ry-second"
Right = tuple[str, str, str, str]


@pytest.fixture
def start(plane: ControlPlane, tmp_path: Path) -> Iterator[Start]:
    """Starts a pod's container, and kills it when the test is over."""
    pods: list[Pod] = []

    def started(manifests: list[Object]) -> Pod:
        pods.append(Pod.start(plane, manifests, tmp_path / f"pod-{len(pods)}"))
        return pods[-1]

    yield started
    for pod in pods:
        pod.daemon.child.kill()


@pytest.fixture
def team(plane: ControlPlane) -> str:
    """A namespace with a ServiceAccount of models."""
    namespace = plane.create_namespace(unique("team"))
    plane.create_service_account(namespace, "models")
    return namespace


def _rights(plane: ControlPlane, namespace: str, account: str) -> Counter[Right]:
    """Every (group, resource, name, verb) that an account of `syncd` has in a namespace; name `*` for any."""
    client = plane.client_for_service_account("syncd", account)
    review = {"spec": {"namespace": namespace}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    status = client.must(client.post(path, review))["status"]
    assert not status["incomplete"]
    return Counter(
        (group, resource, name, verb)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
        for verb in rule["verbs"]
    )


def _granted(plane: ControlPlane, namespace: str) -> set[Right]:
    """What syncd may do there beyond what every account of its namespace may."""
    return set(_rights(plane, namespace, "syncd") - _rights(plane, namespace, "nobody"))


def test_its_rights_are_these_and_no_other(plane: ControlPlane, team: str) -> None:
    """In a team's namespace Secrets, ServiceAccounts and Events; in its own its two ConfigMaps besides."""
    plane.create_service_account("syncd", "nobody")
    everywhere = {
        ("", "namespaces", "*", "list"),
        *(("", "serviceaccounts", "*", verb) for verb in ("list", "create", "patch")),
        *(("", "secrets", "*", verb) for verb in ("get", "list", "create", "patch", "delete")),
        ("", "configmaps", "inferenceservice-config", "get"),
        ("events.k8s.io", "events", "*", "create"),
    }
    own = {
        ("", "configmaps", "*", "get"),
        *(
            ("", "configmaps", name, verb)
            for name in ("syncd-state", "syncd-last-valid")
            for verb in ("create", "patch")
        ),
    }
    assert _granted(plane, team) == everywhere
    assert _granted(plane, "syncd") == everywhere | own


def test_it_may_not_go_further(plane: ControlPlane, team: str) -> None:
    """Pods, nodes, tokens, roles, its own mapping, deleting namespaces and accounts: all are forbidden."""
    client = plane.client_for_service_account("syncd", "syncd")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {"metadata": {"name": "more"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
    token = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
    answers = {
        "pods": client.get("/api/v1/pods"),
        "nodes": client.get("/api/v1/nodes"),
        "configmaps": client.get(f"/api/v1/namespaces/{team}/configmaps"),
        "secrets at once": client.delete(f"/api/v1/namespaces/{team}/secrets"),
        "namespace": client.delete(f"/api/v1/namespaces/{team}"),
        "account": client.delete(f"/api/v1/namespaces/{team}/serviceaccounts/models"),
        "token": client.post(f"/api/v1/namespaces/{team}/serviceaccounts/models/token", token),
        "clusterrole": client.post(f"{rbac}/clusterroles", role),
        "its own clusterrole": client.patch(f"{rbac}/clusterroles/syncd", role),
        "its own role": client.patch(f"{rbac}/namespaces/syncd/roles/syncd", role),
        "mapping": client.patch("/api/v1/namespaces/syncd/configmaps/syncd", {"data": {"mapping.yaml": ""}}),
        "deployment": client.get("/apis/apps/v1/namespaces/syncd/deployments/syncd"),
    }
    assert {name: status for name, (status, _) in answers.items()} == dict.fromkeys(answers, 403)


def test_it_keeps_its_memory_in_two_config_maps(plane: ControlPlane, team: str) -> None:
    """It may create and change them by name in its own namespace, and no other and nowhere else."""
    client = plane.client_for_service_account("syncd", "syncd")

    def create(namespace: str, name: str) -> int:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "resourceVersion": "1"},
            "data": {"a": "b"},
        }
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        return client.request("PATCH", path, body, content_type=APPLY, query={"fieldManager": "syncd"})[0]

    for name in ("syncd-state", "syncd-last-valid"):
        path = f"/api/v1/namespaces/syncd/configmaps/{name}"
        assert create("syncd", name) == 201
        assert client.patch(path, {"data": {"a": "c"}})[0] == 200
        assert client.get(path)[0] == 200
        assert create(team, name) == 403
        assert plane.admin.delete(path)[0] == 200
    assert create("syncd", "syncd-more") == 403


def _mapping(url: str, mount: str, team: str) -> str:
    token = {"secretKeyRef": {"name": "vault-token", "key": "token"}}
    document = {
        "apiVersion": "syncd.dev/v1alpha1",
        "kind": "Mapping",
        "stores": {"platform": {"vault": {"address": url, "auth": {"token": token}}}},
        "credentials": {
            "alpha": {
                "from": {"store": "platform", "secret": f"{mount}/alpha"},
                "s3": {"endpoint": "https://minio.example.com"},
                "to": [
                    {
                        "namespaces": [team],
                        "serviceAccounts": ["models", "made"],
                        "createServiceAccounts": True,
                        "storageConfig": {"key": "alpha"},
                    }
                ],
                "schedule": {"interval": "1s"},
            }
        },
    }
    return yaml.safe_dump(document)


@pytest.fixture
def mapped(
    plane: ControlPlane, openbao: OpenBao, base: list[Object], team: str
) -> Iterator[tuple[list[Object], str]]:
    """The base with a mapping of one credential, not applied yet, and the mount that it reads."""
    mount = openbao.enable_kv(unique("kv"), 2)
    openbao.put(mount, "alpha", {"access_key": "ID", "secret_key": FIRST})
    token = openbao.token([openbao.least_policy(mount, {mount: 2})])
    plane.create_secret("syncd", "vault-token", {"token": token})
    manifests = copy.deepcopy(base)
    only(manifests, "ConfigMap")["data"] = {"mapping.yaml": _mapping(openbao.url, mount, team)}
    yield manifests, mount
    plane.admin.must(plane.admin.delete("/api/v1/namespaces/syncd/secrets/vault-token"))
    apply_all(plane, base)


def _key(plane: ControlPlane, namespace: str, name: str = "alpha") -> bytes | None:
    if plane.admin.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")[0] != 200:
        return None
    return plane.secret_values(namespace, name)["AWS_SECRET_ACCESS_KEY"]


def test_one_sync_is_within_its_rights(
    plane: ControlPlane, mapped: tuple[list[Object], str], team: str, tmp_path: Path
) -> None:
    """`syncd sync` as the account ends with 0: Secret, entry, binding and a ServiceAccount that it made."""
    manifests, _ = mapped
    apply_all(plane, manifests)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(plane.kubeconfig_for_service_account("syncd", "syncd")),
        "SYNCD_NAMESPACE": "syncd",
    }
    command = [sys.executable, "-m", "syncd", "sync"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert bool(_key(plane, team) == FIRST.encode())
    assert plane.admin.get(f"/api/v1/namespaces/{team}/secrets/storage-config")[0] == 200
    for account in ("models", "made"):
        path = f"/api/v1/namespaces/{team}/serviceaccounts/{account}"
        assert plane.admin.must(plane.admin.get(path))["secrets"] == [{"name": "alpha"}]


def test_a_written_file_would_be_seen(tmp_path: Path) -> None:
    """The watch notes what a Python writes, makes and removes, and nothing of what it reads."""
    watch = FileWatch.lay(tmp_path / "watch")
    code = "import os; open('a', 'w').close(); os.mkdir('b'); open('a').read(); os.remove('a')"
    subprocess.run([sys.executable, "-c", code], env=watch.environment, cwd=tmp_path, check=True, timeout=60)
    assert watch.written() == ["open 'a'", "os.mkdir 'b'", "os.remove 'a'"]


def test_the_daemon_is_within_its_rights_and_writes_no_file(
    plane: ControlPlane, openbao: OpenBao, mapped: tuple[list[Object], str], team: str, start: Start
) -> None:
    """Ready with an empty mapping; with another it publishes and rotates; nothing is forbidden or written."""
    manifests, mount = mapped
    pod = start(manifests)
    wait_for("it to be ready", lambda: pod.daemon.get("/readyz")[0] == 200, within=WITHIN)
    assert pod.daemon.get("/healthz")[0] == 200
    plane.admin.must(apply(plane, only(manifests, "ConfigMap")))
    pod.daemon.until_state("alpha", team, "Synced")
    assert bool(_key(plane, team) == FIRST.encode())
    openbao.put(mount, "alpha", {"access_key": "ID", "secret_key": SECOND})
    wait_for("the rotation", lambda: bool(_key(plane, team) == SECOND.encode()), within=WITHIN)
    path = f"/apis/events.k8s.io/v1/namespaces/{team}/events"
    wait_for("an Event", lambda: plane.admin.must(plane.admin.get(path))["items"] or None, within=WITHIN)
    assert pod.daemon.child.stop() == 0
    codes = {line["code"] for line in pod.daemon.said("api request")}
    assert codes
    assert codes <= {200, 201, 404}
    assert pod.files.written() == []
    assert bool("c4n4ry" not in pod.daemon.output)


def test_the_example_works(
    plane: ControlPlane,
    kustomize: Kustomize,
    base: list[Object],
    authority: CertificateAuthority,
    team: str,
    start: Start,
    tmp_path: Path,
) -> None:
    """With its own certificate and a token for Vault alone, the example logs in over TLS and publishes."""
    bao = OpenBao.start(tmp_path / "openbao", storage="raft", authority=authority)
    try:
        bao.enable_kv("kv", 2)
        bao.put("kv", "ml/models-s3", {"access_key": "ID", "secret_key": FIRST})
        policy = bao.write_policy("syncd", {"kv/data/ml/*": ("read",)})
        openbao_auth.enable_kubernetes(bao, "kubernetes", "syncd", plane, ("syncd", "syncd"), [policy])
        # As the guide has it: a role for tokens that are made for Vault.
        bao.root.must(
            "POST",
            "auth/kubernetes/role/syncd",
            {
                "bound_service_account_names": ["syncd"],
                "bound_service_account_namespaces": ["syncd"],
                "audience": "vault",
                "token_policies": [policy],
            },
        )
        token = openbao_auth.write_secret_file(
            tmp_path / "vault", plane.token_for("syncd", "syncd", ["vault"])
        )
        manifests = _example(
            kustomize,
            tmp_path,
            authority,
            {
                "https://vault.vault.svc:8200": bao.url,
                "/var/run/secrets/tokens/vault": str(token),
                "recsys": team,
            },
        )
        apply_all(plane, manifests)
        pod = start(manifests)
        pod.daemon.until_state("models-s3", team, "Synced")
        assert bool(_key(plane, team, "models-s3") == FIRST.encode())
        assert pod.files.written() == []
    finally:
        bao.kill()
        apply_all(plane, base)


def _example(
    kustomize: Kustomize, folder: Path, authority: CertificateAuthority, said: dict[str, str]
) -> list[Object]:
    """The example with its addresses filled in, as somebody would who copies it."""
    copied = folder / "mine"
    shutil.copytree(VAULT_EXAMPLE, copied)
    for path in (copied / "kustomization.yaml", copied / "mapping.yaml"):
        text = path.read_text().replace("../..", beside(copied, VAULT_EXAMPLE.parents[1]))
        for old, new in said.items():
            assert path.name != "mapping.yaml" or old in text, old
            text = text.replace(old, new)
        path.write_text(text)
    shutil.copyfile(authority.file, copied / "ca.crt")
    manifests = kustomize.build(copied)
    volume = only(manifests, "Deployment")["spec"]["template"]["spec"]["volumes"][0]
    assert json.dumps(volume["projected"]["sources"]).count('"audience": "vault"') == 1
    return manifests
