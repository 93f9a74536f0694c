"""Vaults, tenants and networks that misbehave: never 'not found', nothing leaks, all ends in time."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    PayloadRefused,
    RateLimited,
    SecretExpired,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.connection import LARGEST_ANSWER
from syncd.telemetry import log
from syncd.testing.stores import digest, found
from tests.harness.azure.entra import Refusal
from tests.harness.azure.server import DISCOVERY, TOKEN_ENDPOINT
from tests.harness.azure.vault import error
from tests.harness.fault_http import Reply, ScriptedServer
from tests.integration.stores.azure.rig import SECRET, key_vault
from tests.integration.stores.rig import Surroundings, keeping_quiet, read, text

if TYPE_CHECKING:
    from tests.integration.stores.azure.rig import AzureRig

CANARY = "canary-5f1d0c"
HTML = b"<html><body>" + CANARY.encode() + b"</body></html>"
IS_HTML = {"Content-Type": "text/html"}
IS_JSON = {"Content-Type": "application/json"}
THERE = "https://v.vault.azure.net/secrets/a/0123"
HERE = "^/secrets"
JAVA = "com.example.service.NotFoundException"


def bundle(**content: object) -> bytes:
    """The body of a secret."""
    return json.dumps({"id": THERE, "attributes": {"enabled": True}, **content}).encode()


UNAVAILABLE = [
    Reply(404, HTML, IS_HTML),
    Reply(404, b"", IS_HTML),
    Reply(404, b'{"error":{"code":"ResourceNotFound","message":"canary-5f1d0c"}}', IS_JSON),
    Reply(404, b'{"statusCode":404,"message":"canary-5f1d0c"}', IS_JSON),
    Reply(404, b'{"error":"SecretNotFound"}', IS_JSON),
    Reply(404, b"[]", IS_JSON),
    Reply(403, HTML, IS_HTML),
    Reply(403, b'{"message":"canary-5f1d0c"}', IS_JSON),
    Reply(400, HTML, IS_HTML),
    Reply(407, HTML, IS_HTML),
    Reply(429, HTML, IS_HTML),
    Reply(200, HTML, IS_HTML),
    Reply(200, HTML, IS_JSON),
    Reply(200, b"", IS_JSON),
    Reply(200, b"\xff\xfe", IS_JSON),
    Reply(200, b"[1]", IS_JSON),
    Reply(200, b'"canary-5f1d0c"', IS_JSON),
    Reply(200, b"null", IS_JSON),
    Reply(200, b"{}", IS_JSON),
    Reply(200, b'{"value":"canary-5f1d0c"}', IS_JSON),
    Reply(200, b'{"value":"canary-5f1d0c","id":"rubbish"}', IS_JSON),
    Reply(200, b'{"value":"canary-5f1d0c","id":{}}', IS_JSON),
    Reply(200, bundle(value=CANARY, attributes=5), IS_JSON),
    Reply(200, b'{"value":"canary-5f1d0c', IS_JSON),
    Reply(200, b'{"value":"canary-5f1d0c', IS_JSON, ending="cut"),
    Reply(200, ending="hang up"),
    Reply(204),
    Reply(301, b"", {"Location": "https://127.0.0.1:1/elsewhere"}),
    error(409, "Conflict", CANARY),
    error(500, "InternalServerError", CANARY),
    Reply(500, HTML, IS_HTML),
    Reply(502, HTML, IS_HTML),
    error(503, "ServiceUnavailable", CANARY),
    Reply(503, HTML, IS_JSON),
    Reply(504, HTML, IS_HTML),
]
OTHERS: list[tuple[Reply, type[StoreError], str]] = [
    (error(400, "BadParameter", CANARY), StoreMisconfigured, "refuses the request"),
    (error(401, "Unauthorized", CANARY), AuthenticationFailed, "does not take our tokens"),
    (Reply(401, HTML, IS_HTML), AuthenticationFailed, "does not take our tokens"),
    (error(403, "Forbidden", CANARY), AccessDenied, "does not allow it"),
    (error(403, "Forbidden", CANARY, "ForbiddenByRbac"), AccessDenied, '"Key Vault Secrets User"'),
    (error(403, "Forbidden", CANARY, "AccessDenied"), AccessDenied, "`get`"),
    (error(403, "Forbidden", CANARY, "ForbiddenByPolicy"), AccessDenied, "`get`"),
    (error(403, "Forbidden", CANARY, "ForbiddenByFirewall"), AccessDenied, "firewall"),
    (error(403, "Forbidden", CANARY, "ForbiddenByConnection"), AccessDenied, "private endpoint"),
    (error(403, "Forbidden", CANARY, "SecretDisabled"), VersionUnavailable, "disabled"),
    (
        error(403, "Forbidden", "Operation get is not allowed on a disabled secret."),
        VersionUnavailable,
        "dis",
    ),
    (
        error(403, "Forbidden", "Operation get is not allowed before the secret's nbf."),
        VersionUnavailable,
        "yet",
    ),
    (
        error(403, "Forbidden", "Operation get is not allowed on an expired secret."),
        SecretExpired,
        "keeps it",
    ),
    (error(404, JAVA, "Operation get is not allowed on a disabled entity."), VersionUnavailable, "disabled"),
    (error(404, JAVA, "Entity not found: secret a"), SecretNotFound, "no such secret"),
    (error(404, JAVA, "Vault not found by base URI: canary-5f1d0c"), StoreMisconfigured, "no such vault"),
    (error(404, "Failed to perform request", "Could not find a in vault."), SecretNotFound, "no such secret"),
    (error(409, "Conflict", CANARY, "ObjectIsBeingDeleted"), VersionUnavailable, "being deleted"),
    (error(409, "Conflict", CANARY, "ObjectIsDeletedButRecoverable"), VersionUnavailable, "recoverable"),
    (error(429, "Throttled", CANARY), RateLimited, "throttled"),
    (Reply(429, HTML, {**IS_HTML, "Retry-After": "7"}), RateLimited, "throttled"),
    (Reply(200, bundle(), IS_JSON), PayloadRefused, "no value"),
    (Reply(200, bundle(value=None), IS_JSON), PayloadRefused, "no value"),
    (
        Reply(200, bundle(value=CANARY, attributes={"enabled": False}), IS_JSON),
        VersionUnavailable,
        "disabled",
    ),
]


def checked(answer: object) -> StoreError:
    """The error, which holds nothing of what was said or sent, however it is looked at."""
    return keeping_quiet(answer, CANARY, SECRET)


@pytest.mark.parametrize("reply", UNAVAILABLE, ids=lambda reply: f"{reply.status}-{reply.body[:20]!r}")
@pytest.mark.parametrize("when", ["at first", "later"])
def test_what_is_not_the_vaults_word(rig: AzureRig, reply: Reply, when: str) -> None:
    """Whatever is not the vault's own word on the secret is StoreUnavailable, and the next read is fine."""
    rig.server.vault.put("a", "one")
    if when == "later":
        read(rig.store, "a")
    rig.server.answer(HERE, reply)
    assert isinstance(checked(read(rig.store, "a")), StoreUnavailable)
    rig.server.clear()
    assert digest(found(read(rig.store, "a")).payload) == text("one")


