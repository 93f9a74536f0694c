"""The command line: `syncd`."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

import syncd
from syncd.cli.check import check
from syncd.cli.commands import Commands
from syncd.cli.confirm import confirm
from syncd.cli.console import say
from syncd.cli.demo.command import demo
from syncd.cli.explain import explain
from syncd.cli.logs import LogFlags
from syncd.cli.plan import plan
from syncd.cli.prune import prune
from syncd.cli.render import render
from syncd.cli.run import run
from syncd.cli.schema import schema
from syncd.cli.sync import sync
from syncd.cli.validate import validate
from syncd.telemetry.log import Form, Level

app = typer.Typer(
    name="syncd",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    # Its tracebacks show local variables.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 in sync or done; 1 differences (plan only); 2 command line or mapping invalid;"
    " 3 something refused, stale, pending or not readable; 4 cluster or every store unreachable.",
)


def _version(asked: bool) -> None:
    if asked:
        say(f"syncd {syncd.__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    *,
    log_level: Annotated[
        Level | None,
        typer.Option(
            metavar="debug|info|warning|error",
            help="Default: info for run; the other commands log nothing below error.",
        ),
    ] = None,
    log_format: Annotated[
        Form | None,
        typer.Option(metavar="json|console", help="Default: console on a terminal, json anywhere else."),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the credentials that KServe reads in step with the secret store that they come from."""
    # What is loaded by now stays: the collector need not look through it again and again.
    gc.freeze()
    ctx.obj = LogFlags(log_level, log_format)
    ctx.obj.configure()


app.command()(validate)
app.command()(explain)
app.command()(schema)
app.command()(plan)
app.command()(check)
app.command()(sync)
app.command()(render)
app.command()(run)
app.command()(confirm)
app.command()(prune)
app.command()(demo)
