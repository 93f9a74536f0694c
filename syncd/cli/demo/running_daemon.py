"""The daemon as a process: its log lines and its metrics."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any, Final

from syncd.cli.demo.failed import DemoFailed, until
from syncd.cli.demo.processes import Process, syncd

if TYPE_CHECKING:
    from pathlib import Path

_HOST: Final = "127.0.0.1"
_OK: Final = 200
_PLACEMENTS: Final = re.compile(r'^syncd_placements\{state="(\w+)"\} ([0-9.]+)$', re.MULTILINE)


class RunningDaemon:
    """`syncd run` on the demo's mapping and cluster."""

    def __init__(self, folder: Path) -> None:
        """Start it; what it prints goes to `syncd.log` in the folder."""
        command = syncd("--log-format", "json", "run", "-f", "mapping.yaml", "--directory", "cluster")
        self.process = Process.start(
            [*command, "--listen", f"{_HOST}:0", "--mapping-poll", "1"],
            folder=folder,
            log=folder / "syncd.log",
        )
        self._port = 0

    def wait(self) -> None:
        """Wait until it listens, and says that it is ready."""
        self._port = int(until("the daemon listens", lambda: self.line("listening"))["port"])
        until("the daemon is ready", self.ready)

    @property
    def metrics(self) -> str:
        """Where its metrics are."""
        return f"http://{_HOST}:{self._port}/metrics"

    def ready(self) -> bool:
        """Tell whether it says that it is ready."""
        return self._get("/readyz")[0] == _OK

    def states(self) -> dict[str, int]:
        """Return how many placements are in each state."""
        return {state: int(float(count)) for state, count in _PLACEMENTS.findall(self._get("/metrics")[1])}

    def mark(self) -> int:
        """Return how far the log goes now."""
        return len(self._lines())

    def line(self, event: str, since: int = 0, **fields: str) -> dict[str, Any] | None:
        """Return the first line about an event since a mark, with these fields; None when there is none."""
        for line in self._lines()[since:]:
            if line.get("event") == event and fields.items() <= line.items():
                return line
        return None

    def _lines(self) -> list[dict[str, Any]]:
        if not self.process.running:
            raise DemoFailed(f"the daemon has ended by itself; its log is {self.process.log}")
        text = self.process.log.read_text(encoding="utf-8", errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]

    def _get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