@pytest.mark.parametrize(
    ("reply", "kind", "words"), OTHERS, ids=lambda value: str(getattr(value, "body", ""))
)
def test_what_the_vault_says(rig: AzureRig, reply: Reply, kind: type[StoreError], words: str) -> None:
    """Each of the vault's own errors has its reason, by status and code, and says what to do."""
    rig.server.vault.put("a", "one")
    read(rig.store, "a")
    rig.server.answer(HERE, reply)
    answer = checked(read(rig.store, "a"))
    assert isinstance(answer, kind), repr(answer)
    assert words in answer.message
    assert "platform:a" in answer.message


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_retry_after_is_kept_and_not_slept(rig: AzureRig, status: int) -> None:
    """The seconds that the vault asks for reach whoever retries, at once, whatever the status."""
    rig.server.vault.put("a", "one")
    read(rig.store, "a")
    rig.server.answer(HERE, error(status, "Throttled", "x", headers={"Retry-After": "11"}))
    start = time.monotonic()
    answer = checked(read(rig.store, "a"))
    assert time.monotonic() - start < 10.0
    if status in {429, 503}:
        assert answer.retry_after == 11
    assert len(rig.server.seen(HERE)) == 3


def test_redirects_are_not_followed(rig: AzureRig) -> None:
    """A vault that sends us elsewhere is unavailable; elsewhere never sees us, nor our token."""
    rig.server.vault.put("a", "one")
    read(rig.store, "a")
    with ScriptedServer() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            rig.server.answer(HERE, Reply(status, b"", {"Location": f"{elsewhere.url}/secrets/a"}))
            answer = checked(read(rig.store, "a"))
            assert isinstance(answer, StoreUnavailable)
            assert "redirect" in answer.message
        assert elsewhere.seen() == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"{}" + b" " * 2000, IS_JSON, drip=0.05),
        Reply(200, b"{}", IS_JSON, delay=30.0),
        Reply(404, b"{}" + b" " * 2000, IS_JSON, drip=0.05),
    ],
    ids=["drips", "waits", "drips an error"],
)
@pytest.mark.parametrize("where", [HERE, TOKEN_ENDPOINT, DISCOVERY])
def test_deadline_is_one(rig: AzureRig, reply: Reply, where: str) -> None:
    """A body that drips in is cut off at the deadline, from the vault and from whoever gives tokens."""
    rig.server.answer(where, reply)
    start = time.monotonic()
    answer = checked(read(rig.store, "a", within=1.0))
    assert isinstance(answer, StoreUnavailable)
    assert "no answer in time" in answer.message
    assert 0.9 < time.monotonic() - start < 5.0


