"""How the demo speaks: headings, what was seen, and a progress display while it waits."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from syncd.cli.console import say
from syncd.cli.demo.processes import environment, syncd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Stage:
    """Counts the acts, and shows that something is going on."""

    def __init__(self, acts: int) -> None:
        """Expect this many acts."""
        self._acts = acts
        self._act = 0
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
            TimeElapsedColumn(),
            console=Console(emoji=False, highlight=False),
            transient=True,
        )
        self._task = self._progress.add_task("", total=acts)

    def act(self, title: str) -> None:
        """Begin the next act."""
        self._act += 1
        self._progress.update(self._task, completed=self._act - 1)
        say()
        say(f"[{self._act}/{self._acts}] {title}", "bold cyan")

    def seen(self, text: str) -> None:
        """Say what was seen, and checked."""
        say(f"  ✓ {text}", "green")

    def note(self, text: str) -> None:
        """Say something else."""
        say(f"    {text}", "dim")

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show that the demo waits for something, on a terminal only."""
        if not sys.stdout.isatty():
            yield
            return
        self._progress.update(self._task, description=text)
        with self._progress:
            yield

    def command(self, folder: Path, *arguments: str) -> int:
        """Run a command of syncd before the audience; return its exit code."""
        say(f"  $ syncd {' '.join(arguments)}", "bold")
        sys.stdout.flush()
        return _run(folder, arguments, None).returncode

    def summed_up(self, folder: Path, *arguments: str) -> int:
        """Run a command of syncd, and show of what it prints the last line; return its exit code."""
        say(f"  $ syncd {' '.join(arguments)}", "bold")
        with self.waiting(arguments[0]):
            done = _run(folder, arguments, subprocess.PIPE)
        say(done.stdout.decode().rstrip().rpartition("\n")[2])
        return done.returncode


def _run(folder: Path, arguments: Sequence[str], output: int | None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  # syncd itself
        syncd(*arguments), cwd=folder, env=environment(), check=False, stdout=output
    )
