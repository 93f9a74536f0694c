"""`syncd plan`: what a sync would do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from syncd.cli import exit_codes
from syncd.cli.adopted import adoptions_done
from syncd.cli.changes import rows, unread_row
from syncd.cli.console import complain
from syncd.cli.exit_codes import ExitCode
from syncd.cli.flags import TIMEOUT, Output, StoreLogin, Target, Timeout, with_target
from syncd.cli.logs import log_flags
from syncd.cli.offline import look
from syncd.cli.report import Report, optional_of, refusals_of, show, written
from syncd.cli.session import deadline, session_of
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from syncd.app import StoreAuth
    from syncd.cli.flags import Format
    from syncd.cli.session import Session

Look = Literal["report", "act", "server"]
"""What is planned: all but what leaves, that too, or what the API server says to it."""

Offline = Annotated[
    bool,
    typer.Option(
        "--offline", help="Ask no store: compare what needs no value, and show the rest as (not read)."
    ),
]
Server = Annotated[
    bool,
    typer.Option("--server", help="Let the API server check every write and keep none (dryRun=All)."),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="Show also what the daemon, or sync --prune, does about what left the mapping."
    ),
]


@with_target
def plan(
    ctx: typer.Context,
    *,
    prune: Prune = False,
    offline: Offline = False,
    server: Server = False,
    output: Output = None,
    chosen: Target,
    store_auth: StoreLogin = "configured",
    timeout: Timeout = TIMEOUT,
) -> None:
    """Show what a sync would do.

    Nothing is written, and values are never shown. Ends with 1 when there is something to write, and with 3
    when removals or reshapes would be held, which are shown with their id.

    Example: syncd plan -f mapping.yaml --store-auth ambient
    """
    if offline and server:
        raise UsageError(
            "--offline asks no store, and --server needs the values that it has: give one of them"
        )
    if server and chosen.directory is not None:
        raise UsageError("--server asks an API server, and --directory has none")
    if prune and (offline or server):
        raise UsageError("--prune shows step by step what would go: leave out --offline and --server")
    session = session_of(chosen, chosen.cluster(dry_run=server), log_flags(ctx).listener())
    if offline:
        code = _offline(session, output)
    else:
        look_at: Look = "server" if server else "act" if prune else "report"
        code = _online(session, output, store_auth, timeout, look_at)
    raise typer.Exit(exit_codes.first([code, session.mapping_code]))


def _online(
    session: Session, output: Format | None, store_auth: StoreAuth, timeout: float, look_at: Look
) -> ExitCode:
    with session.engine(store_auth) as engine:
        if look_at == "server":
            enforced = replace(session.document, mode="enforce")
            swept = engine.run(enforced, deadline=deadline(timeout))
        else:
            swept = engine.preview(session.document, look_at, deadline=deadline(timeout))
    placements = swept.wanted.due
    outcomes = tuple(swept.outcomes.values())
    actions = written(swept) if look_at == "server" else swept.plan.actions
    report = Report(
        rows(actions),
        refusals_of(outcomes),
        swept.plan.leftovers,
        swept.plan.unchanged,
        outcomes,
        optional_of(placements),
        "The API server checked every write and kept none." if look_at == "server" else "",
    )
    show(report, output, swept.plan, session.problems)
    for warning in adoptions_done(swept, session.options.instance):
        complain(f"warning: {warning}")
    return exit_codes.first(
        [
            ExitCode.DIFFERENCES if swept.plan else ExitCode.DONE,
            exit_codes.of_outcomes(outcomes, placements),
            exit_codes.of_held(swept.plan),
            exit_codes.of_stores(swept.wanted.fetched),
        ]
    )


def _offline(session: Session, output: Format | None) -> ExitCode:
    found = look(session)
    unread = [unread_row(item.ref, item.placement.credential, item.key) for item in found.unread]
    report = Report(
        sorted([*rows(found.plan.actions), *unread]),
        sorted(found.plan.refused, key=lambda refusal: (refusal.placement, refusal.where)),
        found.plan.leftovers,
        found.plan.unchanged,
        (),
        frozenset(),
        "No store was asked: what exists was not compared with it.",
    )
    show(report, output, found.plan, session.problems)
    return exit_codes.first(
        [
            ExitCode.DIFFERENCES if found.plan else ExitCode.DONE,
            ExitCode.UNWELL if found.plan.refused else ExitCode.DONE,
        ]
    )
