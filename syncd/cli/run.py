"""`syncd run`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd.cli.flags import Target, with_target
from syncd.cli.logs import log_flags
from syncd.cli.mapping_files import STDIN
from syncd.daemon.options import MAPPING_POLL, DaemonOptions, Listen
from syncd.model.errors import UsageError

Address = Annotated[
    str,
    typer.Option(
        "--listen", metavar="HOST:PORT", help="Where probes and metrics are served; port 0 takes a free one."
    ),
]
MappingPoll = Annotated[
    float,
    typer.Option("--mapping-poll", min=0.1, metavar="SECONDS", help="Time between two looks at the mapping."),
]


@with_target
def run(
    ctx: typer.Context,
    *,
    listen: Address = ":8080",
    mapping_poll: MappingPoll = MAPPING_POLL,
    chosen: Target,
) -> None:
    """Run the daemon.

    It runs in the foreground until SIGTERM or Ctrl-C. It reads the mapping
    again when it changes, and each secret by its schedule.

    Example: syncd run --namespace syncd --listen :8080
    """
    if STDIN in chosen.files:
        raise UsageError("-f -: the daemon reads the mapping again and again; give it a file")
    flags = log_flags(ctx)
    options = DaemonOptions(
        cluster=chosen.cluster(),
        files=tuple(Path(name) for name in chosen.files),
        config_map=chosen.config_map,
        listen=Listen.parse(listen),
        log_level=flags.level or "info",
        mapping_poll=mapping_poll,
        log_format=flags.form,
    )
    # Every other command would load a scheduler, a web server and metrics for nothing.
    from syncd.daemon import lifecycle  # noqa: PLC0415

    raise typer.Exit(lifecycle.run(options))