def test_cold_threads_wait_no_longer_than_they_may(rig: AzureRig) -> None:
    """Threads that wait for the first of them to log in give up at their own deadlines."""
    rig.server.answer(TOKEN_ENDPOINT, Reply(200, b"{}", IS_JSON, delay=30.0))
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(read(rig.store, "a", within=1.0))) for _ in range(8)
    ]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert time.monotonic() - start < 6.0
    assert [type(checked(answer)) for answer in answers] == [StoreUnavailable] * 8


def test_server_that_accepts_and_says_nothing(rig: AzureRig) -> None:
    """A vault that never answers, not even the TLS handshake, costs the deadline and no more."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        store = key_vault(f"https://127.0.0.1:{listener.getsockname()[1]}", rig.auth)
        start = time.monotonic()
        answer = checked(read(store, "a", within=1.0))
    assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - start < 5.0


def test_answer_without_end(rig: AzureRig) -> None:
    """An answer larger than any secret is StoreUnavailable, not a full memory."""
    rig.server.answer(HERE, Reply(200, b'{"value":"' + b"x" * LARGEST_ANSWER + b'"}', IS_JSON))
    assert isinstance(checked(read(rig.store, "a")), StoreUnavailable)


def test_deadline_that_has_passed(rig: AzureRig) -> None:
    """After the deadline nothing is sent."""
    assert isinstance(checked(read(rig.store, "a", within=-1.0)), StoreUnavailable)
    assert rig.server.seen() == []


@pytest.mark.parametrize("where", [TOKEN_ENDPOINT, DISCOVERY])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, HTML, IS_HTML),
        Reply(503, b'{"error":"temporarily_unavailable"}', IS_JSON),
        Reply(429, HTML, {**IS_HTML, "Retry-After": "30"}),
        Reply(200, HTML, IS_HTML),
        Reply(200, b"{}", IS_JSON),
        Reply(200, b"[]", IS_JSON),
        Reply(200, b'{"access_token":"canary-5f1d0c"', IS_JSON, ending="cut"),
        Reply(200, ending="hang up"),
        Reply(302, b"", {"Location": "https://127.0.0.1:1/"}),
        Refusal(503, "temporarily_unavailable", 90033, "A transient error has occurred.").reply(),
    ],
    ids=lambda reply: f"{reply.status}-{reply.body[:12]!r}-{reply.ending}",
)
def test_tenant_that_is_down(rig: AzureRig, where: str, reply: Reply) -> None:
    """An Entra that gives no token and no reason of its own is StoreUnavailable; then all is well again."""
    rig.server.vault.put("a", "one")
    rig.server.answer(where, reply)
    answer = checked(read(rig.store, "a"))
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert "service principal" in answer.message
    assert len(rig.server.seen(where)) == 1
    rig.server.clear()
    found(read(rig.store, "a"))


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer authorization="{login}", resource="https://vault.example"',
        'Bearer authorization="{login}", resource="nowhere"',
        'Bearer authorization="{login}"',
        'Bearer authorization="{login}", scope="https://vault.example/.default"',
    ],
)
def test_challenge_of_another_domain(rig: AzureRig, challenge: str) -> None:
    """A vault that asks for tokens of another domain gets none, and the message names the setting."""
    value = challenge.format(login=rig.server.vault.authority)
    rig.server.answer(HERE, Reply(401, b"", {"WWW-Authenticate": value}))
    answer = checked(read(rig.store, "a"))
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert "verifyChallengeResource" in answer.message
    assert rig.server.logins() == 0


def test_challenge_that_is_not_verified(rig: AzureRig) -> None:
    """With `verifyChallengeResource: false` a private cloud's vaults get the tokens that they ask for."""
    rig.server.vault.put("a", "one")
    rig.server.vault.resource = "https://vault.local.example"
    store = key_vault(rig.server.url, rig.auth, **rig.trust, verifyChallengeResource="false")
    assert digest(found(read(store, "a")).payload) == text("one")


