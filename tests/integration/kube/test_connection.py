"""The connection against servers on loopback that misbehave: our own error, in time, without a body."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.kube.transport import ApiError
from syncd.model.errors import ClusterUnreachable
from syncd.model.events import ApiRequest
from syncd.model.secret import SecretValue
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncd.model.events import Event
    from tests.harness.tls import CertificateAuthority

CANARY = "canary-2b9e6c"
PATH = "/api/v1/namespaces/x/secrets/y"
JSON_TYPE = {"Content-Type": "application/json"}
MUCH_LATER = 30.0
SHORT = 0.5


@pytest.fixture
def events() -> list[Event]:
    """What the transport told."""
    return []


@pytest.fixture
def connect(tmp_path: Path, events: list[Event]) -> Iterator[Callable[[str], KubeTransport]]:
    """Connect to a URL with the token `t`."""
    opened: list[KubeTransport] = []

    def to(url: str) -> KubeTransport:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "mine"}}],
            "current-context": "x",
        }
        path = tmp_path / unique("kubeconfig")
        path.write_text(json.dumps(config))
        opened.append(KubeTransport(ConnectionSettings(kubeconfig=str(path)), emit=events.append))
        return opened[-1]

    yield to
    for connection in opened:
        connection.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers what it is told."""
    with ScriptedServer() as scripted:
        yield scripted


def ask(connection: KubeTransport, seconds: float = MUCH_LATER) -> dict[str, object]:
    """Read one object."""
    return connection.request("GET", PATH, deadline=time.monotonic() + seconds)


def shown(error: BaseException) -> str:
    """Return all that a traceback with locals would print of our own frames."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals["__name__"].startswith("tests."):
        frames = frames.tb_next
    assert frames is not None, "the error was not raised by syncd"
    return "".join(traceback.TracebackException(type(error), error, frames, capture_locals=True).format())


def test_an_object_is_returned(connect: Callable[[str], KubeTransport], server: ScriptedServer) -> None:
    """The answer is the JSON object in the body."""
    server.answer("", Reply(200, b'{"kind": "Secret"}', JSON_TYPE))
    assert ask(connect(server.url)) == {"kind": "Secret"}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(200, f"<html>{CANARY}".encode()), "answered 200 without JSON"),
        (Reply(200, f'["{CANARY}"]'.encode(), JSON_TYPE), "answered 200 without JSON"),
        (Reply(404, f"<html>{CANARY}".encode()), "answered 404, and not as an API server does"),
        (Reply(503, f"{CANARY}".encode()), "answered 503, and not as an API server does"),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), "answered 302, and not as"),
        (Reply(200, f'{{"a": "{CANARY}"'.encode(), ending="cut"), "the connection was cut"),
        (Reply(ending="hang up"), "the connection was cut"),
        (Reply(401, b'{"kind": "Status", "reason": "Unauthorized"}', JSON_TYPE), "does not know us"),
    ],
    ids=["html", "no object", "proxy 404", "proxy 503", "redirect", "cut", "hang up", "401"],
)
def test_what_is_no_answer_of_an_api_server(
    connect: Callable[[str], KubeTransport], server: ScriptedServer, reply: Reply, says: str
) -> None:
    """It is ClusterUnreachable, with nothing of the body in it, and nothing behind it."""
    server.answer("", reply)
    with pytest.raises(ClusterUnreachable, match=says) as caught:
        ask(connect(server.url))
    assert caught.value.__context__ is None
    assert (CANARY in shown(caught.value)) is False
    assert len(server.seen()) == 1


def test_an_error_keeps_code_reason_and_causes(
    connect: Callable[[str], KubeTransport], server: ScriptedServer
) -> None:
    """Messages are dropped: they can quote a Secret."""
    cause = {"reason": "FieldValueInvalid", "message": CANARY, "field": "data"}
    status = {"kind": "Status", "reason": "Invalid", "message": CANARY, "details": {"causes": [cause]}}
    server.answer("", Reply(422, json.dumps(status).encode(), {**JSON_TYPE, "Retry-After": "7"}))
    with pytest.raises(ApiError) as caught:
        ask(connect(server.url))
    error = caught.value
    assert (error.code, error.reason, error.causes) == (422, "Invalid", (("FieldValueInvalid", "data"),))
    assert error.retry_after == 7
    assert error.__context__ is None
    assert (CANARY in shown(error)) is False


@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"{}", delay=5), Reply(200, b'{"kind": "Secret"}', JSON_TYPE, drip=0.2)],
    ids=["silent", "dripping body"],
)
def test_a_slow_answer_is_given_up_at_the_deadline(
    connect: Callable[[str], KubeTransport], server: ScriptedServer, reply: Reply
) -> None:
    """Silence and a body that drips in are both bounded by the one deadline."""
    server.answer("", reply)
    started = time.monotonic()
    with pytest.raises(ClusterUnreachable, match=r"no answer within 0\.5 s"):
        ask(connect(server.url), SHORT)
    assert time.monotonic() - started < 4 * SHORT


def test_dripping_headers_are_given_up_at_the_deadline(connect: Callable[[str], KubeTransport]) -> None:
    """Headers that drip in are bounded too, each byte of which would begin a read timeout anew."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                try:
                    while not stop.wait(SHORT / 10):
                        peer.sendall(b"X")
                except OSError:
                    return  # the client has given up

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        with pytest.raises(ClusterUnreachable, match="no answer within"):
            ask(connect(f"http://127.0.0.1:{listener.getsockname()[1]}"), SHORT)
        took = time.monotonic() - started
        stop.set()
        thread.join()
    assert took < 4 * SHORT


