"""Starting, waiting for and stopping the servers."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

POLL = 0.02
READY = 60.0
"""Seconds that a server may take to become ready: generous, since two cores may be busy."""

_TIED = Path(__file__).with_name("tied.py")
_PORTS = range(
    15_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]),
    32_000,
    int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
)
_given: set[int] = set()
T = TypeVar("T")


class HarnessError(Exception):
    """A real part did not do what a test needs of it: a broken set-up, not a failed test."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process started by the harness. Its output is in ``log``; it dies when we do (on Linux)."""

    name: str
    log: Path
    command: tuple[str, ...]
    env: Mapping[str, str] | None
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
    ) -> Self:
        """Starts the command in the folder, with exactly ``env``, or our environment when None.

        On Linux the kernel kills it when the *thread* that called this ends, so call it from a
        thread that lives as long as the server is needed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_TIED), str(os.getpid()), *command],
                cwd=folder,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(name, log, tuple(command), env, popen)

    def again(self) -> Self:
        """The same command once more, in the same folder; its output is appended to the log."""
        return self.start(self.name, self.command, folder=self.log.parent, env=self.env)

    @property
    def pid(self) -> int:
        """The process id, of the command itself."""
        return self.popen.pid

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    def stop(self, *, within: float = 20.0) -> int:
        """Asks it to end, kills it after ``within`` seconds. Returns its exit code."""
        if self.running():
            self.popen.terminate()
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Ends it at once, as a crash would. Returns its exit code, negative for a signal."""
        if self.running():
            self.popen.kill()
        return self.popen.wait()

    def pause(self) -> None:
        """Stops it from running until ``resume``: connections stay open and nothing answers."""
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it run again."""
        self.popen.send_signal(signal.SIGCONT)

    def tail(self, lines: int = 25) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_for(
    what: str, condition: Callable[[], T | None], *, within: float = READY, child: Child | None = None
) -> T:
    """The first answer of ``condition`` that is neither None nor False.

    Raises HarnessError after ``within`` seconds, or at once when the child has ended.
    """
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer is not None and answer is not False:
            return answer
        if child is not None and not child.running():
            raise HarnessError(f"{child.name} ended with {child.popen.returncode}:\n{child.tail()}")
        if time.monotonic() > deadline:
            output = f"; {child.name} says:\n{child.tail()}" if child else ""
            raise HarnessError(f"waited {within:.0f} s for {what}{output}")
        time.sleep(POLL)


def free_port() -> int:
    """A loopback port that nobody listens on.

    Drawn from below the range that the kernel gives to outgoing connections, so that nothing but
    another test run can take it before the server does; never the same twice in one process, nor in two
    that run the tests side by side (pytest-xdist).
    """
    while True:
        port = random.choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def accepts(port: int) -> bool:
    """Whether somebody listens on the loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
