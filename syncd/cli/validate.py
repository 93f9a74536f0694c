"""`syncd validate`: everything that is wrong with a mapping, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.app import digest_key, open_cluster
from syncd.cli.console import complain, say
from syncd.cli.exit_codes import ExitCode
from syncd.cli.flags import (
    NAMESPACE,
    ConfigMap,
    Context,
    Directory,
    Kubeconfig,
    Namespace,
    target,
)
from syncd.cli.logs import log_flags
from syncd.cli.mapping_files import of_config_map, of_files
from syncd.daemon.options import CONFIG_MAP
from syncd.mapping.read import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.mapping.settings import Problem, Reading

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|DIR|-]...",
        help="The mapping, in files or directories, or - for standard input."
        " Without any: the ConfigMap in the cluster.",
    ),
]


def validate(
    ctx: typer.Context,
    *,
    files: Files = None,
    namespace: Namespace = NAMESPACE,
    config_map: ConfigMap = CONFIG_MAP,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
) -> None:
    """Say everything that is wrong with a mapping.

    Each mistake has file, line and column. Files are checked without asking any cluster or store.

    Example: syncd validate mapping.yaml
    """
    if files:
        found = of_files(files)
    else:
        chosen = target(
            files,
            namespace=namespace,
            config_map=config_map,
            kubeconfig=kubeconfig,
            context=context,
            directory=directory,
        )
        cluster = open_cluster(chosen.cluster(), digest_key(), log_flags(ctx).listener())
        found = of_config_map(cluster, chosen.config_map_ref)
    reading = read(found.files, included=found.included)
    _report(reading)
    errors, _ = _counts(reading.problems)
    raise typer.Exit(ExitCode.INVALID if errors else ExitCode.DONE)


def _report(reading: Reading) -> None:
    for problem in reading.problems:
        red = "red" if problem.severity == "error" else "yellow"
        say(f"{problem}" if problem.severity == "error" else f"{problem} (warning)", red)
    errors, warnings = _counts(reading.problems)
    document = reading.document
    if not errors and document is not None:
        noted = f", {_number(warnings, 'warning')}" if warnings else ""
        stores = _number(len(document.stores), "store")
        say(f"valid: {_number(len(document.credentials), 'credential')}, {stores}{noted}", "green")
        return
    consequence = (
        "nothing of this mapping can be accepted"
        if document is None
        else f"{_number(len(document.credentials), 'credential')} can be accepted, {len(reading.refused)} not"
    )
    complain(f"{_number(errors, 'error')}, {_number(warnings, 'warning')}: {consequence}")


def _counts(problems: Sequence[Problem]) -> tuple[int, int]:
    errors = sum(problem.severity == "error" for problem in problems)
    return errors, len(problems) - errors


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
