"""What a check of Vault finds: how the server is, and as whom it knows us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AuthenticationFailed,
    RateLimited,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.testing.stores import soon
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique
from tests.harness.openbao_auth import enable_approle, write_secret_file
from tests.integration.stores.rig import read
from tests.integration.stores.vault.rig import VaultRig, secret_id, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.interface import Finding
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao
    from tests.integration.stores.vault.conftest import Readable

CANARY = "canary-8b20e1"
WELL = {
    "initialized": True,
    "sealed": False,
    "standby": False,
    "performance_standby": False,
    "replication_dr_mode": "disabled",
    "version": "1.21.0+ent",
    "cluster_name": "vault-eu",
}


@pytest.fixture
def rig(openbao: OpenBao, proxy: FaultProxy, kv2: str, tmp_path: Path) -> Iterator[VaultRig]:
    """A new mount."""
    rig = VaultRig.make(openbao, proxy, kv2, 2, tmp_path)
    yield rig
    rig.close()


def _found(rig: VaultRig) -> list[Finding]:
    return list(rig.store.check(deadline=soon()))


def _health(rig: VaultRig, **differs: object) -> None:
    rig.proxy.answer("/v1/sys/health", Reply(200, json.dumps({**WELL, **differs}).encode()))


def _error(finding: Finding) -> StoreError:
    """The error of a finding, which keeps nothing of its cause and no part of an answer."""
    error = finding.error
    assert error is not None
    assert error.__context__ is None
    assert error.__traceback__ is None
    assert error.message.startswith("store platform: ")
    assert CANARY not in repr(error)
    return error


def test_a_server_that_is_well(rig: VaultRig) -> None:
    """The server's version and state are told, and of the login its policies and how long it lives."""
    way, login = _found(rig)
    assert (way.step, way.error) == ("reachable", None)
    assert way.detail.startswith("version 2.7.2, active, cluster ")
    assert (login.step, login.error) == ("authenticated", None)
    assert "known as approle" in login.detail
    assert f"contract-{rig.mount}" in login.detail
    assert "59 min left" in login.detail or "60 min left" in login.detail


def test_the_server_is_asked_without_a_login(rig: VaultRig) -> None:
    """What the server says of itself is asked for without token and namespace, which it would refuse."""
    _found(rig)
    (asked,) = rig.proxy.seen("/v1/sys/health")
    assert not {"x-vault-token", "x-vault-namespace"} & asked.headers


def test_a_check_reads_no_secret(rig: VaultRig) -> None:
    """The health, a login and a look at the token: nothing else is asked for."""
    _found(rig)
    assert [request.path.split("?")[0].rsplit("/", 1)[1] for request in rig.proxy.seen()] == [
        "health",
        "login",
        "lookup-self",
    ]


@pytest.mark.parametrize(
    ("differs", "state"),
    [
        ({}, "version 1.21.0+ent, active, cluster vault-eu"),
        ({"standby": True}, "version 1.21.0+ent, standby, cluster vault-eu"),
        (
            {"standby": True, "performance_standby": True},
            "version 1.21.0+ent, performance standby, cluster vault-eu",
        ),
        ({"cluster_name": ""}, "version 1.21.0+ent, active"),
    ],
)
def test_servers_that_serve(rig: VaultRig, differs: dict[str, object], state: str) -> None:
    """An active node and every standby that answers or passes on are reachable, and told apart."""
    _health(rig, **differs)
    way, login = _found(rig)
    assert (way.error, login.error) == (None, None)
    assert way.detail == state


@pytest.mark.parametrize(
    ("differs", "kind", "words"),
    [
        ({"sealed": True}, StoreUnavailable, "vault operator unseal"),
        ({"initialized": False, "sealed": True}, StoreUnavailable, "vault operator init"),
        ({"replication_dr_mode": "secondary"}, StoreMisconfigured, "must be the primary"),
        ({"sealed": None}, StoreUnavailable, "not an answer of Vault"),
    ],
)
def test_servers_that_do_not_serve(
    rig: VaultRig, differs: dict[str, object], kind: type[StoreError], words: str
) -> None:
    """A server that is sealed, empty or a recovery site says so, with what to do; nobody logs in there."""
    _health(rig, **differs)
    (way,) = _found(rig)
    error = _error(way)
    assert isinstance(error, kind), repr(error)
    assert words in error.message
    assert rig.proxy.seen("/login") == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404, f"<html>{CANARY}</html>".encode(), {"Content-Type": "text/html"}), "a proxy's?"),
        (Reply(307, b"", {"Location": "https://elsewhere.example.com"}), "redirect"),
        (Reply(200, f'{{"hello":"{CANARY}"}}'.encode()), "`address` must be the server itself"),
        (Reply(503, b'{"errors":["maintenance"]}'), "HTTP 503"),
    ],
    ids=["page", "redirect", "something else", "maintenance"],
)
def test_what_is_no_vault(rig: VaultRig, reply: Reply, words: str) -> None:
    """Whatever else answers at the address is not reachable as a Vault."""
    rig.proxy.answer("/v1/sys/health", reply)
    (way,) = _found(rig)
    error = _error(way)
    assert isinstance(error, StoreUnavailable), repr(error)
    assert words in error.message


