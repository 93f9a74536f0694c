"""Log lines of single commands: errors only, unless a level is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.telemetry.emitter import Emitter
from syncd.telemetry.lines import LogListener
from syncd.telemetry.log import Form, Level, configure, logger

if TYPE_CHECKING:
    import typer

    from syncd.model.events import Emit


@dataclass(frozen=True, slots=True)
class LogFlags:
    """`--log-level` and `--log-format` as given before the command; None where they were left out."""

    level: Level | None = None
    form: Form | None = None

    def configure(self) -> None:
        """Send log lines to standard error."""
        configure(level=self.level or "error", form=self.form)

    def listener(self) -> Emit:
        """Return what hears events: log lines if a level is asked for, else nobody: the command reports."""
        if self.level is None:
            return Emitter({})
        return Emitter({"log": LogListener(logger(), time.monotonic)})


def log_flags(context: typer.Context) -> LogFlags:
    """Return the flags that were given before the command."""
    flags = context.find_object(LogFlags)
    return flags if flags is not None else LogFlags()
