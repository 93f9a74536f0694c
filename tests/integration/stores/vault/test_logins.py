"""Every way of logging in to a real OpenBao; how often we log in, and how seldom."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import AuthenticationFailed
from syncd.model.events import StoreRequest
from tests.harness import openbao_auth
from tests.harness.fault_http import Reply
from tests.harness.fixtures import unique
from tests.harness.processes import wait_for
from tests.integration.stores.rig import Surroundings, key_of, read, text
from tests.integration.stores.vault.conftest import make_readable
from tests.integration.stores.vault.rig import secret_id, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.vault.adapter import VaultStore
    from tests.harness.apiserver import ControlPlane
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao
    from tests.harness.openbao_auth import AppRole
    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.vault.conftest import Readable

LOGIN = "/v1/auth/.*/login"
DENIED = Reply(403, b'{"errors":["permission denied"]}')


@pytest.fixture
def approle(openbao: OpenBao, readable: Readable) -> tuple[str, AppRole]:
    """A mount and a role of AppRole that may read."""
    mount = unique("approle")
    return mount, openbao_auth.enable_approle(openbao, mount, "syncd", [readable.policy])


@pytest.fixture
def store(approle: tuple[str, AppRole], proxy: FaultProxy, tmp_path: Path) -> Iterator[VaultStore]:
    """A store that logs in with the role, through the proxy."""
    mount, role = approle
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    yield store
    store.close()


def test_approle(store: VaultStore, readable: Readable) -> None:
    """A role id and a secret id read secrets."""
    assert key_of(read(store, readable.secret)) == text("one")


def test_userpass(openbao: OpenBao, readable: Readable) -> None:
    """A user name and a password, here out of a Secret of the daemon's namespace, read secrets."""
    mount = unique("userpass")
    openbao_auth.enable_userpass(openbao, mount, "syncd", "correct horse", [readable.policy])
    around = Surroundings(secrets={"login": {"password": b"correct horse\n"}})
    auth = {
        "userpass": {
            "username": "syncd",
            "password": {"secretKeyRef": {"name": "login", "key": "password"}},
            "mountPath": mount,
        }
    }
    store = vault(openbao.url, auth, around)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()


def test_jwt(openbao: OpenBao, readable: Readable, tmp_path: Path) -> None:
    """A JSON web token reads secrets; an expired one is AuthenticationFailed."""
    mount = unique("jwt")
    issuer = openbao_auth.enable_jwt(openbao, mount, "syncd", "vault", [readable.policy])
    file = openbao_auth.write_secret_file(tmp_path / "jwt", issuer.token("syncd", "vault"))
    auth = {"jwt": {"role": "syncd", "mountPath": mount, "tokenFile": str(file)}}
    store = vault(openbao.url, auth)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()
    file.write_text(issuer.token("syncd", "vault", lifetime=-600))
    late = read(vault(openbao.url, auth), readable.secret)
    assert isinstance(late, AuthenticationFailed), repr(late)
    assert "role syncd" in late.message


