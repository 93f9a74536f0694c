"""An HTTP proxy that takes CONNECT, and leads each known host to a server on loopback."""

from __future__ import annotations

import socket
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 65_536
_PATIENCE = 20.0


class ConnectProxy:
    """`routes`: `host:port` → port on loopback; 403 for everything else. It remembers who was asked for."""

    def __init__(self, routes: Mapping[str, int]) -> None:
        """Listen at once."""
        self.asked: list[str] = []
        self.routes = dict(routes)
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, proxy: ConnectProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients that go away are usual."""


class _Handler(BaseRequestHandler):
    request: socket.socket
    server: _Server

    def handle(self) -> None:
        """Take one CONNECT, and pass on bytes both ways."""
        self.request.settimeout(_PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self.request.recv(_CHUNK)
            if not chunk:
                return
            head += chunk
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        self.server.proxy.asked.append(target)
        port = self.server.proxy.routes.get(target)
        if method != "CONNECT" or port is None:
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as upstream:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(upstream, self.request), daemon=True)
            back.start()
            _pass_on(self.request, upstream)
            back.join(_PATIENCE)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
