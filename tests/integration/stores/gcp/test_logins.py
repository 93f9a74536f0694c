"""Logging in to Google: keys, federation, impersonation; one token for all, renewed and replaced in time."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.stores.gcp.adapter import GcpStore
from syncd.stores.gcp.settings import GcpSettings
from syncd.testing.stores import found
from tests.harness.fault_http import Reply
from tests.harness.gcp.connect_proxy import ConnectProxy
from tests.harness.gcp.token_services import FEDERATED, TokenServices
from tests.harness.processes import wait_for
from tests.integration.stores.gcp.rig import NAME, PROJECT, Google, port_of, read

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.model.events import Event
    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.gcp.rig import Transport

KEYED = "syncd@ml-prod.iam.gserviceaccount.com"
HOP = "hop@ml-prod.iam.gserviceaccount.com"
READER = "reader@ml-prod.iam.gserviceaccount.com"
IAM = "iamcredentials.googleapis.com:443"


@pytest.fixture
def transport() -> Transport:
    """One wire is enough: logins are the same for both."""
    return "grpc"


@pytest.fixture(autouse=True)
def _one_secret(google: Google) -> None:
    """What is read."""
    google.model.put("models", b"value")


def outcomes(google: Google) -> list[str]:
    """How the logins ended, as telemetry is told."""
    return [
        event.outcome
        for event in google.around.events
        if isinstance(event, StoreRequest) and event.operation == "login"
    ]


def test_key_in_a_file(google: Google, tmp_path: Path) -> None:
    """A key signs its own tokens: nobody is asked for one."""
    key = google.tokens.key_file(tmp_path / "key.json", KEYED)
    found(read(google.store(auth={"serviceAccountKey": {"file": str(key)}}), "models"))
    assert google.logins() == 0
    assert outcomes(google) == ["ok"]


def test_key_in_a_secret(google: Google, tmp_path: Path) -> None:
    """A key can be in a Secret of the daemon's namespace."""
    key = google.tokens.key_file(tmp_path / "key.json", KEYED)
    google.around.secrets["syncd-gcp"] = {"key.json": key.read_bytes()}
    auth = {"serviceAccountKey": {"secretKeyRef": {"name": "syncd-gcp", "key": "key.json"}}}
    found(read(google.store(auth=auth), "models"))


def test_key_that_rotates(google: Google, tmp_path: Path) -> None:
    """A new key in the file is used at once, though the old one would still be taken."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}})
    found(read(store, "models"))
    google.tokens.key_file(file, READER)
    google.model.deny("access", "models")
    answer = read(store, "models")
    assert isinstance(answer, StoreError)
    assert READER in answer.message
    assert outcomes(google) == ["ok", "ok"]


def test_key_of_the_environment_that_rotates(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that GOOGLE_APPLICATION_CREDENTIALS names is read again when it changes."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    store = google.store()
    found(read(store, "models"))
    google.tokens.revoke()
    google.tokens.key_file(file, KEYED)
    found(read(store, "models"))
    assert outcomes(google) == ["ok", "ok"]
    assert google.model.counts == {"access": 2}


@pytest.mark.parametrize(
    "content", ["", "{}", "no JSON", '{"type": "authorized_user"}', "[]", '{"private_key": 1}']
)
def test_no_key(google: Google, tmp_path: Path, content: str) -> None:
    """What is no key is AuthenticationFailed, said without its content, and nothing is asked."""
    file = tmp_path / "key.json"
    file.write_text(content)
    answer = read(google.store(auth={"serviceAccountKey": {"file": str(file)}}), "models")
    assert isinstance(answer, AuthenticationFailed)
    assert str(file) in answer.message
    assert google.model.counts == {}


def test_key_that_google_does_not_know(google: Google, tmp_path: Path) -> None:
    """A key that was deleted costs two requests, then none until the pause is over or the key changes."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    google.tokens.revoke()
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}})
    for _ in range(5):
        answer = read(store, "models")
        assert isinstance(answer, AuthenticationFailed)
        assert answer.retry_after is not None
        assert 0 < answer.retry_after <= 5
    assert google.model.counts == {"access": 2}
    google.tokens.key_file(file, KEYED)
    found(read(store, "models"))


def test_refused_login_waits(google: Google) -> None:
    """After a refused login nobody asks for tokens until the pause is over."""
    google.services.subject = "another"
    store = google.store()
    for _ in range(5):
        assert isinstance(read(store, "models"), AuthenticationFailed)
    assert google.logins() == 1
    assert google.model.counts == {}


def test_token_is_renewed_before_it_ends(google: Google) -> None:
    """Near its end a token is renewed beside the reads, which go on with the old one."""
    google.services.lifetime = 2
    store = google.store()
    found(read(store, "models"))
    google.services.lifetime = 3600

    def renewed() -> bool:
        found(read(store, "models"))
        return google.logins() > 1

    wait_for("a renewal", renewed, within=20)
    # Nothing was ever refused.
    assert set(outcomes(google)) <= {"ok"}


