"""Runs syncd as its users do, and looks for what must not be printed."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from syncd.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_OURS = ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "VAULT_TOKEN", "SYNCD_NAMESPACE", "SYNCD_INSTANCE")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def prints(self, value: str) -> bool:
        """Tell whether a value is anywhere in what it printed."""
        return value in self.out or value in self.err


def syncd(*arguments: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Ended:
    """Run one command in this process, with nothing of the caller's own clusters and logins.

    A command configures the log lines and hooks of its process; they are as before afterwards.
    """
    root = logging.getLogger()
    before = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    handlers = root.handlers[:]
    clean: dict[str, str | None] = {**dict.fromkeys(NOT_OURS), "HOME": "/nonexistent", **(env or {})}
    try:
        result = CliRunner().invoke(app, arguments, env=clean, input=stdin)
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook = before
        root.handlers[:] = handlers
    return Ended(result.exit_code, result.stdout, result.stderr)
