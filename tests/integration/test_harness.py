"""The real parts answer as the other tests assume: the harness itself, and what the API server promises."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.harness import openbao_auth
from tests.harness.fault_http import FaultProxy, Reply, ScriptedServer
from tests.harness.https_server import FileServer
from tests.harness.judge import HELM_CREDENTIALS, PLACEHOLDER, SHIPPED_CREDENTIALS, Judge, Judgement
from tests.harness.kube_client import secret
from tests.harness.openbao import OpenBao
from tests.harness.processes import wait_for
from tests.harness.storage_initializer import container_env, download

if TYPE_CHECKING:
    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.kube_client import Answer, KubeClient
    from tests.harness.s3 import S3Server
    from tests.harness.tls import CertificateAuthority

GOLDEN = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "golden" / "golden.jsonl").read_text().splitlines()
]
NOT_IN_V0_19: frozenset[str] = frozenset({"M01"})
"""Vectors of a later KServe: v0.19.0 does not know MODELSCOPE_API_TOKEN."""
CANARY = "canary-7f3a"


def secrets_path(namespace: str, name: str = "") -> str:
    """Where a namespace's Secrets are, or one of them."""
    return f"/api/v1/namespaces/{namespace}/secrets" + (f"/{name}" if name else "")


# kube-apiserver


def test_api_server_is_the_release_that_is_named(control_plane: ControlPlane) -> None:
    """The API server built from our go.mod says that it is Kubernetes 1.36.3."""
    assert control_plane.admin.get("/version")[1]["gitVersion"] == "v1.36.3"


def test_rbac_denies_who_was_granted_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """A user and a ServiceAccount without a binding may not list Secrets."""
    user = control_plane.client_for("nobody")
    account = control_plane.client_for_service_account(namespace, "default")
    assert user.get(secrets_path(namespace))[0] == 403
    assert account.get(secrets_path(namespace))[0] == 403


def test_rbac_lets_create_only_apply_through_for_the_named_secret_only(
    control_plane: ControlPlane, namespace: str
) -> None:
    """With `create` and `patch` under resourceNames a create-only apply succeeds for that name only."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["ours"],
        "verbs": ["create", "patch"],
    }
    admin = control_plane.admin
    admin.must(admin.post(f"{rbac}/roles", {"metadata": {"name": "writer"}, "rules": [rule]}))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"}
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": "default"}
    binding = {"metadata": {"name": "writer"}, "roleRef": reference, "subjects": [subject]}
    admin.must(admin.post(f"{rbac}/rolebindings", binding))
    client = control_plane.client_for_service_account(namespace, "default")
    wait_for("RBAC", lambda: _create_only(client, namespace, "ours", {"k": "v"})[0] == 201)
    assert _create_only(client, namespace, "other", {"k": "v"})[0] == 403
    assert client.post(secrets_path(namespace), secret("ours-too", {"k": "v"}))[0] == 403


def test_create_only_apply_creates_what_is_absent(control_plane: ControlPlane, namespace: str) -> None:
    """A server-side apply with resourceVersion "1" creates an absent Secret."""
    assert _create_only(control_plane.admin, namespace, "new", {"k": "v"})[0] == 201


@pytest.mark.parametrize("force", [False, True])
def test_create_only_apply_leaves_what_is_present(
    control_plane: ControlPlane, namespace: str, force: bool
) -> None:
    """A server-side apply with resourceVersion "1" is 409 on what exists, and changes nothing of it."""
    before = control_plane.create_secret(namespace, "theirs", {"a": "1"})
    assert _create_only(control_plane.admin, namespace, "theirs", {"k": "v"}, force=force)[0] == 409
    assert control_plane.admin.get(secrets_path(namespace, "theirs"))[1] == before


def test_one_of_many_racing_creators_wins(control_plane: ControlPlane, namespace: str) -> None:
    """Of eight create-only applies at once one is 201 and seven are 409."""
    answers: list[int] = []

    def create() -> None:
        answers.append(_create_only(control_plane.admin, namespace, "raced", {"k": "v"})[0])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


def test_guarded_merge_patch(control_plane: ControlPlane, namespace: str) -> None:
    """A merge patch with resourceVersion and uid is 200 when fresh, 409 when stale, 404 when gone."""
    admin, path = control_plane.admin, secrets_path(namespace, "guarded")
    before = control_plane.create_secret(namespace, "guarded", {"a": "1"})
    patch = {"metadata": _guard(before), "data": {"a": _encoded("2"), "absent": None}}
    assert admin.patch(path, patch)[0] == 200
    assert admin.patch(path, patch)[0] == 409
    assert admin.patch(path, {"metadata": _guard(before)})[0] == 409
    assert admin.delete(path)[0] == 200
    assert admin.patch(path, patch)[0] == 404
    control_plane.create_secret(namespace, "guarded", {"a": "1"})
    assert admin.patch(path, patch)[0] == 409


def test_merge_patch_that_changes_nothing_bumps_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """A guarded merge patch of what is there already keeps the resourceVersion."""
    before = control_plane.create_secret(namespace, "same", {"a": "1"})
    patch = {"metadata": _guard(before), "data": {"a": _encoded("1")}}
    _, after = control_plane.admin.patch(secrets_path(namespace, "same"), patch)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_merge_patch_with_a_uid_alone_is_refused(control_plane: ControlPlane, namespace: str) -> None:
    """Another object's uid without a resourceVersion is 422, not 409."""
    control_plane.create_secret(namespace, "uid", {"a": "1"})
    patch = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert control_plane.admin.patch(secrets_path(namespace, "uid"), patch)[0] in {409, 422}