def test_a_deadline_that_has_passed_sends_nothing(
    connect: Callable[[str], KubeTransport], server: ScriptedServer
) -> None:
    """Too late is too late."""
    with pytest.raises(ClusterUnreachable, match="the deadline had passed"):
        ask(connect(server.url), -1)
    assert server.seen() == []


def test_a_connection_serves_on_after_a_slow_answer(
    connect: Callable[[str], KubeTransport], server: ScriptedServer
) -> None:
    """The next request has a deadline of its own."""
    server.answer("", Reply(200, b'{"kind": "Secret"}', JSON_TYPE))
    server.answer("", Reply(200, b"{}", delay=2), times=1)
    connection = connect(server.url)
    with pytest.raises(ClusterUnreachable):
        ask(connection, SHORT)
    assert ask(connection)["kind"] == "Secret"


def test_what_a_write_carries(
    connect: Callable[[str], KubeTransport], server: ScriptedServer, events: list[Event]
) -> None:
    """Our field manager, the caller's query, credentials and name; a hidden value only as base64."""
    server.answer("", Reply(200, b"{}", JSON_TYPE))
    connection = connect(server.url)
    body = {"data": {"key": SecretValue(CANARY.encode())}}
    connection.request(
        "PATCH",
        PATH,
        body=body,
        query={"dryRun": "All"},
        content_type="application/merge-patch+json",
        deadline=time.monotonic() + MUCH_LATER,
    )
    (seen,) = server.seen()
    assert seen.path == f"{PATH}?fieldManager=syncd&dryRun=All"
    assert {"authorization", "user-agent", "content-type", "accept"} <= seen.headers
    (event,) = events
    assert isinstance(event, ApiRequest)
    assert (event.verb, event.resource, event.code) == ("patch", "secrets", 200)


def test_a_body_that_is_no_json_is_a_bug(
    connect: Callable[[str], KubeTransport], server: ScriptedServer
) -> None:
    """Whatever else is put into a body is refused before it is sent."""
    with pytest.raises(TypeError, match="a set is no JSON"):
        connect(server.url).request("PATCH", PATH, body={"data": {1}}, deadline=time.monotonic() + MUCH_LATER)
    assert server.seen() == []


def test_no_answer_is_told_too(connect: Callable[[str], KubeTransport], events: list[Event]) -> None:
    """A request without an answer has code 0."""
    with pytest.raises(ClusterUnreachable):
        ask(connect("http://127.0.0.1:1"))
    (event,) = events
    assert isinstance(event, ApiRequest)
    assert (event.verb, event.code) == ("get", 0)