def test_renewal_that_fails(google: Google) -> None:
    """While a renewal fails, reads go on with the token that is still good."""
    google.services.lifetime = 8
    store = google.store()
    found(read(store, "models"))
    google.services.answer(
        "", Reply(400, b'{"error": "invalid_grant"}', {"Content-Type": "application/json"})
    )

    def tried() -> bool:
        found(read(store, "models"))
        return len(outcomes(google)) > 1

    wait_for("a failed renewal", tried, within=20)
    assert outcomes(google)[1] == "AuthenticationFailed"


def test_many_threads_log_in_once(google: Google) -> None:
    """Threads that come at once, first or after the token was revoked, share one login."""
    store = google.store()
    answers: list[object] = []
    for logins in (1, 2):
        threads = [threading.Thread(target=lambda: answers.append(read(store, "models"))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert google.logins() == logins
        google.tokens.revoke()
    assert [answer for answer in answers if isinstance(answer, StoreError)] == []


def test_login_that_hangs(google: Google) -> None:
    """A token service that does not answer costs a fetch its deadline and no more; the login goes on."""
    google.services.answer("", Reply(200, b"{}", delay=3.0), times=1)
    store = google.store()
    start = time.monotonic()
    answer = read(store, "models", within=0.5)
    assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - start < 2.5
    assert google.model.counts == {}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_bug_in_the_thread_of_a_login(google: Google) -> None:
    """A listener that fails ends the login's thread, and whoever waits for it gets an answer all the same."""

    def fail(_: Event) -> None:
        raise RuntimeError

    context = replace(google.around.context(), emit=fail)
    settings = {"project": PROJECT, "endpoint": google.server.url}
    store = GcpStore(NAME, GcpSettings.model_validate(settings), context, 8)
    google.stores.append(store)
    found(read(store, "models"))


def test_key_that_is_unset(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the environment that is not there is AuthenticationFailed, and the message names it."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    answer = read(google.store(), "models")
    assert isinstance(answer, AuthenticationFailed)
    assert "/nowhere/key.json" in answer.message


def test_impersonation_in_the_file(google: Google) -> None:
    """A file for federation may name an account to impersonate."""
    url = f"{google.services.url}/v1/projects/-/serviceAccounts/{READER}:generateAccessToken"
    google.services.external_account(google.folder, service_account_impersonation_url=url)
    google.services.allow(FEDERATED, READER)
    google.model.deny("access", "models")
    answer = read(google.store(), "models")
    assert isinstance(answer, StoreError)
    assert READER in answer.message


def test_credentials_of_a_person(
    google: Google, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `gcloud auth application-default login` leaves can read too, for one request for a token."""
    services = TokenServices(google.tokens, authority, hosts=["oauth2.googleapis.com"])
    google.pages.append(services)
    google.proxies.append(proxy := ConnectProxy({"oauth2.googleapis.com:443": port_of(services.url)}))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    file = google.folder / "application_default_credentials.json"
    person = {
        "type": "authorized_user",
        "client_id": "1.apps.googleusercontent.com",
        "client_secret": "x",
        "refresh_token": services.subject,
        "quota_project_id": "billing",
    }
    file.write_text(json.dumps(person))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    store = google.store()
    found(read(store, "models"))
    found(read(store, "models"))
    assert len(services.seen()) == 1


@pytest.fixture
def iam(google: Google, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> TokenServices:
    """IAM Credentials under its own name, behind the proxy that the environment names."""
    services = TokenServices(google.tokens, authority, hosts=["iamcredentials.googleapis.com"])
    google.pages.append(services)
    proxy = ConnectProxy({IAM: port_of(services.url)})
    google.proxies.append(proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    return services


def test_impersonation_chain(google: Google, iam: TokenServices, tmp_path: Path) -> None:
    """The last account of the chain reads, through those before it, and costs one request to IAM."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    iam.allow(KEYED, HOP)
    iam.allow(HOP, READER)
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}}, impersonate=[HOP, READER])
    found(read(store, "models"))
    assert len(iam.seen()) == 1
    google.model.deny("access", "models")
    answer = read(store, "models")
    assert isinstance(answer, StoreError)
    assert READER in answer.message


def test_impersonation_that_is_not_granted(google: Google, iam: TokenServices, tmp_path: Path) -> None:
    """A link of the chain that is not granted is AuthenticationFailed, and the message names the role."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    iam.allow(KEYED, HOP)
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}}, impersonate=[HOP, READER])
    answer = read(store, "models")
    assert isinstance(answer, AuthenticationFailed)
    assert "roles/iam.serviceAccountTokenCreator" in answer.message
    assert READER in answer.message


def test_iam_that_is_down(google: Google, iam: TokenServices, tmp_path: Path) -> None:
    """IAM that answers 503 is an outage, not a wrong identity."""
    file = google.tokens.key_file(tmp_path / "key.json", KEYED)
    iam.answer("", Reply(503, b"upstream"))
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}}, impersonate=[READER])
    answer = read(store, "models")
    assert isinstance(answer, StoreUnavailable)
    assert "iamcredentials.googleapis.com answers HTTP 503" in answer.message


def test_authorities_that_cannot_be_read(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that name authorities which are not there stop the store, instead of being passed over."""
    for name in ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nowhere/ca.pem")
    answer = read(google.store(), "models")
    assert isinstance(answer, StoreMisconfigured)
    assert "/nowhere/ca.pem" in answer.message
    assert str(NAME) in answer.message
