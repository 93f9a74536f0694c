"""What is read from a real OpenBao: versions, mounts, namespaces, TLS, and how many requests it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from syncd.model.errors import (
    AccessDenied,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.secret import SecretRef
from syncd.stores.guarded import Bounds, GuardedStore
from syncd.stores.vault import kv
from syncd.sync.gather import gather
from syncd.testing.stores import digests, found, soon, wanted
from tests.harness import openbao_auth
from tests.harness.fixtures import unique
from tests.integration.stores.rig import NAME, Surroundings, key_of, read, text
from tests.integration.stores.vault.conftest import make_readable
from tests.integration.stores.vault.rig import secret_id, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.interface import Fetched
    from syncd.stores.vault.adapter import VaultStore
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.vault.conftest import Readable


@pytest.fixture
def store(openbao: OpenBao, proxy: FaultProxy, readable: Readable, tmp_path: Path) -> Iterator[VaultStore]:
    """A store with a token of the least policy, through the proxy."""
    file = openbao_auth.write_secret_file(tmp_path / "token", openbao.token([readable.policy]))
    store = vault(proxy.url, {"token": {"file": str(file)}})
    yield store
    store.close()


def test_values_of_every_type(store: VaultStore, openbao: OpenBao, readable: Readable) -> None:
    """Numbers, flags, null, lists and objects are properties too: as compact JSON, null as empty."""
    values = {"n": 7, "yes": True, "nothing": None, "list": [1, "a"], "tree": {"b": 2, "a": 1}, "text": "x"}
    openbao.put(readable.mount, "types", values)
    expected = {
        "n": "7",
        "yes": "true",
        "nothing": "",
        "list": '[1,"a"]',
        "tree": '{"a":1,"b":2}',
        "text": "x",
    }
    assert digests(found(read(store, f"{readable.mount}/types")).properties()) == wanted(expected)


def test_odd_but_possible_paths(store: VaultStore, openbao: OpenBao, readable: Readable) -> None:
    """Blanks, `%`, `?`, `#`, `+`, letters of all languages and a folder `data` are part of a path."""
    for name in ("a b", "100%", "what?", "no#1", "a+b", "é/鍵", "data/x", "%2e%2e/x"):
        openbao.root._pool.request(
            "PUT",
            f"{openbao.url}/v1/{readable.mount}/data/{quote(name)}",
            headers={"X-Vault-Token": openbao.root._token},
            json={"data": {"key": name}},
        )
        assert key_of(read(store, f"{readable.mount}/{name}")) == text(name), name


def test_times_of_a_version(store: VaultStore, openbao: OpenBao, readable: Readable) -> None:
    """A version says when it was made, and when it will be deleted; until then it is live."""
    openbao.root.must("POST", f"{readable.mount}/metadata/ends", {"delete_version_after": "1h"})
    openbao.put(readable.mount, "ends", {"key": "x"})
    secret = found(read(store, f"{readable.mount}/ends"))
    assert secret.created is not None
    assert secret.expires is not None
    assert (secret.expires - secret.created).total_seconds() == pytest.approx(3600, abs=1)


def test_destroyed_version(store: VaultStore, openbao: OpenBao, readable: Readable) -> None:
    """A destroyed version is VersionUnavailable, and said to be destroyed."""
    openbao.put(readable.mount, "old", {"key": "x"})
    openbao.delete_versions(readable.mount, "old", [1], destroy=True)
    answer = read(store, f"{readable.mount}/old", "1")
    assert isinstance(answer, VersionUnavailable), repr(answer)
    assert "destroyed" in answer.message


@pytest.mark.parametrize("version", ["0", "-1", "latest", "1.0", "٣", " 1"])
def test_versions_that_are_none(
    store: VaultStore, readable: Readable, proxy: FaultProxy, version: str
) -> None:
    """What Vault would answer with the newest version, or with an error, is not even asked for."""
    answer = read(store, readable.secret, version)
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert proxy.seen(f"/v1/{readable.mount}/") == []


def test_path_that_leaves_its_mount(
    store: VaultStore, openbao: OpenBao, kv1: str, readable: Readable
) -> None:
    """`..` cannot read another mount."""
    openbao.put(kv1, "a", {"key": "x"}, version=1)
    answer = read(store, f"{readable.mount}/../{kv1}/a")
    assert isinstance(answer, StoreMisconfigured), repr(answer)


def test_path_with_data(store: VaultStore, readable: Readable) -> None:
    """A path as the API has it is answered with what to write instead."""
    answer = read(store, f"{readable.mount}/data/ml/a")
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert "without `data/`" in answer.message


def test_mount_that_is_missing(store: VaultStore) -> None:
    """A mount that is not there is never 'not found': it is like all that the policy does not grant."""
    answer = read(store, "no-such-mount/a")
    assert isinstance(answer, AccessDenied), repr(answer)
    assert "no such mount" in answer.message


def test_denied_names_what_is_missing(openbao: OpenBao, readable: Readable, tmp_path: Path) -> None:
    """A denied read names the capability that it takes, and the policies that the login has."""
    mount = unique("approle")
    policy = openbao.write_policy(unique("narrow"), {f"{readable.mount}/data/other": ["read"]})
    role = openbao_auth.enable_approle(openbao, mount, "syncd", [policy])
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    auth = {"appRole": {"roleId": role.role_id, "secretId": {"file": str(file)}, "mountPath": mount}}
    store = vault(openbao.url, auth)
    answer = read(store, readable.secret)
    store.close()
    assert isinstance(answer, AccessDenied), repr(answer)
    assert f"read on {readable.mount}/data/ml/a" in answer.message
    assert policy in answer.message


def test_folder_and_misspelt_path(store: VaultStore, readable: Readable) -> None:
    """A folder and a misspelt path are SecretNotFound: Vault answers them like a missing secret."""
    for path in ("ml", "ml/aa"):
        answer = read(store, f"{readable.mount}/{path}")
        assert isinstance(answer, SecretNotFound), repr(answer)


@pytest.mark.parametrize("engine", ["transit", "pki", "ssh", "totp"])
def test_engines_that_are_no_kv(openbao: OpenBao, engine: str) -> None:
    """Engines that make what they hand out are refused with a clear word."""
    mount = unique(engine)
    openbao.root.must("POST", f"sys/mounts/{mount}", {"type": engine})
    answer = _root_read(openbao, f"{mount}/creds/a")
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert f"engine '{engine}'" in answer.message


def _root_read(openbao: OpenBao, secret: str) -> Fetched:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROOT", openbao.root._token)
        return read(vault(openbao.url, {"token": {"env": "ROOT"}}), secret)


def test_nested_mount(openbao: OpenBao) -> None:
    """A mount may have slashes in its name."""
    mount = openbao.enable_kv(f"{unique('org')}/team", 2)
    openbao.put(mount, "a", {"key": "deep"})
    assert key_of(_root_read(openbao, f"{mount}/a")) == text("deep")


def test_mount_that_becomes_version_1(
    store: VaultStore, openbao: OpenBao, readable: Readable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount that is made again as KV version 1 is noticed when a secret seems to be missing."""
    monkeypatch.setattr(kv, "_TRUSTED_FOR", 0.0)
    read(store, readable.secret)
    _mount_again(openbao, readable, "1")
    openbao.put(readable.mount, "ml/a", {"key": "plain"}, version=1)
    openbao.write_policy(readable.policy, {f"{readable.mount}/*": ["read"]})
    assert key_of(read(store, readable.secret)) == text("plain")