def test_sealed_server(own_openbao: OpenBao, tmp_path: Path) -> None:
    """A real server that was sealed is told so, and found well again once it is unsealed."""
    role = enable_approle(own_openbao, "approle", "syncd", ["default"])
    file = write_secret_file(tmp_path / "secret-id", role.secret_id)
    store = vault(own_openbao.url, secret_id(role, file))
    own_openbao.seal()
    (way,) = store.check(deadline=soon())
    assert "sealed" in _error(way).message
    own_openbao.unseal()
    assert [finding.error for finding in store.check(deadline=soon())] == [None, None]
    store.close()


def test_namespace(openbao: OpenBao, tmp_path: Path) -> None:
    """In a namespace that is not there the server is reachable, and the login says what is wrong."""
    role = enable_approle(openbao, mount := unique("approle"), "syncd", ["default"])
    file = write_secret_file(tmp_path / "secret-id", role.secret_id)
    store = vault(openbao.url, secret_id(role, file, mountPath=mount), namespace="no-such-namespace")
    way, login = store.check(deadline=soon())
    assert way.error is None
    error = _error(login)
    assert isinstance(error, StoreMisconfigured), repr(error)
    assert "no such namespace" in error.message


def test_token_that_was_given(openbao: OpenBao, readable: Readable, tmp_path: Path) -> None:
    """Of a token that was given the policies are looked up, too."""
    file = write_secret_file(tmp_path / "token", openbao.token([readable.policy]))
    store = vault(openbao.url, {"token": {"file": str(file)}})
    _, login = store.check(deadline=soon())
    assert login.error is None
    assert readable.policy in login.detail
    assert str(file) in login.detail
    store.close()


def test_token_that_is_not_known(openbao: OpenBao, tmp_path: Path) -> None:
    """A given token that Vault does not know is AuthenticationFailed, and is not shown."""
    file = write_secret_file(tmp_path / "token", CANARY)
    store = vault(openbao.url, {"token": {"file": str(file)}})
    _, login = store.check(deadline=soon())
    error = _error(login)
    assert isinstance(error, AuthenticationFailed), repr(error)
    assert str(file) in error.message


def test_token_that_may_not_look_at_itself(openbao: OpenBao, tmp_path: Path) -> None:
    """Without the right to look the login is good all the same; of our own the policies are known."""
    policy = openbao.write_policy(unique("narrow"), {"kv/data/a": ["read"]})
    role = enable_approle(openbao, mount := unique("approle"), "syncd", [policy])
    body = {"token_policies": [policy], "token_no_default_policy": True}
    openbao.root.must("POST", f"auth/{mount}/role/syncd", body)
    file = write_secret_file(tmp_path / "secret-id", role.secret_id)
    ours = vault(openbao.url, secret_id(role, file, mountPath=mount))
    _, login = ours.check(deadline=soon())
    assert login.error is None
    assert policy in login.detail
    ours.close()
    created = {"policies": [policy], "no_default_policy": True}
    token = openbao.root.must("POST", "auth/token/create", created)["auth"]["client_token"]
    given = vault(openbao.url, {"token": {"file": str(write_secret_file(tmp_path / "token", token))}})
    _, login = given.check(deadline=soon())
    assert login.error is None
    assert "policies: not known" in login.detail
    given.close()


def test_login_that_was_lost(rig: VaultRig) -> None:
    """A login that Vault has forgotten is made anew by the check, as a read would."""
    rig.put("here", {"key": "value"})
    read(rig.store, rig.ref("here").secret)
    rig.forget_login()
    assert [finding.error for finding in _found(rig)] == [None, None]
    assert len(rig.proxy.seen("/login")) == 2


def test_quota_on_the_login(rig: VaultRig) -> None:
    """A login that a quota holds back is RateLimited, with the pause that was asked for."""
    quota = b'{"errors":["rate limit quota exceeded"]}'
    rig.proxy.answer("/login", Reply(429, quota, {"Retry-After": "4"}))
    _, login = _found(rig)
    error = _error(login)
    assert isinstance(error, RateLimited), repr(error)
    assert error.retry_after == 4


def test_check_and_the_deadline(rig: VaultRig) -> None:
    """A server that never answers costs the deadline and is not reachable."""
    with ScriptedServer() as slow:
        slow.answer("", Reply(200, b"{}", delay=30))
        store = vault(slow.url, rig.auth)
        (way,) = store.check(deadline=soon() - 19.0)
        assert isinstance(_error(way), StoreUnavailable)
