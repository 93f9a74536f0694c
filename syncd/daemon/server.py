"""Probes and metrics over HTTP: three paths, GET and HEAD, nothing else."""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final

from syncd.model.errors import UsageError
from syncd.telemetry.failure import describe
from syncd.telemetry.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.daemon.options import Listen

_HEAD_SECONDS: Final = 5.0
"""How long a request's head may take to arrive, and one write of the answer."""
_HEAD_BYTES: Final = 16_384
_TEXT: Final = "text/plain; charset=utf-8"
_ALLOWED: Final = "GET, HEAD"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: HTTPStatus
    body: bytes
    content_type: str = _TEXT


class Server:
    """Serves pages on a thread of its own, each request on another."""

    def __init__(self, listen: Listen, pages: Mapping[str, Callable[[str], Page]]) -> None:
        """Take the address.

        Args:
            listen: host and port; port 0 takes any free one.
            pages: path → what makes its page, given the request's `Accept` header.

        Raises:
            UsageError: when the address cannot be listened on.

        """
        handler = type("Handler", (_Handler,), {"pages": dict(pages)})
        problem: str | None = None
        try:
            self._http = _http(listen, handler)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem is not None:
            raise UsageError(f"--listen {listen.host}:{listen.port}: {problem}; choose another address")
        self._thread = threading.Thread(target=self._http.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self._http.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more and give the address back."""
        self._http.shutdown()
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, without the look-up of our own name that the base does and that can take a minute."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002  # as the base has it
        """Log a bug of ours by its class; a client that went away is no event."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            logger().error("request failed", error=describe(error))


class _HttpServer6(_HttpServer):
    address_family = socket.AF_INET6


def _http(listen: Listen, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = _HttpServer6 if ":" in listen.host else _HttpServer
    return server((listen.host, listen.port), handler)


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request. What it reads is bounded in size and in time."""

    pages: ClassVar[Mapping[str, Callable[[str], Page]]] = {}
    timeout = _HEAD_SECONDS

    def setup(self) -> None:
        """Read the whole head first: line by line, a slow client could hold its thread for ever."""
        super().setup()
        self.rfile = io.BufferedReader(io.BytesIO(_head(self.connection)))

    def do_GET(self) -> None:
        """Answer with the page of the path."""
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            self._answer(Page(HTTPStatus.NOT_FOUND, b"not found\n"))
            return
        self._answer(page(self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer a request that is none, or of another method, without quoting it."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self._answer(Page(status, f"{status.phrase.lower()}\n".encode()))

    def _answer(self, page: Page) -> None:
        # Not `send_response`: it tells which Python this is.
        self.send_response_only(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        if page.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", _ALLOWED)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base has it
        """Say nothing: probes come every few seconds."""


def _head(connection: socket.socket) -> bytes:
    """Return what came up to the end of the head; nothing if it was too slow or too large."""
    deadline = time.monotonic() + _HEAD_SECONDS
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or len(head) > _HEAD_BYTES:
            return b""
        connection.settimeout(remaining)
        try:
            part = connection.recv(_HEAD_BYTES)
        except OSError:
            return b""
        if not part:
            return b""
        head += part
    connection.settimeout(_HEAD_SECONDS)
    return head
