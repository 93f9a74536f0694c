"""Servers, proxies and networks that misbehave: never 'not found', nothing leaks, all ends in time."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AuthenticationFailed,
    RateLimited,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.connection import LARGEST_ANSWER
from syncd.testing.stores import found
from tests.harness import openbao_auth
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique
from tests.integration.stores.rig import Surroundings, keeping_quiet, key_of, read, text
from tests.integration.stores.vault.conftest import make_readable
from tests.integration.stores.vault.rig import secret_id, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.vault.adapter import VaultStore
    from tests.harness.fault_http import FaultProxy
    from tests.harness.openbao import OpenBao
    from tests.integration.stores.vault.conftest import Readable

CANARY = "canary-5f1d0c"
HTML = b"<html><body>" + CANARY.encode() + b"</body></html>"
IS_HTML = {"Content-Type": "text/html"}
IS_JSON = {"Content-Type": "application/json"}
QUOTING = b'{"errors":["invalid request: ' + CANARY.encode() + b'"]}'

UNAVAILABLE = [
    Reply(404, HTML, IS_HTML),
    Reply(404, b"", IS_HTML),
    Reply(404, b'{"message":"no"}', IS_JSON),
    Reply(404, b"[]", IS_JSON),
    Reply(403, HTML, IS_HTML),
    Reply(403, b"[]", IS_JSON),
    Reply(400, HTML, IS_HTML),
    Reply(200, HTML, IS_HTML),
    Reply(200, b"", IS_JSON),
    Reply(200, b"[1]", IS_JSON),
    Reply(200, b'"text"', IS_JSON),
    Reply(200, b"{}", IS_JSON),
    Reply(200, b'{"data":null}', IS_JSON),
    Reply(200, b'{"data":{"data":null}}', IS_JSON),
    Reply(200, b'{"data":{"data":{}}', IS_JSON),
    Reply(200, b'{"data":{"data":{"key":"half', IS_JSON, ending="cut"),
    Reply(200, ending="hang up"),
    Reply(204),
    Reply(301, b"", {"Location": "/elsewhere"}),
    Reply(412, QUOTING, IS_JSON),
    Reply(429, b'{"errors":[]}', IS_JSON),
    Reply(429, HTML, IS_HTML),
    Reply(472, QUOTING, IS_JSON),
    Reply(473, QUOTING, IS_JSON),
    Reply(500, QUOTING, IS_JSON),
    Reply(500, HTML, IS_HTML),
    Reply(502, HTML, IS_HTML),
    Reply(503, b'{"errors":["Vault is sealed"]}', IS_JSON),
    Reply(504, HTML, IS_HTML),
]
OTHERS: list[tuple[Reply, type[StoreError]]] = [
    (
        Reply(404, b'{"errors":["no handler for route \\"kv/data/a\\". route entry not found."]}'),
        StoreMisconfigured,
    ),
    (Reply(404, b'{"errors":["namespace not found"]}'), StoreMisconfigured),
    (Reply(405, b'{"errors":["1 error occurred:\\n\\t* unsupported operation\\n\\n"]}'), StoreMisconfigured),
    (Reply(400, QUOTING, IS_JSON), StoreMisconfigured),
    (Reply(403, b'{"errors":["permission denied"]}'), AuthenticationFailed),
    (
        Reply(403, b'{"errors":["2 errors occurred:\\n\\t* permission denied\\n\\t* invalid token\\n\\n"]}'),
        AuthenticationFailed,
    ),
    (Reply(429, b'{"errors":["request path \\"kv\\": rate limit quota exceeded"]}'), RateLimited),
    (Reply(429, b'{"errors":[]}', {"Retry-After": "7"}), RateLimited),
    (Reply(404, b'{"data":{"data":null,"metadata":{"destroyed":true}}}'), VersionUnavailable),
    (
        Reply(404, b'{"data":{"data":null,"metadata":{"deletion_time":"2020-01-01T00:00:00Z"}}}'),
        VersionUnavailable,
    ),
    (
        Reply(404, b'{"data":null,"warnings":["Invalid path for a versioned K/V secrets engine"]}'),
        StoreMisconfigured,
    ),
]


@pytest.fixture
def token(openbao: OpenBao, readable: Readable) -> str:
    """A token that may read."""
    return openbao.token([readable.policy])


@pytest.fixture
def store(proxy: FaultProxy, token: str, tmp_path: Path) -> Iterator[VaultStore]:
    """A store through the proxy, with a token."""
    file = openbao_auth.write_secret_file(tmp_path / "token", token)
    store = vault(proxy.url, {"token": {"file": str(file)}})
    yield store
    store.close()


def _checked(answer: object, token: str) -> StoreError:
    """The error, which holds neither the token nor what the server said, however it is looked at."""
    return keeping_quiet(answer, CANARY, token)


@pytest.mark.parametrize(
    "reply", UNAVAILABLE, ids=lambda reply: f"{reply.status}-{reply.body[:12]!r}-{reply.ending}"
)
@pytest.mark.parametrize("where", ["the secret", "the mount"])
def test_what_is_not_vaults_word(
    store: VaultStore, proxy: FaultProxy, readable: Readable, token: str, reply: Reply, where: str
) -> None:
    """Whatever is not Vault's own word on the secret is StoreUnavailable, and the next read is fine."""
    if where == "the secret":
        read(store, readable.secret)
    proxy.answer("", reply)
    assert isinstance(_checked(read(store, readable.secret), token), StoreUnavailable)
    proxy.clear()
    assert key_of(read(store, readable.secret)) == text("one")


