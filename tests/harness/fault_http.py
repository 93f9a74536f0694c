"""An HTTP server whose answers a test scripts, and a proxy that answers for a real server.

``ScriptedServer`` answers what it is told. ``FaultProxy`` hands every request on to a real server,
except where a rule says otherwise. Both remember the requests that came, without their headers'
values: these hold tokens.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, Self

import urllib3

from tests.harness.tls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.harness.tls import CertificateAuthority

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer.

    ``delay`` is in seconds before the first byte, ``drip`` in seconds between two bytes of the body.
    ``ending``: ``cut`` promises more bytes than it sends, ``hang up`` closes without a word.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    ending: Literal["complete", "cut", "hang up"] = "complete"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came. ``path`` has the query; ``headers`` are names in lower case."""

    method: str
    path: str
    headers: frozenset[str]


@dataclass(slots=True)
class _Rule:
    pattern: re.Pattern[str]
    method: str | None
    reply: Reply
    left: int | None


class ScriptedServer:
    """Answers by rules, the newest first; without one that fits, 404 and no body."""

    def __init__(
        self, authority: CertificateAuthority | None = None, hosts: Sequence[str] = LOOPBACK
    ) -> None:
        """Listens at once; with TLS where an authority is given, as these hosts."""
        self._rules: list[_Rule] = []
        self._seen: list[Seen] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        if authority is not None:
            pair = authority.server("scripted", hosts)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if authority else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, pattern: str, reply: Reply, *, method: str | None = None, times: int | None = None
    ) -> None:
        """From now on answers so what matches: ``pattern`` is searched in path and query.

        Any method where None; as often as it is asked, or only ``times`` times.
        """
        with self._lock:
            self._rules.insert(0, _Rule(re.compile(pattern), method, reply, times))

    def clear(self) -> None:
        """Forgets all rules; what has been seen stays."""
        with self._lock:
            self._rules.clear()

    def seen(self, pattern: str = "") -> list[Seen]:
        """The requests so far whose path and query match, oldest first."""
        with self._lock:
            return [request for request in self._seen if re.search(pattern, request.path)]

    def reply_to(self, handler: Handler, body: bytes) -> Reply:
        """The answer to a request. Called in the request's own thread."""
        seen = Seen(handler.command, handler.path, frozenset(name.lower() for name in handler.headers))
        with self._lock:
            self._seen.append(seen)
            for rule in self._rules:
                if rule.left == 0 or rule.method not in {None, handler.command}:
                    continue
                if rule.pattern.search(handler.path):
                    rule.left = None if rule.left is None else rule.left - 1
                    return rule.reply
        return self._otherwise(handler, body)

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        return Reply(404)


class FaultProxy(ScriptedServer):
    """Hands requests on to ``upstream``, and its answers back, until a rule says otherwise.

    While the upstream cannot be reached it hangs up, as the server itself would.
    """

    def __init__(
        self, upstream: str, *, ca_file: str | None = None, authority: CertificateAuthority | None = None
    ) -> None:
        """``upstream`` is a URL without path, ``ca_file`` verifies it; ``authority`` as in ScriptedServer."""
        self._upstream = upstream.rstrip("/")
        self._pool = urllib3.PoolManager(retries=False, timeout=60, maxsize=32, ca_certs=ca_file)
        super().__init__(authority)

    def close(self) -> None:
        """Stops listening, and closes the connections to the upstream."""
        super().close()
        self._pool.clear()

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            answer = self._pool.request(
                handler.command,
                f"{self._upstream}{handler.path}",
                body=body or None,
                headers=headers,
                redirect=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError:
            return Reply(ending="hang up")
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return Reply(answer.status, answer.data, kept)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: ScriptedServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.owner = owner

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a client that goes away in the middle is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One connection: hands each request to the owner, and sends what it replies."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: with Nagle's algorithm each answer would wait 40 ms for the second.
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Reads one request and answers it, whatever its method."""
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(self.server.owner.reply_to(self, body))
        self.wfile.flush()

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.ending == "hang up":
            self.close_connection = True
            return
        missing = 100 if reply.ending == "cut" else 0
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body) + missing))
        self.end_headers()
        self._send_body(reply)
        if missing:
            self.close_connection = True

    def _send_body(self, reply: Reply) -> None:
        if self.command == "HEAD":
            return
        if not reply.drip:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(reply.drip)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""
