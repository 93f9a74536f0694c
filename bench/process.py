"""One process, and what it used: its peak of memory and its CPU time, as the kernel counts them."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOOK: Final = 0.01
"""Seconds between two looks at a process that will end by itself."""


class BenchError(Exception):
    """What was to be measured did not do its work."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds on the clock, seconds of CPU (user and system), and the peak of resident memory in MiB."""

    seconds: float
    cpu: float
    peak_mib: float


def run_to_end(
    command: Sequence[str], log: Path, env: Mapping[str, str], *, codes: Sequence[int] = (0,)
) -> Usage:
    """Run a command until it ends; its output goes to `log`.

    The peak is `VmHWM`, looked at until the end: `ru_maxrss` would count our own memory before the exec.

    Raises:
        BenchError: when it ends with another code than `codes`.

    """
    started = time.monotonic()
    with log.open("wb") as output:
        popen = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=dict(env))
    peak = _Peak(popen.pid)
    _, status, used = os.wait4(popen.pid, 0)
    seconds = time.monotonic() - started
    popen.returncode = os.waitstatus_to_exitcode(status)
    if popen.returncode not in codes:
        raise BenchError(
            f"{' '.join(command[:4])} … ended with {popen.returncode}:\n{log.read_text()[-2000:]}"
        )
    return Usage(seconds, used.ru_utime + used.ru_stime, peak.mib())


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a running process has used, of all its threads."""
    return cpu_of(Path(f"/proc/{pid}/stat").read_text()) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """Return the peak of resident memory of a running process."""
    return peak_of(Path(f"/proc/{pid}/status").read_text())


def resident_mib(pid: int) -> float:
    """Return the resident memory of a running process."""
    return _of_status(Path(f"/proc/{pid}/status").read_text(), "VmRSS")


def cpu_of(stat: str) -> int:
    """Return user and system time of `/proc/PID/stat`, in ticks (proc(5)); the name may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def peak_of(status: str) -> float:
    """Return `VmHWM` of `/proc/PID/status` in MiB; 0 of a process that has ended."""
    return _of_status(status, "VmHWM")


def _of_status(status: str, name: str) -> float:
    for line in status.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


class _Peak:
    """Looks at a process in a thread, until it has ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._mib = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def mib(self) -> float:
        self._thread.join()
        return self._mib

    def _watch(self) -> None:
        try:
            while (now := peak_mib(self._pid)) > 0:
                self._mib = now
                time.sleep(_LOOK)
        except (FileNotFoundError, ProcessLookupError):
            return