def test_delete_honours_its_preconditions(control_plane: ControlPlane, namespace: str) -> None:
    """A DELETE with a stale resourceVersion or another uid is 409; with both right it is 200."""
    admin, path = control_plane.admin, secrets_path(namespace, "doomed")
    first = control_plane.create_secret(namespace, "doomed", {"a": "1"})
    second = admin.must(admin.patch(path, {"data": {"a": _encoded("2")}}))
    stranger = _guard(second) | {"uid": "00000000-0000-0000-0000-000000000000"}
    for guard in (_guard(first), stranger):
        assert (
            admin.delete(path, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": guard})[0]
            == 409
        )
    right = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": _guard(second)}
    assert admin.delete(path, right)[0] == 200


def test_undecodable_merge_patch_echoes_every_value(control_plane: ControlPlane, namespace: str) -> None:
    """An annotation that is a number is 422, and message and cause hold the data: never print them."""
    before = control_plane.create_secret(namespace, "echo", {"a": CANARY})
    patch = {"metadata": _guard(before) | {"annotations": {"n": 1}}}
    status, body = control_plane.admin.patch(secrets_path(namespace, "echo"), patch)
    assert status == 422
    assert bool(_encoded(CANARY) in body["message"])
    assert bool(_encoded(CANARY) in body["details"]["causes"][0]["message"])


def test_type_of_a_secret_cannot_change(control_plane: ControlPlane, namespace: str) -> None:
    """A patch of `type` is 422."""
    before = control_plane.create_secret(namespace, "typed", {"a": "1"})
    patch = {"metadata": _guard(before), "type": "syncd.dev/other"}
    assert control_plane.admin.patch(secrets_path(namespace, "typed"), patch)[0] == 422


def test_immutable_secret_takes_annotations_only(control_plane: ControlPlane, namespace: str) -> None:
    """With `immutable: true` a patch of data is 422, one of annotations 200."""
    admin, path = control_plane.admin, secrets_path(namespace, "fixed")
    control_plane.create_secret(namespace, "fixed", {"a": "1"})
    admin.must(admin.patch(path, {"immutable": True}))
    assert admin.patch(path, {"data": {"a": _encoded("2")}})[0] == 422
    assert admin.patch(path, {"metadata": {"annotations": {"a": "b"}}})[0] == 200


def test_terminating_namespace_refuses_creation_and_takes_patches(control_plane: ControlPlane) -> None:
    """In a Terminating namespace a create is 403 with cause NamespaceTerminating, a patch is 200."""
    admin = control_plane.admin
    namespace = control_plane.create_namespace("ending")
    control_plane.create_secret(namespace, "old", {"a": "1"})
    admin.must(admin.delete(f"/api/v1/namespaces/{namespace}"))
    status, body = _create_only(admin, namespace, "new", {"k": "v"})
    assert (status, [cause["reason"] for cause in body["details"]["causes"]]) == (
        403,
        ["NamespaceTerminating"],
    )
    assert admin.patch(secrets_path(namespace, "old"), {"data": {"a": _encoded("2")}})[0] == 200
    control_plane.finalize_namespace(namespace)
    wait_for("the namespace to go", lambda: admin.get(f"/api/v1/namespaces/{namespace}")[0] == 404)


def test_whole_list_patch_keeps_order_and_nameless_items(control_plane: ControlPlane, namespace: str) -> None:
    """A merge patch of a ServiceAccount's whole list stores it as sent, duplicates and all."""
    control_plane.create_service_account(namespace, "listed", secrets=["b", "a"])
    wanted: list[dict[str, str]] = [{"name": "b"}, {}, {"name": "a"}, {"name": "b"}, {"name": "c"}]
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/listed"
    _, before = control_plane.admin.get(path)
    _, after = control_plane.admin.patch(path, {"metadata": _guard(before), "secrets": wanted})
    assert after["secrets"] == wanted


def test_writes_are_counted(control_plane: ControlPlane, namespace: str) -> None:
    """The API server's own metrics tell a create, an apply and a patch apart, and count no read."""
    before = control_plane.requests()
    control_plane.create_secret(namespace, "counted", {"a": "1"})
    control_plane.admin.get(secrets_path(namespace, "counted"))
    _create_only(control_plane.admin, namespace, "counted", {"k": "v"})
    control_plane.admin.patch(secrets_path(namespace, "counted"), {"data": {"a": _encoded("2")}})
    writes = control_plane.writes(before)
    assert {(request.verb, request.code): count for request, count in writes.items()} == {
        ("POST", 201): 1,
        ("APPLY", 409): 1,
        ("PATCH", 200): 1,
    }


# the judge


@pytest.mark.parametrize(
    "vector",
    [vector for vector in GOLDEN if vector["id"] not in NOT_IN_V0_19],
    ids=lambda vector: vector["id"],
)
def test_judge_reproduces_golden(
    control_plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]
) -> None:
    """KServe v0.19.0's builder on a real API server answers what the golden vector says."""
    judgement = _replay(control_plane, judge, namespace, vector)
    assert bool(judgement.env == (vector["env"] or []))
    assert judgement.volume_mounts == (vector["volumeMounts"] or [])
    assert judgement.volumes == (vector["volumes"] or [])
    assert judgement.args == (vector["args"] or [])
    # Go words a JSON error differently from release to release: its tail is not KServe's.
    head, found, _ = vector["error"].partition("storage secret storage-config: json: ")
    assert judgement.error.startswith(head + found) if found else judgement.error == vector["error"]


