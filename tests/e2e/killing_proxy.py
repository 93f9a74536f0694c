"""A proxy in front of the API server that kills a process at its n-th write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from tests.harness.fault_http import FaultProxy, Handler, Reply

if TYPE_CHECKING:
    import subprocess

When = Literal["before", "after"]
"""Whether the process dies before the write arrives at the API server, or after it was done."""


class KillingProxy(FaultProxy):
    """Hands everything on; at the n-th write of the watched process it kills that process with SIGKILL."""

    def __init__(self, upstream: str, ca_file: str, *, at: int, when: When) -> None:
        """``at`` counts from 1."""
        super().__init__(upstream, ca_file=ca_file)
        self._at = at
        self._when: When = when
        self._writes = 0
        self._turn = threading.Lock()
        self._victim: subprocess.Popen[bytes] | None = None

    def watch(self, victim: subprocess.Popen[bytes]) -> None:
        """Takes the process whose requests come from now on."""
        self._victim = victim

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        # The writes of a process come side by side: one at a time, so that none passes the one that kills.
        with self._turn:
            if handler.command == "GET":
                return super()._otherwise(handler, body)
            self._writes += 1
            if self._writes > self._at:
                return Reply(ending="hang up")
            if self._writes < self._at:
                return super()._otherwise(handler, body)
            if self._when == "after":
                super()._otherwise(handler, body)
            assert self._victim is not None
            self._victim.kill()
            self._victim.wait()
            return Reply(ending="hang up")