def test_an_untrusted_certificate(
    connect: Callable[[str], KubeTransport], authority: CertificateAuthority
) -> None:
    """A certificate of another authority is named as the cause."""
    with (
        ScriptedServer(authority) as scripted,
        pytest.raises(ClusterUnreachable, match="its certificate is not trusted"),
    ):
        ask(connect(scripted.url))


def test_the_namespace_of_the_context(
    connect: Callable[[str], KubeTransport], server: ScriptedServer
) -> None:
    """The context's namespace and where the configuration came from are told."""
    connection = connect(server.url)
    assert connection.namespace == "mine"
    assert "context x" in connection.origin


def kubeconfig(path: Path, url: str, user: dict[str, object]) -> KubeTransport:
    """Connect to a URL as this user of a kubeconfig."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return KubeTransport(ConnectionSettings(kubeconfig=str(path)), emit=lambda _: None)


def test_a_plugin_is_run_again_when_its_token_expires(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exec plugin's token that has expired is renewed, though not for each of many requests in a row."""
    runs = tmp_path / "runs"
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "import json, pathlib\n"
        f"runs = pathlib.Path({str(runs)!r})\n"
        "runs.write_text((runs.read_text() if runs.exists() else '') + 'x')\n"
        "status = {'token': 't', 'expirationTimestamp': '2020-01-01T00:00:00Z'}\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', "
        "'kind': 'ExecCredential', 'status': status}))\n"
    )
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(plugin)],
        "interactiveMode": "Never",
    }
    server.answer("", Reply(200, b"{}", JSON_TYPE))
    connection = kubeconfig(tmp_path / "k", server.url, {"exec": command})
    assert runs.read_text() == "x"
    ask(connection)
    ask(connection)
    assert runs.read_text() == "xx"
    monkeypatch.setattr("syncd.kube.connection._TOKEN_KEPT", 0.0)
    later = kubeconfig(tmp_path / "k", server.url, {"exec": command})
    ask(later)
    ask(later)
    assert runs.read_text() == "xxxxx"
    later.close()
    connection.close()


def test_credentials_that_cannot_be_renewed(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a login plugin raises is told by its type; its text may hold the token."""
    connection = kubeconfig(tmp_path / "k", server.url, {"token": "t"})

    def renew(_: object) -> None:
        raise LookupError(CANARY)

    assert connection._session is not None
    monkeypatch.setattr(connection._session.configuration, "refresh_api_key_hook", renew)
    with pytest.raises(ClusterUnreachable, match=r"cannot be renewed \(LookupError\)") as caught:
        ask(connection)
    assert caught.value.__context__ is None
    assert (CANARY in shown(caught.value)) is False
    assert server.seen() == []
    connection.close()


def test_a_damaged_token_is_not_quoted(tmp_path: Path, server: ScriptedServer) -> None:
    """A token with a line break in it is refused by the HTTP library, which quotes it; we do not."""
    connection = kubeconfig(tmp_path / "k", server.url, {"token": f"{CANARY}\nx"})
    with pytest.raises(ClusterUnreachable, match=r"is the token of .* damaged") as caught:
        ask(connection)
    assert (CANARY in shown(caught.value), caught.value.__context__) == (False, None)
    connection.close()


def test_a_line_break_at_the_end_of_a_token(tmp_path: Path, server: ScriptedServer) -> None:
    """A token file usually ends with one; it is not part of the token."""
    server.answer("", Reply(200, b"{}", JSON_TYPE))
    connection = kubeconfig(tmp_path / "k", server.url, {"token": "t\n"})
    assert ask(connection) == {}
    connection.close()


def test_a_kubeconfig_that_went_away(tmp_path: Path, server: ScriptedServer) -> None:
    """After a 401 the configuration is read again; when that fails, it is said why."""
    server.answer("", Reply(401, b"", JSON_TYPE))
    connection = kubeconfig(tmp_path / "k", server.url, {"token": "t"})
    with pytest.raises(ClusterUnreachable, match="does not know us"):
        ask(connection)
    (tmp_path / "k").unlink()
    with pytest.raises(ClusterUnreachable, match="k does not exist"):
        ask(connection)