@pytest.mark.parametrize(
    "vector", [vector for vector in GOLDEN if vector["id"] in NOT_IN_V0_19], ids=lambda vector: vector["id"]
)
def test_judge_sees_nothing_in_later_kinds(
    control_plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]
) -> None:
    """A Secret of a kind that came after v0.19.0 is skipped without an error."""
    judgement = _replay(control_plane, judge, namespace, vector)
    assert (judgement.error, judgement.names()) == ("", [])


def test_judge_reads_the_live_config(control_plane: ControlPlane, judge: Judge, namespace: str) -> None:
    """Without a config of its own a question is judged by the ConfigMap in the cluster."""
    control_plane.create_secret(namespace, "hub", {"HF_TOKEN": "x"})
    annotations = {"serving.kserve.io/storageSecretName": "hub"}
    assert judge.service_account(namespace, annotations=annotations).names() == ["HF_TOKEN"]
    helm = json.dumps(HELM_CREDENTIALS)
    assert judge.service_account(namespace, annotations=annotations, config=helm).names() == []


def test_judge_survives_a_broken_config(judge: Judge, namespace: str) -> None:
    """The builder panics on a config that is not JSON; the next question is answered all the same."""
    assert judge.service_account(namespace, config="{").error.startswith("panic: ")
    assert judge.service_account(namespace).error == ""


