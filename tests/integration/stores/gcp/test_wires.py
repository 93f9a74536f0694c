"""What happens on the way: outages that end, proxies, pages that are not Google's, endpoints without TLS."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.model.secret import SecretValue
from syncd.testing.stores import digest, found
from tests.harness.fault_http import Reply
from tests.harness.gcp.connect_proxy import ConnectProxy
from tests.harness.gcp.grpc_server import GrpcServer
from tests.harness.gcp.model import SecretManager
from tests.harness.gcp.rest_server import RestServer
from tests.harness.processes import free_port, wait_for
from tests.integration.stores.gcp.rig import PROJECT, Google, port_of, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.gcp.rig import Transport

REGION = "europe-west6"
WRONG_BASE64 = (
    b'{"name": "projects/1/secrets/models/versions/1", "payload": {"data": "!", "dataCrc32c": "1"}}'
)


@pytest.fixture(autouse=True)
def _one_secret(google: Google) -> None:
    """What is read."""
    google.model.put("models", b"value")


@pytest.mark.parametrize("location", [None, REGION])
def test_googles_own_host_through_a_proxy(
    google: Google, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, location: str | None
) -> None:
    """Without an endpoint Google's host is asked, the region's where there is one, through HTTPS_PROXY."""
    host = f"secretmanager.{REGION}.rep.googleapis.com" if location else "secretmanager.googleapis.com"
    parent = f"projects/{PROJECT}/locations/{REGION}" if location else f"projects/{PROJECT}"
    google.model.put("models", b"there", parent)
    kind = GrpcServer if google.transport == "grpc" else RestServer
    server = kind(google.model, authority, [host])
    proxy = ConnectProxy({f"{host}:443": port_of(server.url)})
    google.proxies.append(proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    store = google.store(endpoint=None, location=location)
    assert digest(found(read(store, "models")).payload) == digest(SecretValue(b"there"))
    assert proxy.asked == [f"{host}:443"]
    server.close()


def test_proxy_that_refuses(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that lets nothing through is StoreUnavailable, and the message blames the proxy."""
    proxy = ConnectProxy({})
    google.proxies.append(proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    answer = read(google.store(endpoint=None), "models")
    assert isinstance(answer, StoreUnavailable)
    assert "the proxy does not let us through" in answer.message


def test_no_proxy(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY keeps requests to its hosts away from the proxy."""
    proxy = ConnectProxy({})
    google.proxies.append(proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    found(read(google.store(), "models"))
    assert proxy.asked == []


def test_certificate_of_another_host(google: Google, authority: CertificateAuthority) -> None:
    """A trusted certificate of another host is not taken for Google's, and is sent nothing."""
    model = SecretManager(google.tokens)
    kind = GrpcServer if google.transport == "grpc" else RestServer
    server = kind(model, authority, ["elsewhere.example.com"])
    answer = read(google.store(endpoint=server.url), "models")
    assert isinstance(answer, StoreUnavailable)
    assert "certificate" in answer.message
    assert model.counts == {}
    server.close()


class TestGrpc:
    """What only gRPC has."""

    @pytest.fixture
    def transport(self) -> Transport:
        """Of the servers and the store."""
        return "grpc"

    @pytest.mark.parametrize("when", ["before the first read", "after a read"])
    def test_server_that_comes_back(
        self, google: Google, authority: CertificateAuthority, when: str, request: pytest.FixtureRequest
    ) -> None:
        """A server that was away is read from again within seconds, however long it was away."""
        port = free_port()
        server = GrpcServer(google.model, authority, port=port)
        store = google.store(endpoint=server.url)
        if when == "after a read":
            found(read(store, "models"))
        server.close()
        for _ in range(10):
            assert isinstance(read(store, "models"), StoreUnavailable)
        server = GrpcServer(google.model, authority, port=port)
        request.addfinalizer(server.close)
        wait_for("the server", lambda: not isinstance(read(store, "models"), StoreError), within=10)


class TestRest:
    """What only HTTP has."""

    @pytest.fixture
    def transport(self) -> Transport:
        """Of the servers and the store."""
        return "rest"

    @pytest.fixture
    def server(self, google: Google) -> RestServer:
        """The server, to be scripted."""
        assert isinstance(google.server, RestServer)
        return google.server

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(200, b"<html>login</html>", {"Content-Type": "text/html"}),
            Reply(200, b"[]"),
            Reply(200, b"{}"),
            Reply(200, b'{"name": "projects/1/secrets/other/versions/1", "payload": {"data": "eA=="}}'),
            Reply(200, b'{"name": 1}'),
            Reply(200, WRONG_BASE64),
            Reply(204),
            Reply(302, b"", {"Location": "https://127.0.0.1:1/"}),
            Reply(404, b"<html>nothing here</html>"),
            Reply(404),
            Reply(404, b"[]"),
            Reply(404, b'{"message": "no Route matched"}'),
            Reply(404, b'{"error": "not here"}'),
            Reply(500, b'{"error": "rpc error: code = NotFound desc = unknown service"}'),
            Reply(500, b'{"error": "rpc error: code = Nonsense desc = secrets/models"}'),
            Reply(403, b"<html>blocked</html>"),
            Reply(401, b"<html>log in</html>", {"WWW-Authenticate": "Basic"}),
            Reply(599, b"{}"),
        ],
        ids=lambda reply: f"{reply.status} {reply.body.decode()[:30]}",
    )
    def test_answers_that_are_not_googles(self, google: Google, server: RestServer, reply: Reply) -> None:
        """Whatever is not Secret Manager's own word is StoreUnavailable, and never taken for 'not found'."""
        server.answer("", reply)
        answer = read(google.store(), "models")
        assert isinstance(answer, StoreUnavailable), repr(answer)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (404, b'{"error": {"code": 404, "message": "not found"}}'),
            (404, b'{"error": "not found", "code": 5, "message": "not found"}'),
            (404, b'{"code": 5, "message": "not found", "details": []}'),
            (
                500,
                b'{"error":"rpc error: code = NotFound desc = Secret [projects/p/secrets/models] not found"}',
            ),
        ],
    )
    def test_not_found_of_gateways(
        self, google: Google, server: RestServer, status: int, body: bytes
    ) -> None:
        """A gateway in front of an emulator leaves out some of what Google's errors have, or prints it."""
        server.answer("", Reply(status, body))
        answer = read(google.store(), "models")
        assert isinstance(answer, StoreError)
        assert answer.reason.value == "SecretNotFound"

    def test_server_that_comes_back(self, google: Google, server: RestServer) -> None:
        """A server that hung up is read from again at once."""
        server.answer("", Reply(ending="hang up"))
        store = google.store()
        assert isinstance(read(store, "models"), StoreUnavailable)
        server.clear()
        found(read(store, "models"))

    def test_retry_after(self, google: Google, server: RestServer) -> None:
        """Where an answer has no RetryInfo, the seconds are those of the header."""
        body = b'{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}'
        server.answer("", Reply(429, body, {"Retry-After": "7"}))
        answer = read(google.store(), "models")
        assert isinstance(answer, StoreError)
        assert (answer.reason.value, answer.retry_after) == ("RateLimited", 7.0)

    def test_answer_that_drips_in(self, google: Google, server: RestServer) -> None:
        """An answer that comes byte by byte ends at the deadline."""
        server.answer("", Reply(200, b" " * 1000, drip=0.05))
        start = time.monotonic()
        answer = read(google.store(), "models", within=1.0)
        assert isinstance(answer, StoreUnavailable)
        assert time.monotonic() - start < 3.0

    def test_netrc_is_not_read(self, google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
        """A .netrc does not replace the token."""
        netrc = google.folder / ".netrc"
        netrc.write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(netrc))
        found(read(google.store(), "models"))


