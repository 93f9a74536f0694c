"""What users of Key Vault meet: versions, dates, deleted secrets, many threads, a check."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.events import StoreRequest
from syncd.model.secret import RemoteSecret
from syncd.testing.stores import digest, found, soon
from tests.harness.azure.entra import Refusal
from tests.harness.azure.server import TOKEN_ENDPOINT
from tests.harness.azure.vault import error
from tests.harness.fault_http import Reply
from tests.integration.stores.azure.rig import key_vault
from tests.integration.stores.rig import Surroundings, read, text

if TYPE_CHECKING:
    from syncd.stores.interface import Fetched, Finding
    from tests.integration.stores.azure.rig import AzureRig

MANY = 1000
THREADS = 16
HERE = "^/(deleted)?secrets"


def in_threads(rig: AzureRig, names: list[str]) -> dict[str, Fetched]:
    """Read these secrets by sixteen threads that begin together."""
    answers: dict[str, Fetched] = {}
    together = threading.Barrier(THREADS)

    def work(share: int) -> None:
        together.wait(10.0)
        for name in names[share::THREADS]:
            answers[name] = read(rig.store, name)

    threads = [threading.Thread(target=work, args=(share,)) for share in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120.0)
    return answers


def test_thousand_secrets_cost_a_request_each(rig: AzureRig) -> None:
    """Cold threads that read a thousand secrets make a request for each, one challenge and one login."""
    names = [f"many-{number}" for number in range(MANY)]
    for name in names:
        rig.server.vault.put(name, name)
    answers = in_threads(rig, names)
    assert {name: digest(found(answer).payload) for name, answer in answers.items()} == {
        name: text(name) for name in names
    }
    assert (rig.server.reads(), rig.server.challenges(), rig.server.logins()) == (MANY, 1, 1)


def test_revoked_token_costs_one_login(rig: AzureRig) -> None:
    """When the vault takes no token any more, all threads together log in once, and all get their secrets."""
    names = [f"many-{number}" for number in range(THREADS * 4)]
    for name in names:
        rig.server.vault.put(name, name)
    in_threads(rig, names)
    rig.server.tokens.revoke()
    assert all(isinstance(answer, RemoteSecret) for answer in in_threads(rig, names).values())
    assert rig.server.logins() == 2


def test_refused_login_is_shared(rig: AzureRig) -> None:
    """Threads that wait for a login that is refused are told so, and do not each try it again."""
    refusal = Refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
    rig.server.answer(TOKEN_ENDPOINT, refusal.reply())
    answers = in_threads(rig, [f"many-{number}" for number in range(THREADS)])
    assert all(isinstance(answer, AuthenticationFailed) for answer in answers.values())
    assert rig.server.logins() == 1


def test_login_is_an_event(rig: AzureRig) -> None:
    """A login is told to whoever counts requests, with what came of it."""
    around = Surroundings()
    read(key_vault(rig.server.url, rig.auth, around, **rig.trust), "a")
    (event,) = around.events
    assert isinstance(event, StoreRequest)
    assert (event.operation, event.outcome) == ("login", "ok")


def test_version_and_dates(rig: AzureRig) -> None:
    """The version is the change token; when it was made and when it ends are told."""
    tomorrow = int(time.time()) + 86_400
    version = rig.server.vault.put(
        "dated", "value", exp=tomorrow, nbf=tomorrow - 172_800, content_type="text/plain"
    )
    secret = found(read(rig.store, "dated"))
    assert secret.token == version
    assert secret.expires == datetime.fromtimestamp(tomorrow, UTC)
    assert secret.created is not None
    assert abs(secret.created - datetime.now(UTC)) < timedelta(minutes=5)


def test_expired_secret_is_given_with_its_date(rig: AzureRig) -> None:
    """The vault gives out what has expired, and so do we: what that means is not the adapter's affair."""
    yesterday = int(time.time()) - 86_400
    rig.server.vault.put("old", "value", exp=yesterday)
    assert found(read(rig.store, "old")).expires == datetime.fromtimestamp(yesterday, UTC)