# OpenBao


def test_openbao_counts_reads(openbao: OpenBao, kv2: str, kv1: str) -> None:
    """Each read that reaches a mount is counted for that mount, and no other request is."""
    openbao.put(kv2, "a/b", {"x": "1"})
    openbao.put(kv1, "a/b", {"x": "1"}, version=1)
    before = openbao.reads(kv2), openbao.reads(kv1)
    client = openbao.client(openbao.token([openbao.least_policy(kv2, {kv2: 2, kv1: 1})]))
    assert [client.request("GET", f"{kv2}/data/{path}")[0] for path in ("a/b", "a/b", "gone")] == [
        200,
        200,
        404,
    ]
    assert client.request("GET", f"{kv1}/a/b")[0] == 200
    assert (openbao.reads(kv2) - before[0], openbao.reads(kv1) - before[1]) == (3, 1)


def test_least_policy_grants_reading_and_nothing_else(openbao: OpenBao, kv2: str) -> None:
    """A token of the least policy may not list, write, or read elsewhere."""
    openbao.put(kv2, "a", {"x": "1"})
    client = openbao.client(openbao.token([openbao.least_policy(kv2, {kv2: 2})]))
    assert client.request("LIST", f"{kv2}/metadata/")[0] == 403
    assert client.request("PUT", f"{kv2}/data/a", {"data": {}})[0] == 403
    assert client.request("GET", "elsewhere/data/a")[0] == 403


def test_openbao_on_disk_survives_a_crash(own_openbao: OpenBao) -> None:
    """A server killed and started again has its secrets, and is 503 while it is sealed."""
    own_openbao.enable_kv("kv", 2)
    own_openbao.put("kv", "a", {"x": "1"})
    own_openbao.kill()
    own_openbao.restart()
    assert own_openbao.root.request("GET", "kv/data/a")[0] == 200
    own_openbao.seal()
    assert own_openbao.root.request("GET", "kv/data/a")[0] == 503
    own_openbao.unseal()
    assert own_openbao.root.request("GET", "kv/data/a")[0] == 200


def test_openbao_logins(openbao: OpenBao, kv2: str, control_plane: ControlPlane, namespace: str) -> None:
    """AppRole, userpass, jwt and kubernetes logins yield tokens with the policy, and are counted."""
    policy = [openbao.least_policy(kv2, {kv2: 2})]
    role = openbao_auth.enable_approle(openbao, f"approle-{kv2}", "r", policy)
    openbao_auth.enable_userpass(openbao, f"userpass-{kv2}", "u", "p", policy)
    issuer = openbao_auth.enable_jwt(openbao, f"jwt-{kv2}", "r", "syncd", policy)
    openbao_auth.enable_kubernetes(
        openbao, f"kubernetes-{kv2}", "r", control_plane, (namespace, "default"), policy
    )
    bodies = {
        f"approle-{kv2}/login": {"role_id": role.role_id, "secret_id": role.secret_id},
        f"userpass-{kv2}/login/u": {"password": "p"},
        f"jwt-{kv2}/login": {"role": "r", "jwt": issuer.token("me", "syncd")},
        f"kubernetes-{kv2}/login": {"role": "r", "jwt": control_plane.token_for(namespace, "default")},
    }
    for path, body in bodies.items():
        before = openbao.logins(path.partition("/")[0])
        answer = openbao.client("").must("POST", f"auth/{path}", body)
        assert policy[0] in answer["auth"]["policies"]
        assert openbao.logins(path.partition("/")[0]) - before == 1