@pytest.mark.parametrize(("reply", "kind"), OTHERS, ids=lambda value: str(getattr(value, "status", "")))
def test_what_vault_says(
    store: VaultStore, proxy: FaultProxy, readable: Readable, token: str, reply: Reply, kind: type[StoreError]
) -> None:
    """Each of Vault's own errors has its reason, by status and body."""
    read(store, readable.secret)
    proxy.answer(f"/v1/{readable.mount}/", reply)
    assert isinstance(_checked(read(store, readable.secret), token), kind)


def test_retry_after_is_kept(store: VaultStore, proxy: FaultProxy, readable: Readable) -> None:
    """The seconds that the server asks for reach whoever retries."""
    proxy.answer("", Reply(503, b'{"errors":["sealed"]}', {"Retry-After": "11"}))
    answer = read(store, readable.secret)
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert answer.retry_after == 11


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    store: VaultStore, proxy: FaultProxy, readable: Readable, token: str, status: int
) -> None:
    """A server that sends us elsewhere is unavailable; elsewhere never sees us, nor our token."""
    with ScriptedServer() as elsewhere:
        elsewhere.answer("", Reply(200, b'{"data":{"data":{"key":"evil"},"metadata":{"version":1}}}'))
        proxy.answer("", Reply(status, b"", {"Location": f"{elsewhere.url}/v1/kv/data/a"}))
        answer = _checked(read(store, readable.secret), token)
        assert isinstance(answer, StoreUnavailable)
        assert "redirect" in answer.message
        assert elsewhere.seen() == []


def test_redirected_login_is_not_followed(readable: Readable, tmp_path: Path) -> None:
    """A login that is sent elsewhere takes no secret id there."""
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", CANARY)
    with ScriptedServer() as vault_server, ScriptedServer() as elsewhere:
        vault_server.answer("", Reply(307, b"", {"Location": f"{elsewhere.url}/v1/auth/approle/login"}))
        auth = {"appRole": {"roleId": "role", "secretId": {"file": str(file)}}}
        assert isinstance(_checked(read(vault(vault_server.url, auth), "kv/a"), CANARY), StoreUnavailable)
        assert elsewhere.seen() == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"data":{}}' + b" " * 2000, IS_JSON, drip=0.05),
        Reply(200, b"{}", IS_JSON, delay=30.0),
        Reply(404, b'{"errors":[]}' + b" " * 2000, IS_JSON, drip=0.05),
    ],
    ids=["drips", "waits", "drips an error"],
)
def test_deadline_is_one(
    store: VaultStore, proxy: FaultProxy, readable: Readable, token: str, reply: Reply
) -> None:
    """A body that drips in is cut off at the deadline, though no read ever waits for long."""
    proxy.answer("", reply)
    start = time.monotonic()
    answer = _checked(read(store, readable.secret, within=1.0), token)
    assert isinstance(answer, StoreUnavailable)
    assert 0.9 < time.monotonic() - start < 2.5


def test_dripping_headers_end_at_the_deadline(token: str, tmp_path: Path) -> None:
    """A status line and headers that drip in are cut off too."""
    file = openbao_auth.write_secret_file(tmp_path / "token", token)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=_drip_headers, args=(listener,), daemon=True).start()
        store = vault(f"http://127.0.0.1:{listener.getsockname()[1]}", {"token": {"file": str(file)}})
        start = time.monotonic()
        answer = _checked(read(store, "kv/a", within=1.0), token)
    assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - start < 2.5


