"""`syncd run`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd.app import KSERVE_NAMESPACE
from syncd.cli.flags import (
    NAMESPACE,
    ConfigMap,
    Context,
    Directory,
    Filenames,
    InstanceName,
    KServeNamespace,
    Kubeconfig,
    Namespace,
    target,
)
from syncd.cli.logs import log_flags
from syncd.cli.mapping_files import STDIN
from syncd.daemon import lifecycle
from syncd.daemon.options import CONFIG_MAP, MAPPING_POLL, DaemonOptions, Listen
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


def run(
    ctx: typer.Context,
    *,
    files: Filenames = None,
    listen: Address = ":8080",
    mapping_poll: MappingPoll = MAPPING_POLL,
    namespace: Namespace = NAMESPACE,
    config_map: ConfigMap = CONFIG_MAP,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
    instance: InstanceName = None,
    kserve_namespace: KServeNamespace = KSERVE_NAMESPACE,
) -> None:
    """Run the daemon.

    It runs in the foreground until SIGTERM or Ctrl-C. It reads the mapping
    again when it changes, and each secret by its schedule.

    Example: syncd run --namespace syncd --listen :8080
    """
    if files and STDIN in files:
        raise UsageError("-f -: the daemon reads the mapping again and again; give it a file")
    chosen = target(
        files,
        namespace=namespace,
        config_map=config_map,
        kubeconfig=kubeconfig,
        context=context,
        directory=directory,
        instance=instance,
        kserve_namespace=kserve_namespace,
    )
    flags = log_flags(ctx)
    options = DaemonOptions(
        cluster=chosen.cluster(),
        files=tuple(Path(name) for name in chosen.files),
        config_map=config_map,
        listen=Listen.parse(listen),
        log_level=flags.level or "info",
        mapping_poll=mapping_poll,
        log_format=flags.form,
    )
    raise typer.Exit(lifecycle.run(options))