def test_openbao_cert_login_over_tls(tmp_path: Path, authority: CertificateAuthority) -> None:
    """A server with TLS lets a client of our authority log in by its certificate."""
    server = OpenBao.start(tmp_path / "openbao", storage="raft", authority=authority)
    pair = openbao_auth.enable_cert(server, "cert", "r", authority, ["default"])
    with urllib3.PoolManager(
        ca_certs=str(authority.file), cert_file=str(pair.certificate), key_file=str(pair.key), retries=False
    ) as pool:
        answer = pool.request("POST", f"{server.url}/v1/auth/cert/login", json={"name": "r"})
    server.stop()
    assert answer.status == 200


def test_wrapped_secret_id_unwraps_once(openbao: OpenBao, kv2: str) -> None:
    """A wrapping token of a secret id is good for one unwrapping."""
    openbao_auth.enable_approle(openbao, f"wrapped-{kv2}", "r", ["default"])
    client = openbao.client(openbao_auth.wrapped_secret_id(openbao, f"wrapped-{kv2}", "r"))
    assert bool(client.must("PUT", "sys/wrapping/unwrap")["data"]["secret_id"])
    assert client.request("PUT", "sys/wrapping/unwrap")[0] in {400, 403}


# faults


def test_fault_proxy_forwards_until_told_otherwise(openbao: OpenBao, kv2: str) -> None:
    """The proxy answers like the server behind it, then as scripted so often as scripted, then again."""
    openbao.put(kv2, "a", {"x": "1"})
    with FaultProxy(openbao.url) as proxy:
        url, headers = f"{proxy.url}/v1/{kv2}/data/a", {"X-Vault-Token": "root"}
        proxy.answer("/data/a", Reply(429, b"{}", {"Retry-After": "7"}), times=1)
        answers = [urllib3.request("GET", url, headers=headers, retries=False) for _ in range(2)]
        assert [(answer.status, answer.headers.get("Retry-After")) for answer in answers] == [
            (429, "7"),
            (200, None),
        ]
        assert len(proxy.seen("/data/a")) == 2


def test_scripted_server_can_hang_up_cut_and_be_slow(authority: CertificateAuthority) -> None:
    """Endings and delays reach the client as what they are named for, over TLS too."""
    with (
        ScriptedServer(authority) as server,
        urllib3.PoolManager(ca_certs=str(authority.file), retries=False) as pool,
    ):
        server.answer("/gone", Reply(ending="hang up"))
        server.answer("/cut", Reply(body=b"{}", ending="cut"))
        server.answer("/slow", Reply(body=b"ab", delay=0.1, drip=0.1))
        with pytest.raises(urllib3.exceptions.ProtocolError):
            pool.request("GET", f"{server.url}/gone")
        with pytest.raises(urllib3.exceptions.ProtocolError):
            pool.request("GET", f"{server.url}/cut")
        started = time.monotonic()
        assert pool.request("GET", f"{server.url}/slow").data == b"ab"
        assert time.monotonic() - started >= 0.2


# the storage initializer


