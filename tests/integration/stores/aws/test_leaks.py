"""A planted value in every body: it comes out of no log, error, event or finding."""

from __future__ import annotations

import gc
import io
import logging
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import StoreError
from syncd.model.secret import RemoteSecret, SecretRef
from syncd.telemetry import log
from tests.harness.aws import AwsProxy, AwsServer, refusal, sts_refusal
from tests.harness.aws_identity import use_pod_identity
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique
from tests.integration.stores.aws.rig import KEY_ID, NAME, ROLE, aws, put, static
from tests.integration.stores.rig import SOON, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncd.stores.interface import SecretStore

CANARY = "canary-4b7e21"
SDK = ("botocore", "boto3", "urllib3", "botocore.parsers", "botocore.endpoint", "botocore.credentials")
PAGE = f"<html>{CANARY}</html>".encode()
BODIES = [
    refusal("ResourceNotFoundException", CANARY),
    refusal("AccessDeniedException", f"User: {CANARY} is not authorized to perform: {CANARY}"),
    refusal("InvalidRequestException", CANARY),
    refusal("ThrottlingException", CANARY, Retry_After=CANARY),
    refusal("UnrecognizedClientException", CANARY),
    refusal("InternalServiceError", CANARY, 500),
    refusal(CANARY, CANARY),
    Reply(200, f'{{"SecretString":"{CANARY}"}}'.encode()),
    Reply(200, f'{{"Name":"a","VersionId":"1","SecretString":"{CANARY}'.encode(), ending="cut"),
    Reply(200, f'{{"VersionId":"1","CreatedDate":"{CANARY}"}}'.encode()),
    Reply(200, f'["{CANARY}"]'.encode()),
    Reply(200, f'{{"SecretValues":[{{"Name":"{CANARY}"}}],"Errors":[{{"Message":"{CANARY}"}}]}}'.encode()),
    Reply(200, PAGE),
    Reply(302, PAGE, {"Location": f"http://127.0.0.1:1/{CANARY}"}),
    Reply(403, PAGE),
    Reply(404, PAGE),
    Reply(503, PAGE),
]
LOGINS = [
    sts_refusal("AccessDenied", CANARY),
    sts_refusal("Throttling", CANARY, 400, Retry_After=CANARY),
    sts_refusal("InternalFailure", CANARY, 500),
    sts_refusal(CANARY, CANARY, 400),
    Reply(200, PAGE),
    Reply(200, f"<AssumeRoleResponse><A>{CANARY}</A></AssumeRoleResponse>".encode()),
    Reply(403, PAGE),
]


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What syncd logs at DEBUG while the SDK's own loggers are at DEBUG too; all as before afterwards."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in (log.NAME, *log.SDK_LOGGERS, *SDK))]
    before = [(item, item.level) for item in loggers]
    handlers, hooks = root.handlers[:], (sys.excepthook, sys.unraisablehook, threading.excepthook)
    raising = logging.raiseExceptions
    log.configure(level="debug", form="json", stream=(stream := io.StringIO()))
    for name in SDK:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = handlers
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.raiseExceptions = raising
    for item, level in before:
        item.setLevel(level)


def shown(error: StoreError) -> str:
    """All that an error can be made to show."""
    assert error.__traceback__ is None
    assert error.__cause__ is None
    assert error.__context__ is None
    return " ".join([str(error), repr(error), repr(error.args), *traceback.format_exception(error)])


def look(store: SecretStore, secrets: Sequence[str], around: Surroundings) -> str:
    """All that comes of a fetch and a check that fail."""
    answers = store.fetch([SecretRef(NAME, secret) for secret in secrets], deadline=time.monotonic() + SOON)
    findings = store.check(deadline=time.monotonic() + SOON)
    errors = [answer for answer in answers.values() if isinstance(answer, StoreError)]
    assert len(errors) == len(secrets)
    errors += [finding.error for finding in findings if finding.error is not None]
    return " ".join([*map(shown, errors), *map(repr, findings), repr(around.events)])


