"""Planted values do not come out: not of logs at DEBUG, not of errors, findings or events."""

from __future__ import annotations

import json
import logging
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError
from syncd.telemetry import log
from syncd.testing.stores import found
from tests.harness.fault_http import Reply
from tests.harness.gcp.model import ApiError, info
from tests.harness.gcp.rest_server import RestServer
from tests.integration.stores.gcp.rig import Code, Google, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.gcp.adapter import GcpStore

CANARY = "CANARY-6f1d-do-not-print"
CODES = [code for code in Code if code is not Code.OK]


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[Path]:
    """A file with everything that syncd's own logging prints, every logger of the SDK at DEBUG."""
    file = tmp_path / "log"
    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    with file.open("w") as stream:
        log.configure(level="debug", form="json", stream=stream)
        names = ["google", "google.auth", "google.cloud.secretmanager_v1", "urllib3", "requests", "grpc"]
        names += [name for name in logging.root.manager.loggerDict if name.startswith(("google", "grpc"))]
        loggers = [logging.getLogger(name) for name in names]
        levels = [(logger, logger.level) for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        yield file
    for logger, old in levels:
        logger.setLevel(old)
    root.handlers[:] = before
    root.setLevel(level)
    logging.raiseExceptions = raising


def everything_in(error: BaseException) -> str:
    """All that somebody could print of an error, with the locals of the frames that it has kept."""
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    for link in (error.__cause__, error.__context__):
        parts += [repr(link)] if link is not None else []
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join([*parts, *trace.format()])


def assert_clean(google: Google, store: GcpStore, printed: Path, *more: object) -> None:
    """Nothing that was kept or printed has a canary or a token in it."""
    for logger in (logging.getLogger(), logging.getLogger("google")):
        for handler in logger.handlers:
            handler.flush()
    texts = [printed.read_text(), repr(google.around.events), repr(store), *map(repr, more)]
    texts += [everything_in(item) for item in more if isinstance(item, BaseException)]
    shown = "\n".join(texts).lower()
    leaks = [needle for needle in (CANARY, "ya29.", "BEGIN PRIVATE KEY") if needle.lower() in shown]
    assert leaks == []


def check_and_read(store: GcpStore) -> list[Any]:
    """What a check and a read give that could be shown."""
    findings = store.check(deadline=time.monotonic() + 20)
    return [*findings, *(item.error for item in findings), read(store, "models")]


def test_value_at_debug(google: Google, printed: Path) -> None:
    """A value that is read is not printed, though the SDK's loggers put it into their records."""
    google.model.put("models", json.dumps({"key": CANARY}).encode())
    store = google.store()
    secret = found(read(store, "models"))
    assert_clean(google, store, printed, secret, *check_and_read(store))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_errors_of_the_api(google: Google, printed: Path, code: Any) -> None:
    """Whatever an error says, in text or details, none of it is repeated."""
    google.model.put("models", b"value")
    google.model.fault = ApiError(code, f"about {CANARY} kms", info(CANARY))
    store = google.store()
    answers = check_and_read(store)
    assert isinstance(answers[-1], StoreError)
    assert_clean(google, store, printed, *answers)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, CANARY.encode()),
        Reply(200, json.dumps({"name": CANARY, CANARY: CANARY}).encode()),
        Reply(200, json.dumps({"name": 1, "payload": CANARY}).encode()),
        Reply(200, b'{"payload": "' + CANARY.encode() + b'"', ending="cut"),
        Reply(302, CANARY.encode(), {"Location": f"https://127.0.0.1:1/{CANARY}"}),
        Reply(401, CANARY.encode()),
        Reply(404, CANARY.encode()),
        Reply(500, json.dumps({"error": CANARY}).encode()),
    ],
    ids=lambda reply: f"{reply.status} {reply.ending}",
)
def test_pages(google: Google, printed: Path, reply: Reply) -> None:
    """What comes in place of an answer is not repeated; over gRPC, where this cannot come, a value is not."""
    google.model.put("models", CANARY.encode())
    if isinstance(google.server, RestServer):
        google.server.answer("", reply)
    store = google.store()
    assert_clean(google, store, printed, *check_and_read(store))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_errors_of_token_services(google: Google, printed: Path, status: int) -> None:
    """What a token service says of a login that failed is not repeated."""
    body = json.dumps({"error": "invalid_grant", "error_description": CANARY, "access_token": CANARY})
    google.services.answer("", Reply(status, body.encode(), {"Content-Type": "application/json"}))
    store = google.store()
    answers = check_and_read(store)
    assert isinstance(answers[-1], StoreError)
    assert_clean(google, store, printed, *answers)


def test_tokens_that_are_no_headers(google: Google, printed: Path) -> None:
    """A token that no header can carry fails the login, and is not printed."""
    body = json.dumps(
        {"access_token": f"{CANARY}\n", "expires_in": 3600, "token_type": "Bearer", "issued_token_type": "x"}
    )
    google.services.answer("", Reply(200, body.encode(), {"Content-Type": "application/json"}))
    store = google.store()
    answers = check_and_read(store)
    assert isinstance(answers[-1], AuthenticationFailed)
    assert_clean(google, store, printed, *answers)


@pytest.mark.parametrize("broken", ["private_key", "client_email", "token_uri"])
def test_key_that_is_broken(google: Google, printed: Path, tmp_path: Path, broken: str) -> None:
    """A key that cannot be used is not repeated."""
    file = google.tokens.key_file(tmp_path / "key.json", "syncd@ml-prod.iam.gserviceaccount.com")
    content = json.loads(file.read_text())
    content[broken] = None
    content["note"] = CANARY
    file.write_text(json.dumps(content))
    store = google.store(auth={"serviceAccountKey": {"file": str(file)}})
    answers = check_and_read(store)
    assert isinstance(answers[-1], StoreError)
    assert_clean(google, store, printed, *answers)