def test_initializer_downloads_from_s3_with_the_right_keys_only(
    control_plane: ControlPlane,
    judge: Judge,
    namespace: str,
    s3_server: S3Server,
    tools: Tools,
    tmp_path: Path,
) -> None:
    """With what the judge printed the initializer downloads an object; after a rotation it cannot."""
    key = s3_server.create_user(namespace)
    uri = s3_server.put(namespace, "model/weights.bin", b"weights")
    annotations = {
        "serving.kserve.io/s3-endpoint": s3_server.url.partition("://")[2],
        "serving.kserve.io/s3-usehttps": "0",
        "serving.kserve.io/s3-region": "us-east-1",
    }
    data = {"AWS_ACCESS_KEY_ID": key.key_id, "AWS_SECRET_ACCESS_KEY": key.secret}
    control_plane.create_secret(namespace, "s3", data, annotations=annotations)
    control_plane.create_service_account(namespace, "models", secrets=["s3"])
    env = container_env(control_plane.admin, namespace, judge.service_account(namespace, "models"))
    python = tools.path("storage-initializer")
    found = download(python, uri.rpartition("/")[0], tmp_path / "first", env)
    assert (found.code, found.files()) == (0, {"weights.bin": b"weights"})
    s3_server.rotate(namespace, key)
    assert download(python, uri.rpartition("/")[0], tmp_path / "second", env).code != 0


def test_initializer_downloads_from_https_with_the_header_only(
    control_plane: ControlPlane,
    judge: Judge,
    namespace: str,
    authority: CertificateAuthority,
    tools: Tools,
    tmp_path: Path,
) -> None:
    """The header of an https Secret opens the server; without it the download fails."""
    with FileServer({"/weights.bin": b"weights"}, {"Authorization": "Bearer t"}, authority) as server:
        data = {"https-host": server.host, "headers": '{"Authorization": "Bearer t"}'}
        control_plane.create_secret(namespace, "web", data)
        control_plane.create_service_account(namespace, "models", secrets=["web"])
        env = container_env(control_plane.admin, namespace, judge.service_account(namespace, "models"))
        python, uri = tools.path("storage-initializer"), f"{server.url}/weights.bin"
        found = download(python, uri, tmp_path / "first", env, ca_file=authority.file)
        assert (found.code, found.files()) == (0, {"weights.bin": b"weights"})
        assert download(python, uri, tmp_path / "second", {}, ca_file=authority.file).code != 0


# the tools


def test_built_tools_need_no_building(tools: Tools) -> None:
    """Asking for tools that are there names their paths without building anything."""
    for name in tools.paths:
        tools.path(name)
    program = Path(__file__).parents[1] / "tools" / "build.py"
    result = subprocess.run(
        ["python3", "-S", str(program), "--json", "judge"], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == {"judge": str(tools.path("judge"))}
    assert result.stderr == ""


def _create_only(
    client: KubeClient, namespace: str, name: str, data: dict[str, str], *, force: bool = False
) -> Answer:
    body = secret(name, data)
    body["metadata"]["resourceVersion"] = "1"
    return client.apply(secrets_path(namespace, name), body, manager="syncd", force=force)


def _guard(body: dict[str, Any]) -> dict[str, str]:
    return {key: body["metadata"][key] for key in ("resourceVersion", "uid")}


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _replay(plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]) -> Judgement:
    """Makes the vector's objects in the namespace, and asks its question."""
    given = vector["input"]
    for item in given["Secrets"] or []:
        plane.create_secret(namespace, item["Name"], item["Data"], annotations=item["Annotations"])
    account = "models"
    if not given["NoSA"]:
        plane.create_service_account(
            namespace, account, secrets=given["SASecrets"] or [], annotations=given["SAAnnotations"]
        )
    config = given["Config"] or json.dumps(SHIPPED_CREDENTIALS)
    if given["Mode"] == "sa":
        return judge.service_account(namespace, account, annotations=given["PodAnnotations"], config=config)
    return judge.storage(
        namespace,
        given["Key"],
        _asked_path(given["Args"][0]),
        parameters=given["Params"],
        annotations=given["PodAnnotations"],
        config=config,
    )


def _asked_path(argument: str) -> str:
    """What was asked: the builder writes into its arguments, so a vector's input shows the answer."""
    scheme, _, path = argument.partition("://")
    if scheme == "s3":
        return path.partition("/")[2]
    return path if scheme in {PLACEHOLDER, "gs", "hdfs"} else argument