class TestPlaintext:
    """Endpoints without TLS: emulators."""

    @pytest.fixture
    def plain(self, google: Google) -> Iterator[GrpcServer | RestServer]:
        """An emulator that lets everybody in, with the same secret."""
        model = SecretManager()
        model.no_checksums = True
        model.put("models", b"value")
        kind = GrpcServer if google.transport == "grpc" else RestServer
        server = kind(model)
        yield server
        server.close()

    def test_no_login_is_sent(self, google: Google, plain: GrpcServer | RestServer) -> None:
        """An http:// endpoint is read without a token; none is even asked for."""
        store = google.store(endpoint=plain.url)
        found(read(store, "models"))
        assert google.logins() == 0
        findings = store.check(deadline=time.monotonic() + 20)
        assert [finding.error for finding in findings] == [None, None]
        assert findings[1].detail == "no login is sent to an http:// endpoint"

    def test_proxy_of_other_endpoints(
        self, google: Google, plain: GrpcServer | RestServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """HTTPS_PROXY, however it is spelt, is for https:// endpoints and not for this one."""
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        for name in ("HTTPS_PROXY", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        found(read(google.store(endpoint=plain.url), "models"))

    def test_endpoint_that_wants_a_login(self, google: Google) -> None:
        """An http:// endpoint that wants a login is AuthenticationFailed, and gets none."""
        kind = GrpcServer if google.transport == "grpc" else RestServer
        server = kind(google.model)
        answer = read(google.store(endpoint=server.url), "models")
        assert isinstance(answer, AuthenticationFailed)
        assert google.logins() == 0
        server.close()


def test_store_that_is_closed_meanwhile(google: Google) -> None:
    """Whoever still reads while a store is closed is told that it is unavailable, and gets no exception."""
    store = google.store()
    found(read(store, "models"))
    google.model.hang.set()
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(read(store, "models", within=3))) for _ in "1234"
    ]
    for thread in threads:
        thread.start()
    wait_for("the requests", lambda: google.model.counts["access"] > len(threads))
    store.close()
    google.model.hang.clear()
    for thread in threads:
        thread.join(20)
    assert len(answers) == len(threads)
    if google.transport == "grpc":
        assert {type(answer) for answer in answers} == {StoreUnavailable}


def test_sdk_that_would_print_values(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Google's logging of requests switched on, the store stops before it asks for anything."""
    monkeypatch.setenv("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", "google")
    answer = read(google.store(), "models")
    assert isinstance(answer, StoreMisconfigured)
    assert "GOOGLE_SDK_PYTHON_LOGGING_SCOPE" in answer.message
    assert google.model.counts == {}