def _drip_headers(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Header: x\r\n" * 500:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            return


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_server_that_accepts_and_says_nothing(token: str, tmp_path: Path, scheme: str) -> None:
    """A server that never answers, not even the TLS handshake, costs the deadline and no more."""
    file = openbao_auth.write_secret_file(tmp_path / "token", token)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        store = vault(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", {"token": {"file": str(file)}})
        start = time.monotonic()
        answer = _checked(read(store, "kv/a", within=1.0), token)
    assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - start < 2.5


def test_answer_without_end(store: VaultStore, proxy: FaultProxy, readable: Readable, token: str) -> None:
    """An answer larger than any secret is StoreUnavailable, not a full memory."""
    proxy.answer("", Reply(200, b'{"data":"' + b"x" * LARGEST_ANSWER + b'"}', IS_JSON))
    assert isinstance(_checked(read(store, readable.secret), token), StoreUnavailable)


def test_deadline_that_has_passed(
    store: VaultStore, proxy: FaultProxy, readable: Readable, token: str
) -> None:
    """After the deadline nothing is sent."""
    assert isinstance(_checked(read(store, readable.secret, within=-1.0), token), StoreUnavailable)
    assert proxy.seen() == []


def test_proxy_and_netrc_of_the_environment(
    openbao: OpenBao, readable: Readable, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HTTP_PROXY` is read once, when the first connection is made; `.netrc` is not read at all."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login a password {CANARY}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    file = openbao_auth.write_secret_file(tmp_path / "token", token)
    store = vault(openbao.url, {"token": {"file": str(file)}})
    with ScriptedServer() as http_proxy:
        assert key_of(read(store, readable.secret)) == text("one")
        monkeypatch.setenv("http_proxy", http_proxy.url)
        assert key_of(read(store, readable.secret)) == text("one")
        assert http_proxy.seen() == []
        other = vault(openbao.url, {"token": {"file": str(file)}})
        assert isinstance(_checked(read(other, readable.secret), token), StoreUnavailable)
        (request,) = http_proxy.seen()
    assert "authorization" not in request.headers


@pytest.mark.parametrize("content", ["two\nlines", "wíth-accent", "a b", "\x07", ""])
def test_token_that_no_header_carries(openbao: OpenBao, tmp_path: Path, content: str) -> None:
    """A token file with something else in it is AuthenticationFailed; what is in it is not shown."""
    file = openbao_auth.write_secret_file(tmp_path / "token", f"{CANARY}{content}" if content else "")
    answer = _checked(read(vault(openbao.url, {"token": {"file": str(file)}}), "kv/a"), CANARY)
    assert isinstance(answer, AuthenticationFailed)
    assert str(file) in answer.message


def test_server_that_is_sealed_stopped_and_started(own_openbao: OpenBao, tmp_path: Path) -> None:
    """Sealed and stopped it is StoreUnavailable, for what is missing too; started again it is read again."""
    readable = make_readable(own_openbao, own_openbao.enable_kv("kv", 2))
    file = openbao_auth.write_secret_file(tmp_path / "token", own_openbao.token([readable.policy]))
    store = vault(own_openbao.url, {"token": {"file": str(file)}})
    assert key_of(read(store, readable.secret)) == text("one")
    own_openbao.seal()
    for secret in (readable.secret, "kv/missing"):
        answer = read(store, secret)
        assert isinstance(answer, StoreUnavailable), repr(answer)
        assert "sealed" in answer.message
    own_openbao.kill()
    for secret in (readable.secret, "kv/missing"):
        answer = read(store, secret)
        assert isinstance(answer, StoreUnavailable), repr(answer)
    own_openbao.restart()
    assert key_of(read(store, readable.secret)) == text("one")
    assert isinstance(read(store, "kv/missing"), SecretNotFound)


def test_rate_limit_quota(own_openbao: OpenBao, tmp_path: Path) -> None:
    """A real quota of requests is RateLimited."""
    readable = make_readable(own_openbao, own_openbao.enable_kv("kv", 2))
    file = openbao_auth.write_secret_file(tmp_path / "token", own_openbao.token([readable.policy]))
    store = vault(own_openbao.url, {"token": {"file": str(file)}})
    found(read(store, readable.secret))
    own_openbao.root.must("POST", "sys/quotas/rate-limit/all", {"rate": 1, "interval": "60s"})
    answers = [read(store, readable.secret) for _ in range(3)]
    assert isinstance(answers[-1], RateLimited), repr(answers[-1])


def test_nothing_is_logged(
    openbao: OpenBao, readable: Readable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither values nor what we log in with reach any logger, at DEBUG too, and when it goes wrong too."""
    caplog.set_level(logging.DEBUG)
    # An earlier test may have configured our logging, which keeps the SDKs quiet.
    for name in ("urllib3", "requests", "hvac"):
        caplog.set_level(logging.DEBUG, logger=name)
    role = openbao_auth.enable_approle(openbao, mount := unique("approle"), "syncd", [readable.policy])
    openbao.put(readable.mount, "canary", {"key": CANARY})
    file = openbao_auth.write_secret_file(tmp_path / "secret-id", role.secret_id)
    around = Surroundings()
    store = vault(openbao.url, secret_id(role, file, mountPath=mount), around)
    assert key_of(read(store, f"{readable.mount}/canary")) == text(CANARY)
    token = store._login.lease(time.monotonic() + 10).grant.token.reveal().decode()
    with ScriptedServer() as broken:
        broken.answer("", Reply(500, QUOTING, IS_JSON))
        read(vault(broken.url, secret_id(role, file, mountPath=mount), around), "kv/a")
    store.close()
    heard = caplog.text + repr(around.events) + repr([vars(record) for record in caplog.records])
    assert "urllib3" in heard
    for name, secret in {"value": CANARY, "secret id": role.secret_id, "token": token}.items():
        assert (name, secret in heard) == (name, False)