def test_secret_that_is_not_valid_yet(rig: AzureRig) -> None:
    """A version with an activation date to come is VersionUnavailable, and says from when it is valid."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    rig.server.vault.put("new", "value", nbf=int(start.timestamp()))
    answer = read(rig.store, "new")
    assert isinstance(answer, VersionUnavailable)
    assert f"{start:%Y-%m-%d %H:%M:%S} UTC" in answer.message


def test_deleted_secret_is_told_from_one_that_never_was(rig: AzureRig) -> None:
    """A deleted secret that can be recovered is VersionUnavailable; recovered, it is read again."""
    rig.server.vault.put("gone", "one")
    rig.server.vault.delete("gone")
    answer = read(rig.store, "gone")
    assert isinstance(answer, VersionUnavailable)
    assert "az keyvault secret recover --name gone" in answer.message
    assert isinstance(read(rig.store, "never"), SecretNotFound)
    rig.server.vault.recover("gone")
    assert digest(found(read(rig.store, "gone")).payload) == text("one")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(403, "Forbidden", "", "ForbiddenByRbac"), SecretNotFound),
        (error(404, "SecretNotFound", ""), SecretNotFound),
        (error(429, "Throttled", "", headers={"Retry-After": "1"}), StoreError),
        (error(500, "InternalServerError", ""), StoreUnavailable),
        (Reply(404, b"<html>", {"Content-Type": "text/html"}), StoreUnavailable),
        (Reply(ending="hang up"), StoreUnavailable),
    ],
    ids=["denied", "missing", "throttled", "5xx", "page", "hang up"],
)
def test_question_for_deleted_secrets_without_an_answer(
    rig: AzureRig, reply: Reply, kind: type[StoreError]
) -> None:
    """Where it stays open whether a secret is only deleted, it does not count as 'not found'."""
    rig.server.answer("^/deletedsecrets", reply)
    answer = read(rig.store, "never")
    assert isinstance(answer, kind), repr(answer)
    assert isinstance(answer, SecretNotFound) is (kind is SecretNotFound)


def test_denied_says_as_whom_we_are_known(rig: AzureRig) -> None:
    """Who may not read is named, by the ids that rights are granted to."""
    rig.server.vault.denied["a"] = "ForbiddenByRbac"
    answer = read(rig.store, "a")
    assert isinstance(answer, AccessDenied)
    assert f"application {rig.auth['servicePrincipal']['clientId']}, object " in answer.message


def test_names_are_not_case_sensitive(rig: AzureRig) -> None:
    """Key Vault's names are the same in either case; what the mapping writes is what is asked."""
    rig.server.vault.put("Models-S3", "one")
    assert digest(found(read(rig.store, "models-s3")).payload) == text("one")


@pytest.mark.parametrize("version", ["7", "", "latest", "0" * 31, "g" * 32])
def test_version_that_is_none(rig: AzureRig, version: str) -> None:
    """What cannot be a version is StoreMisconfigured, and nothing is asked."""
    assert isinstance(read(rig.store, "a", version), StoreMisconfigured)
    assert rig.server.seen() == []


def test_api_version_of_a_private_cloud(rig: AzureRig) -> None:
    """`apiVersion` is what is sent instead of the SDK's own."""
    store = key_vault(rig.server.url, rig.auth, **rig.trust, apiVersion="7.4")
    read(store, "a")
    assert all("api-version=7.4" in request.path for request in rig.server.seen(HERE))
    assert rig.server.seen(HERE)


@pytest.mark.parametrize("form", ["file", "pem", "configMapKeyRef"])
def test_authority_in_each_form(rig: AzureRig, form: str) -> None:
    """A certificate authority in any form is trusted, by the vault's connections and by Entra's."""
    file = Path(rig.trust["ca"]["file"])
    content = file.read_text(encoding="ascii")
    around = Surroundings(config_maps={"trust": {"ca.crt": content}})
    forms: dict[str, Any] = {
        "file": str(file),
        "pem": content,
        "configMapKeyRef": {"name": "trust", "key": "ca.crt"},
    }
    rig.server.vault.put("a", "one")
    store = key_vault(rig.server.url, rig.auth, around, ca={form: forms[form]})
    found(read(store, "a"))


