"""Probes and metrics over a real socket, and clients that behave badly."""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
import urllib3

from syncd.daemon import server as server_module
from syncd.daemon.options import Listen
from syncd.daemon.server import Page, Server
from syncd.model.errors import UsageError
from tests.harness.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 30.0
LOOPBACK = "127.0.0.1"


@pytest.fixture
def accepts() -> list[str]:
    """The Accept headers that came."""
    return []


@pytest.fixture
def server(accepts: list[str]) -> Iterator[Server]:
    """A server with two pages, the second of which has a bug."""

    def page(accept: str) -> Page:
        accepts.append(accept)
        return Page(HTTPStatus.OK, b"fine\n")

    def broken(_accept: str) -> Page:
        raise KeyError("c4n4ry")

    server = Server(Listen(LOOPBACK, 0), {"/page": page, "/broken": broken})
    server.start()
    yield server
    server.close()


def ask(server: Server, path: str, method: str = "GET") -> urllib3.BaseHTTPResponse:
    """Send one request."""
    url = f"http://{LOOPBACK}:{server.port}{path}"
    headers = {"Accept": "text/x-canary"}
    return urllib3.request(method, url, headers=headers, retries=False, timeout=WITHIN)


def converse(server: Server, request: bytes) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    with socket.create_connection((LOOPBACK, server.port), timeout=WITHIN) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(4096):
            answer += part
        return answer


def test_a_page_is_served(server: Server, accepts: list[str]) -> None:
    """A known path is answered, whatever its query, with what its page makes of the Accept header."""
    answer = ask(server, "/page?x=1")
    assert (answer.status, answer.data, accepts) == (200, b"fine\n", ["text/x-canary"])


def test_head_has_no_body(server: Server) -> None:
    """HEAD answers as GET does, without the body."""
    answer = ask(server, "/page", "HEAD")
    assert (answer.status, answer.data, answer.headers["Content-Length"]) == (200, b"", "5")


def test_nothing_tells_what_serves(server: Server) -> None:
    """No header names the server or its version, on errors neither."""
    for answer in (ask(server, "/page"), ask(server, "/absent"), ask(server, "/page", "POST")):
        assert "Server" not in answer.headers
        assert b"ython" not in answer.data


@pytest.mark.parametrize("path", ["/", "/absent", "/page/", "/pag", "/page/../page%2f"])
def test_other_paths_are_not_found(server: Server, path: str) -> None:
    """There is nothing besides the known paths, and the answer does not quote what was asked."""
    answer = ask(server, path)
    assert (answer.status, answer.data) == (404, b"not found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CANARY"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    """Only GET and HEAD are answered, and the answer says so."""
    answer = ask(server, "/page", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert b"CANARY" not in answer.data


def test_what_is_no_request_is_refused(server: Server) -> None:
    """Bytes that are not HTTP are told to be none, without being quoted."""
    answer = converse(server, b"c4n4ry \x00\x01 x y z\r\n\r\n")
    assert answer == b"bad request\n"


def test_a_head_without_end_is_cut(server: Server) -> None:
    """More bytes than a head may have are answered by closing."""
    assert _closed(server, b"GET /page HTTP/1.1\r\nX: " + b"x" * 200_000)


def test_a_slow_client_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that comes byte by byte has a deadline as a whole; others are served meanwhile."""
    monkeypatch.setattr(server_module, "_HEAD_SECONDS", 1.0)
    stop = threading.Event()
    with socket.create_connection((LOOPBACK, server.port), timeout=WITHIN) as connection:

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    connection.send(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        assert ask(server, "/page").status == 200
        try:
            ended = connection.recv(1)
        except ConnectionError:
            ended = b""
        stop.set()
        thread.join(WITHIN)
    assert ended == b""


def test_a_page_with_a_bug_ends_its_own_request_only(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    """The connection is closed, no traceback is printed, and the next request is served."""
    assert converse(server, b"GET /broken HTTP/1.1\r\n\r\n") == b""
    assert ask(server, "/page").status == 200
    assert "c4n4ry" not in "".join(capfd.readouterr())


def test_an_address_in_use_is_told() -> None:
    """A port that is taken is the user's to change: the error names it and the flag."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--listen {LOOPBACK}:{port}: .*in use") as caught:
            Server(Listen(LOOPBACK, port), {})
    assert caught.value.__context__ is None


def test_ipv6_is_listened_on() -> None:
    """An IPv6 host is an address like any other."""
    server = Server(Listen("::1", 0), {"/page": lambda _: Page(HTTPStatus.OK, b"six\n")})
    server.start()
    try:
        answer = urllib3.request("GET", f"http://[::1]:{server.port}/page", retries=False, timeout=WITHIN)
    finally:
        server.close()
    assert answer.data == b"six\n"


def _closed(server: Server, request: bytes) -> bool:
    try:
        return converse(server, request) == b""
    except ConnectionError:
        return True