@pytest.mark.parametrize("challenge", ["", "Bearer", "Basic realm=x", "Bearer x", "Bearer claims=!"])
def test_challenge_that_is_none(rig: AzureRig, challenge: str) -> None:
    """A 401 that is no challenge is AuthenticationFailed, and nobody is asked for a token."""
    rig.server.answer(HERE, Reply(401, HTML, {"WWW-Authenticate": challenge} if challenge else {}))
    assert isinstance(checked(read(rig.store, "a")), AuthenticationFailed)
    assert rig.server.logins() == 0


def test_nothing_is_logged(rig: AzureRig, caplog: pytest.LogCaptureFixture) -> None:
    """No value, client secret or token reaches any logger, at DEBUG too, and when it goes wrong too."""
    for name in (None, "azure", "msal", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    rig.server.vault.put("canary", CANARY)
    assert digest(found(read(rig.store, "canary")).payload) == text(CANARY)
    rig.server.tokens.revoke()
    found(read(rig.store, "canary"))
    rig.server.answer(HERE, Reply(200, bundle(value=CANARY)[:-1], IS_JSON))
    checked(read(rig.store, "canary"))
    rig.store.check(deadline=time.monotonic() + 10)
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert lines
    for secret in (CANARY, SECRET, *rig.server.tokens.given):
        assert not any(secret in line for line in lines)


@pytest.mark.parametrize("login", ["principal", "default"])
def test_no_error_body_is_logged(rig: AzureRig, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    """With our logging at DEBUG no text of any answer comes out, nor in an event or a finding."""
    out = io.StringIO()
    around = Surroundings()
    log.configure(level="debug", stream=out)
    principal = rig.auth["servicePrincipal"]
    monkeypatch.setenv("AZURE_TENANT_ID", principal["tenantId"])
    monkeypatch.setenv("AZURE_CLIENT_ID", principal["clientId"])
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    refusal = Refusal(401, "invalid_client", 7000215, CANARY).reply()
    of_the_vault = [*UNAVAILABLE, *(reply for reply, _, _ in OTHERS)]
    of_entra = [refusal, Reply(400, HTML, IS_HTML), Reply(200, bundle(value=CANARY), IS_JSON)]
    for where, replies in ((HERE, of_the_vault), (DISCOVERY, of_entra), (TOKEN_ENDPOINT, of_entra)):
        for reply in replies:
            rig.server.answer(where, reply)
            auth = rig.auth if login == "principal" else {"default": {}}
            store = key_vault(rig.server.url, auth, around, **rig.trust)
            checked(read(store, "a"))
            findings = store.check(deadline=time.monotonic() + 10)
            assert CANARY not in repr(findings)
            rig.server.clear()
    assert CANARY not in out.getvalue()
    assert CANARY not in repr(around.events)