def test_authority_that_is_missing(rig: AzureRig, tmp_path: Path) -> None:
    """A CA that is not there is StoreMisconfigured; nothing is sent without it."""
    for ca in ({"file": str(tmp_path / "none")}, {"pem": "x"}):
        store = key_vault(rig.server.url, rig.auth, ca=ca)
        assert isinstance(read(store, "a"), StoreMisconfigured)
        (finding,) = store.check(deadline=soon())
        assert isinstance(finding.error, StoreMisconfigured)
    assert rig.server.seen() == []


def check(rig: AzureRig) -> tuple[list[str], Finding]:
    """The steps of a check, and what the last of them found."""
    findings = rig.store.check(deadline=soon())
    return [finding.step for finding in findings], findings[-1]


@pytest.mark.parametrize("lists", [True, False])
def test_check_says_as_whom_we_are_known(rig: AzureRig, lists: bool) -> None:
    """The check names application and tenant, whether or not we may list; it reads no secret."""
    rig.server.vault.lists = lists
    rig.server.vault.put("a", "one")
    steps, last = check(rig)
    assert steps == ["reachable", "authenticated"]
    assert last.error is None
    principal = rig.auth["servicePrincipal"]
    assert f"application {principal['clientId']}" in last.detail
    assert f"tenant {rig.server.tenant}" in last.detail
    assert "service principal" in last.detail
    assert all(request.path.startswith("/secrets?") for request in rig.server.seen(HERE))
    assert not any(token in last.detail for token in rig.server.tokens.given)


def test_check_behind_a_firewall(rig: AzureRig) -> None:
    """A vault that knows us and does not let us in is said so by the check."""
    rig.server.vault.firewall = "ForbiddenByFirewall"
    steps, last = check(rig)
    assert steps == ["reachable", "authenticated"]
    assert isinstance(last.error, AccessDenied)
    assert "firewall" in last.error.message


def test_check_of_what_is_no_vault(rig: AzureRig) -> None:
    """A server that answers, and not as a vault does, is not reachable."""
    rig.server.answer(HERE, Reply(403, b"<html>", {"Content-Type": "text/html"}))
    steps, last = check(rig)
    assert steps == ["reachable"]
    assert isinstance(last.error, StoreUnavailable)
    assert "not an answer of a vault" in last.error.message


def test_check_of_a_vault_that_throttles(rig: AzureRig) -> None:
    """A vault that throttles the first question is RateLimited, with the pause that it asks for."""
    rig.server.answer(HERE, error(429, "Throttled", "", headers={"Retry-After": "3"}))
    steps, last = check(rig)
    assert steps == ["reachable"]
    assert isinstance(last.error, RateLimited)
    assert last.error.retry_after == 3.0


def test_check_of_a_vault_that_takes_no_token(rig: AzureRig) -> None:
    """A vault that does not take our tokens, new ones neither, is AuthenticationFailed in the check."""
    rig.server.tokens.seconds = -1
    steps, last = check(rig)
    assert steps == ["reachable", "authenticated"]
    assert isinstance(last.error, AuthenticationFailed)


def test_check_with_a_token_that_tells_nothing(rig: AzureRig) -> None:
    """A token that is no JSON web token (an emulator's) is as good as any, and the check says what it is."""
    body = b'{"token_type":"Bearer","expires_in":3600,"access_token":"opaque"}'
    rig.server.answer(TOKEN_ENDPOINT, Reply(200, body, {"Content-Type": "application/json"}))
    rig.store.check(deadline=soon())
    rig.server.answer(HERE, Reply(200, b'{"value":[]}', {"Content-Type": "application/json"}))
    steps, last = check(rig)
    assert steps == ["reachable", "authenticated"]
    assert last.error is None


def test_closed_store_can_be_closed_again(rig: AzureRig) -> None:
    """Closing gives back connections once, also where there are none."""
    rig.store.close()
    rig.store.close()


def test_check_of_a_vault_that_asks_for_no_login(rig: AzureRig) -> None:
    """An emulator may let everybody in: the check says so, and names no login that never was."""
    rig.server.answer(HERE, Reply(200, b'{"value":[]}', {"Content-Type": "application/json"}))
    steps, last = check(rig)
    assert steps == ["reachable", "authenticated"]
    assert (last.error, last.detail) == (None, "the vault asks for no login")
