"""The real parts start, stop, count and fail as the other tests assume."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.harness import openbao_auth
from tests.harness.fault_http import FaultProxy, Reply, ScriptedServer
from tests.harness.https_server import FileServer
from tests.harness.judge import HELM_CREDENTIALS, Judge
from tests.harness.openbao import OpenBao
from tests.harness.storage_initializer import container_env, download

if TYPE_CHECKING:
    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.s3 import S3Server
    from tests.harness.tls import CertificateAuthority


# the judge


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
