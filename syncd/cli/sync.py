"""`syncd sync`: one sweep of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import exit_codes
from syncd.cli.changes import rows
from syncd.cli.flags import TIMEOUT, Output, Shown, StoreLogin, Target, Timeout, with_target
from syncd.cli.logs import log_flags
from syncd.cli.newer import refuse_older_files
from syncd.cli.report import Report, optional_of, refusals_of, show, written
from syncd.cli.session import deadline, session_of
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from syncd.cli.exit_codes import ExitCode
    from syncd.cli.flags import Format
    from syncd.cli.session import Session
    from syncd.sync.sweep import Swept

Values = Annotated[
    Shown,
    typer.Option(
        "--values",
        metavar="shown|hidden",
        help="hidden: write a placeholder for each value, for review. Only with --directory, which can then"
        " not be used again.",
    ),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Also release or delete what left the mapping, as its deletionPolicy says. Refused when the"
        " mapping that the daemon accepted last is newer than the files.",
    ),
]


@with_target
def sync(
    ctx: typer.Context,
    *,
    prune: Prune = False,
    values: Values = "shown",
    output: Output = None,
    chosen: Target,
    store_auth: StoreLogin = "configured",
    timeout: Timeout = TIMEOUT,
) -> None:
    """Read every secret once, write what differs.

    Nothing is deleted, unbound or released without --prune. What is refused stays as it is in the cluster,
    and everything else goes on.

    Example: syncd sync -f mapping.yaml --context staging
    """
    if values == "hidden" and chosen.directory is None:
        raise UsageError("--values hidden writes placeholders: only into a --directory, never into a cluster")
    options = chosen.cluster(values="hidden" if values == "hidden" else "real")
    session = session_of(chosen, options, log_flags(ctx).listener(), access="write")
    if prune:
        refuse_older_files(session, chosen.files)
    with session.engine(store_auth) as engine:
        swept = engine.run(session.document, removal="act" if prune else "report", deadline=deadline(timeout))
    raise typer.Exit(_told(session, swept, output))


def _told(session: Session, swept: Swept, output: Format | None) -> ExitCode:
    """Print what came of it, and return the exit code."""
    placements = swept.wanted.due
    outcomes = tuple(swept.outcomes.values())
    report = Report(
        rows(written(swept)),
        refusals_of(outcomes),
        swept.plan.leftovers,
        swept.plan.unchanged,
        outcomes,
        optional_of(placements),
        _note(session, swept),
        done=True,
    )
    show(report, output, swept.plan, session.problems)
    codes = [
        session.mapping_code,
        exit_codes.of_outcomes(outcomes, placements),
        exit_codes.of_held(swept.plan),
        exit_codes.of_stores(swept.wanted.fetched),
    ]
    return exit_codes.first(codes)


def _note(session: Session, swept: Swept) -> str:
    """Say why nothing was written, where the mapping says so, or that it was placeholders."""
    if session.document.mode != "enforce":
        held = len(swept.plan.actions)
        return f"The mapping has mode: {session.document.mode}, so nothing was written ({held} would be)."
    if session.options.values == "hidden":
        return f"{session.options.directory} holds placeholders now: for review only."
    return ""