def test_kubernetes(
    openbao: OpenBao, readable: Readable, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """The token of a ServiceAccount reads secrets; that of another one is AuthenticationFailed."""
    mount, namespace = unique("kubernetes"), control_plane.create_namespace(unique("daemon"))
    control_plane.create_service_account(namespace, "syncd")
    openbao_auth.enable_kubernetes(
        openbao, mount, "syncd", control_plane, (namespace, "syncd"), [readable.policy]
    )
    file = openbao_auth.write_secret_file(tmp_path / "token", control_plane.token_for(namespace, "syncd"))
    auth = {"kubernetes": {"role": "syncd", "mountPath": mount, "tokenFile": str(file)}}
    store = vault(openbao.url, auth)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()
    file.write_text(control_plane.token_for(namespace, "default"))
    stranger = read(vault(openbao.url, auth), readable.secret)
    assert isinstance(stranger, AuthenticationFailed), repr(stranger)


def test_token_of_another_audience_is_not_sent(proxy: FaultProxy, tmp_path: Path) -> None:
    """With `audience` a token made for somebody else never leaves the pod."""
    token = "e30.eyJhdWQiOlsiaHR0cHM6Ly9rdWJlcm5ldGVzIl19.c2ln"
    file = openbao_auth.write_secret_file(tmp_path / "token", token)
    auth = {"kubernetes": {"role": "syncd", "tokenFile": str(file), "audience": "vault"}}
    answer = read(vault(proxy.url, auth), "kv/a")
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert "audience vault" in answer.message
    assert proxy.seen() == []


def test_cert(authority: CertificateAuthority, tls_openbao: OpenBao, tmp_path: Path) -> None:
    """A TLS client certificate reads secrets; without its key file it is AuthenticationFailed."""
    server = tls_openbao
    readable = make_readable(server, server.enable_kv(unique("kv"), 2))
    pair = openbao_auth.enable_cert(server, "cert", "syncd", authority, [readable.policy])
    auth = {"cert": {"certFile": str(pair.certificate), "keyFile": str(pair.key), "role": "syncd"}}
    store = vault(server.url, auth, ca={"file": str(authority.file)})
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()
    auth["cert"]["keyFile"] = str(tmp_path / "missing")
    answer = read(vault(server.url, auth, ca={"file": str(authority.file)}), readable.secret)
    assert isinstance(answer, AuthenticationFailed), repr(answer)


def test_token_file_is_read_again_when_it_changes(
    openbao: OpenBao, readable: Readable, tmp_path: Path
) -> None:
    """A token that somebody else replaces is used at the next read, and neither renewed nor revoked."""
    first, second = (openbao.token([readable.policy]) for _ in range(2))
    file = openbao_auth.write_secret_file(tmp_path / "token", f"{first}\n")
    around = Surroundings()
    store = vault(openbao.url, {"token": {"file": str(file)}}, around)
    read(store, readable.secret)
    openbao.root.must("POST", "auth/token/revoke", {"token": first})
    fresh = tmp_path / "fresh"
    fresh.write_text(second)
    fresh.replace(file)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()
    assert openbao.client(second).request("GET", "auth/token/lookup-self")[0] == 200
    assert around.events == []


def test_token_of_the_environment(
    openbao: OpenBao, readable: Readable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token out of an environment variable reads secrets."""
    monkeypatch.setenv("MY_TOKEN", openbao.token([readable.policy]))
    assert key_of(read(vault(openbao.url, {"token": {"env": "MY_TOKEN"}}), readable.secret)) == text("one")


def test_callers_token_is_not_taken(
    store: VaultStore, proxy: FaultProxy, readable: Readable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`VAULT_TOKEN` and `~/.vault-token`, which hvac would send along with a login, stay where they are."""
    monkeypatch.setenv("VAULT_TOKEN", "somebody-elses")
    read(store, readable.secret)
    (login,) = proxy.seen(LOGIN)
    assert "x-vault-token" not in login.headers


def test_wrapped_secret_id(
    openbao: OpenBao, approle: tuple[str, AppRole], readable: Readable, tmp_path: Path
) -> None:
    """A wrapped secret id is unwrapped once; a wrapping token that was used before is said to be so."""
    mount, role = approle
    wrapping = openbao_auth.wrapped_secret_id(openbao, mount, "syncd")
    file = openbao_auth.write_secret_file(tmp_path / "wrapped", wrapping)
    auth = secret_id(role, file, mountPath=mount, secretIdWrapped="true")
    store = vault(openbao.url, auth)
    assert key_of(read(store, readable.secret)) == text("one")
    openbao.root.must("POST", "sys/leases/revoke-prefix/auth/" + mount)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()
    second = read(vault(openbao.url, auth), readable.secret)
    assert isinstance(second, AuthenticationFailed), repr(second)
    assert "used already" in second.message


def test_one_login_for_all_threads(store: VaultStore, proxy: FaultProxy, readable: Readable) -> None:
    """Sixteen threads that start cold make one login, and ask for the mount once."""
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(key_of(read(store, readable.secret))))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [text("one")] * 16
    assert len(proxy.seen(LOGIN)) == 1
    assert len(proxy.seen("/v1/sys/internal/ui/mounts/")) == 1


def test_one_refused_login_for_all_threads(
    approle: tuple[str, AppRole], proxy: FaultProxy, readable: Readable, tmp_path: Path
) -> None:
    """Sixteen threads and ten rounds with a wrong secret id make one login: five would lock the role."""
    mount, role = approle
    file = openbao_auth.write_secret_file(tmp_path / "wrong", "00000000-0000-0000-0000-000000000000")
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    threads = [threading.Thread(target=read, args=(store, readable.secret)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for _ in range(10):
        answer = read(store, readable.secret)
        assert isinstance(answer, AuthenticationFailed), repr(answer)
        assert answer.retry_after is not None
    assert len(proxy.seen(LOGIN)) == 1


def test_login_again_as_soon_as_the_secret_id_changes(
    approle: tuple[str, AppRole], proxy: FaultProxy, readable: Readable, tmp_path: Path
) -> None:
    """Whoever repairs the secret id does not wait for the pause after the refused login."""
    mount, role = approle
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", "00000000-0000-0000-0000-000000000000")
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    assert isinstance(read(store, readable.secret), AuthenticationFailed)
    good = tmp_path / "good"
    good.write_text(role.secret_id)
    good.replace(file)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()


def test_revoked_token_costs_one_login(
    store: VaultStore, openbao: OpenBao, approle: tuple[str, AppRole], proxy: FaultProxy, readable: Readable
) -> None:
    """After a bare 403 there is one new login, and the read succeeds in the same call."""
    read(store, readable.secret)
    openbao.root.must("POST", "sys/leases/revoke-prefix/auth/" + approle[0])
    assert key_of(read(store, readable.secret)) == text("one")
    assert len(proxy.seen(LOGIN)) == 2


def test_refusals_without_end_cost_two_logins(
    store: VaultStore, proxy: FaultProxy, readable: Readable
) -> None:
    """A server that refuses every token gets one more login, and then none at each refusal."""
    read(store, readable.secret)
    proxy.answer(f"/v1/{readable.mount}/", DENIED)
    for _ in range(10):
        answer = read(store, readable.secret)
        assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert len(proxy.seen(LOGIN)) == 2


def test_denied_is_no_reason_to_log_in(store: VaultStore, proxy: FaultProxy, readable: Readable) -> None:
    """What a policy denies is denied by the same login, however often it is asked for."""
    for _ in range(5):
        read(store, "secret-of-others/a")
    read(store, readable.secret)
    assert len(proxy.seen(LOGIN)) == 1


def test_token_is_renewed_before_it_expires(
    openbao: OpenBao, readable: Readable, proxy: FaultProxy, tmp_path: Path
) -> None:
    """A token of three seconds is renewed while nobody reads, without another login."""
    mount = unique("approle")
    role = openbao_auth.enable_approle(openbao, mount, "syncd", [readable.policy], ttl="3s")
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    start = time.monotonic()
    read(store, readable.secret)
    wait_for("two renewals", lambda: len(proxy.seen("/v1/auth/token/renew-self")) >= 2)
    wait_for("the first token's end", lambda: time.monotonic() > start + 3.5)
    assert key_of(read(store, readable.secret)) == text("one")
    assert len(proxy.seen(LOGIN)) == 1
    store.close()


def test_token_near_its_longest_life_is_replaced(
    openbao: OpenBao, readable: Readable, proxy: FaultProxy, tmp_path: Path
) -> None:
    """When renewing gives ever less there is a new login before the token ends."""
    mount = unique("approle")
    role = openbao_auth.enable_approle(openbao, mount, "syncd", [readable.policy], ttl="3s")
    openbao.root.must("POST", f"auth/{mount}/role/syncd", {"token_max_ttl": "5s"})
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    store = vault(proxy.url, secret_id(role, file, mountPath=mount))
    read(store, readable.secret)
    wait_for("a second login", lambda: len(proxy.seen(LOGIN)) >= 2)
    assert key_of(read(store, readable.secret)) == text("one")
    store.close()


def test_closing_gives_the_token_back(store: VaultStore, proxy: FaultProxy, readable: Readable) -> None:
    """A token that we got by a login is revoked when the store is closed."""
    read(store, readable.secret)
    store.close()
    assert len(proxy.seen("/v1/auth/token/revoke-self")) == 1


def test_logins_are_told(
    approle: tuple[str, AppRole], openbao: OpenBao, readable: Readable, tmp_path: Path
) -> None:
    """Each login is an event with its outcome."""
    mount, role = approle
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    around = Surroundings()
    store = vault(openbao.url, secret_id(role, file, mountPath=mount), around)
    read(store, readable.secret)
    store.close()
    (event,) = around.events
    assert isinstance(event, StoreRequest)
    assert (event.operation, event.outcome) == ("login", "ok")


def test_missing_login_mount(openbao: OpenBao, approle: tuple[str, AppRole], tmp_path: Path) -> None:
    """A login at a mount that is not there is AuthenticationFailed, and says that this may be it."""
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", approle[1].secret_id)
    answer = read(vault(openbao.url, secret_id(approle[1], file, mountPath="nowhere")), "kv/a")
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert "nowhere" in answer.message
    assert "no auth method mounted there" in answer.message