def test_mount_that_becomes_version_2(store: VaultStore, openbao: OpenBao, readable: Readable) -> None:
    """A mount that is made again as KV version 2 is noticed at the first read."""
    openbao.write_policy(readable.policy, {f"{readable.mount}/*": ["read"]})
    _mount_again(openbao, readable, "1")
    openbao.put(readable.mount, "ml/a", {"key": "plain"}, version=1)
    assert key_of(read(store, readable.secret)) == text("plain")
    openbao.root.must("DELETE", f"sys/mounts/{readable.mount}")
    openbao.enable_kv(readable.mount, 2)
    openbao.put(readable.mount, "ml/a", {"key": "versioned"})
    assert key_of(read(store, readable.secret)) == text("versioned")


def _mount_again(openbao: OpenBao, readable: Readable, version: str) -> None:
    openbao.root.must("DELETE", f"sys/mounts/{readable.mount}")
    body = {"type": "kv", "options": {"version": version}}
    openbao.root.must("POST", f"sys/mounts/{readable.mount}", body)


def test_namespace(openbao: OpenBao, tmp_path: Path) -> None:
    """Login and reads happen in the configured namespace; the same path outside it is another secret."""
    namespace = unique("ns")
    openbao.root.must("POST", f"sys/namespaces/{namespace}")
    root = openbao.root
    root.must("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "1"}}, namespace=namespace)
    root.must("PUT", "kv/a", {"key": "inside"}, namespace=namespace)
    root.must(
        "PUT",
        "sys/policies/acl/reader",
        {"policy": 'path "kv/*" {capabilities=["read"]}'},
        namespace=namespace,
    )
    root.must("POST", "sys/auth/approle", {"type": "approle"}, namespace=namespace)
    role = "auth/approle/role/syncd"
    root.must("POST", role, {"token_policies": ["reader"]}, namespace=namespace)
    role_id = root.must("GET", f"{role}/role-id", namespace=namespace)["data"]["role_id"]
    secret_id = root.must("POST", f"{role}/secret-id", namespace=namespace)["data"]["secret_id"]
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", secret_id)
    auth = {"appRole": {"roleId": role_id, "secretId": {"file": str(file)}}}
    store = vault(openbao.url, auth, namespace=namespace)
    assert key_of(read(store, "kv/a")) == text("inside")
    store.close()
    outside = read(vault(openbao.url, auth, namespace="no-such-namespace"), "kv/a")
    assert isinstance(outside, StoreError)
    assert not isinstance(outside, SecretNotFound)


def test_requests_of_many_reads(
    store: VaultStore, openbao: OpenBao, proxy: FaultProxy, readable: Readable
) -> None:
    """A read is one request; the mount is asked for once, the token not at all."""
    before = openbao.reads(readable.mount)
    for _ in range(10):
        assert key_of(read(store, readable.secret)) == text("one")
    assert openbao.reads(readable.mount) - before == 10
    assert len(proxy.seen()) == 11


def test_requests_of_a_thousand_secrets(
    openbao: OpenBao, proxy: FaultProxy, readable: Readable, tmp_path: Path
) -> None:
    """A thousand secrets are one login, one question for their mount, and one read each."""
    role = openbao_auth.enable_approle(openbao, mount := unique("approle"), "syncd", [readable.policy])
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    paths = [f"many-{number}" for number in range(1000)]
    for path in paths:
        openbao.put(readable.mount, path, {"key": path})
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    guarded = GuardedStore(store, Bounds(per_second=10_000.0), lambda _: None)
    refs = frozenset(SecretRef(NAME, f"{readable.mount}/{path}") for path in paths)
    before = openbao.reads(readable.mount)
    answers = gather(refs, {NAME: guarded}, deadline=soon() + 60)
    assert {ref.secret: key_of(answer) for ref, answer in answers.items()} == {
        f"{readable.mount}/{path}": text(path) for path in paths
    }
    assert openbao.reads(readable.mount) - before == 1000
    assert len(proxy.seen("/login")) == 1
    assert len(proxy.seen("/v1/sys/internal/ui/mounts/")) == 1
    assert len(proxy.seen()) == 1002
    store.close()


@pytest.mark.parametrize("how", ["file", "pem", "configMapKeyRef"])
def test_custom_authority(
    tls_openbao: OpenBao, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A server's authority is taken from a file, the mapping itself, or a ConfigMap."""
    pem = authority.file.read_text()
    readable = make_readable(tls_openbao, tls_openbao.enable_kv(unique("kv"), 2))
    monkeypatch.setenv("A_TOKEN", tls_openbao.token([readable.policy]))
    around = Surroundings(config_maps={"roots": {"ca.crt": pem}})
    ca = {"file": str(authority.file), "pem": pem, "configMapKeyRef": {"name": "roots", "key": "ca.crt"}}[how]
    store = vault(tls_openbao.url, {"token": {"env": "A_TOKEN"}}, around, ca={how: ca})
    assert key_of(read(store, readable.secret)) == text("one")


def test_authority_that_is_not_trusted(tls_openbao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of an unknown authority is StoreUnavailable, and says where to name the authority."""
    monkeypatch.setenv("A_TOKEN", "token")
    answer = read(vault(tls_openbao.url, {"token": {"env": "A_TOKEN"}}), "kv/a")
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert "not trusted" in answer.message
    assert "`ca`" in answer.message


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("vault.internal", False)])
def test_tls_server_name(
    tls_openbao: OpenBao,
    authority: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    trusted: bool,
) -> None:
    """The certificate must have the configured name, whatever the address is."""
    readable = make_readable(tls_openbao, tls_openbao.enable_kv(unique("kv"), 2))
    monkeypatch.setenv("A_TOKEN", tls_openbao.token([readable.policy]))
    auth, ca = {"token": {"env": "A_TOKEN"}}, {"file": str(authority.file)}
    answer = read(vault(tls_openbao.url, auth, ca=ca, tlsServerName=name), readable.secret)
    assert isinstance(answer, StoreUnavailable) is not trusted, repr(answer)


def test_authority_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CA that is not there is StoreMisconfigured; nothing is sent without it."""
    monkeypatch.setenv("A_TOKEN", "token")
    for ca in (
        {"file": str(tmp_path / "none")},
        {"configMapKeyRef": {"name": "none", "key": "k"}},
        {"pem": "x"},
    ):
        answer = read(vault("https://127.0.0.1:1", {"token": {"env": "A_TOKEN"}}, ca=ca), "kv/a")
        assert isinstance(answer, StoreMisconfigured), repr(answer)
