"""An HTTP proxy that takes every CONNECT to one server on loopback: names of the internet without it.

Source: RFC 9110, section 9.3.6 (CONNECT).
"""

from __future__ import annotations

import socket
import socketserver
import threading
from typing import Self


class Tunnel:
    """Listens at `url`, and connects whoever asks for whatever host to `port`; `asked` lists the hosts."""

    def __init__(self, port: int) -> None:
        """Listens at once."""
        self.asked: list[str] = []
        self.port = port
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, owner: Tunnel) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.owner = owner


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Reads one CONNECT, and passes on what comes from either side until one has gone."""
        method, target, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        self.server.owner.asked.append(target)
        with socket.create_connection(("127.0.0.1", self.server.owner.port)) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(upstream, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, upstream)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while content := source.recv(65_536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