@pytest.mark.parametrize("secrets", [("a",), ("a", "b")], ids=["alone", "in a batch"])
@pytest.mark.parametrize("body", BODIES)
def test_error_bodies(
    proxy: AwsProxy, tmp_path: Path, heard: io.StringIO, body: Reply, secrets: tuple[str, ...]
) -> None:
    """What a server or a proxy sends in place of a secret is quoted nowhere."""
    around = Surroundings()
    proxy.when("", body)
    store = aws(proxy.url, around, auth=static(tmp_path))
    assert CANARY not in look(store, secrets, around)
    store.close()
    assert CANARY not in heard.getvalue()


@pytest.mark.parametrize("body", LOGINS)
def test_error_bodies_of_logins(proxy: AwsProxy, tmp_path: Path, heard: io.StringIO, body: Reply) -> None:
    """What STS sends in place of a session is quoted nowhere."""
    around = Surroundings()
    proxy.when("AssumeRole", body)
    store = aws(proxy.url, around, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    assert CANARY not in look(store, ("a",), around)
    store.close()
    assert CANARY not in heard.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        Reply(500, CANARY.encode()),
        Reply(200, f'{{"AccessKeyId":"{CANARY}"}}'.encode()),
        Reply(200, f'["{CANARY}"]'.encode()),
        Reply(200, CANARY.encode()),
    ],
)
def test_error_bodies_of_the_agent(
    proxy: AwsProxy, tmp_path: Path, heard: io.StringIO, monkeypatch: pytest.MonkeyPatch, body: Reply
) -> None:
    """What gives out credentials sends something else: it is quoted nowhere."""
    around = Surroundings()
    with ScriptedServer() as agent:
        agent.answer("", body)
        use_pod_identity(agent, monkeypatch, tmp_path / "token")
        store = aws(proxy.url, around)
        assert CANARY not in look(store, ("a",), around)
        store.close()
    assert CANARY not in heard.getvalue()


def test_values_and_keys(
    proxy: AwsProxy,
    aws_server: AwsServer,
    tmp_path: Path,
    heard: io.StringIO,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither values nor what we log in with come out of our log, while the SDK itself would tell them."""
    put(aws_server, name := unique("canary"), SecretString=CANARY)
    around = Surroundings()
    auth = static(tmp_path, key=f"key-{CANARY}")
    store = aws(proxy.url, around, auth=auth, assumeRole=[{"roleArn": ROLE}])
    ref = SecretRef(NAME, name)
    answer = store.fetch([ref], deadline=time.monotonic() + SOON)[ref]
    assert isinstance(answer, RemoteSecret)
    store.check(deadline=time.monotonic() + SOON)
    lease = store._login.lease(time.monotonic() + SOON)
    proxy.expired.add(lease.keys.access_key_id)
    store.fetch([ref], deadline=time.monotonic() + SOON)
    shown = heard.getvalue() + repr(around.events) + repr(lease) + repr(answer)
    told = {"value": CANARY, "key": lease.keys.secret_access_key, "token": lease.keys.session_token}
    for what, text in told.items():
        assert (what, str(text) in shown) == (what, False)
    # The SDK did tell: this test hears what it would say.
    assert any(CANARY in str(record.args) for record in caplog.records)
    store.close()


def test_logins_leave_nothing_behind(proxy: AwsProxy, tmp_path: Path) -> None:
    """Each new session gives back what the one before it had: clients do not pile up."""
    store = aws(proxy.url, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])

    def clients() -> int:
        gc.collect()
        return sum(type(item).__name__ in {"SecretsManager", "STS"} for item in gc.get_objects())

    def log_in(times: int) -> None:
        for _ in range(times):
            proxy.expired |= {asked.key_id for asked in proxy.asked} - {KEY_ID}
            store.fetch([SecretRef(NAME, "missing")], deadline=time.monotonic() + SOON)

    log_in(3)
    before = clients()
    log_in(10)
    assert len(proxy.operations("AssumeRole")) == 13
    assert clients() <= before
    store.close()
