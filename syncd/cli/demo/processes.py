"""Processes that the demo starts, and ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LOOPBACK: Final = "127.0.0.1"
_GRACE: Final = 20.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process in a session of its own, so that Ctrl-C reaches the demo alone; its output is in `log`."""

    log: Path
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, command: Sequence[str], *, folder: Path, log: Path) -> Self:
        """Start it in a folder; what it prints is appended to the log."""
        with log.open("ab") as output:
            popen = subprocess.Popen(  # noqa: S603  # bao and syncd themselves
                command,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(log, popen)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    def stop(self) -> None:
        """Ask it to end, and see to it."""
        if self.running:
            self.popen.terminate()
        try:
            self.popen.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.running:
            self.popen.kill()
        self.popen.wait()


def syncd(*arguments: str) -> list[str]:
    """Return the command that runs this very syncd."""
    return [sys.executable, "-m", "syncd", *arguments]


def environment() -> dict[str, str]:
    """Return ours, without what would lead processes of the demo elsewhere."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "VAULT_", "BAO_"))
    }
    return ours | {"NO_PROXY": _LOOPBACK, "no_proxy": _LOOPBACK}


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])
