"""`syncd check`: whether everything is readable that the mapping needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.app import REQUEST_TIMEOUT
from syncd.cli import exit_codes
from syncd.cli.check_report import show
from syncd.cli.checked import Checked
from syncd.cli.exit_codes import ExitCode
from syncd.cli.flags import TIMEOUT, Output, StoreLogin, Target, Timeout, with_target
from syncd.cli.logs import log_flags
from syncd.cli.session import deadline, session_of
from syncd.kserve.cluster_config import KServeConfig
from syncd.model.errors import ClusterUnreachable, UsageError
from syncd.model.reasons import Reason
from syncd.sync.look import look
from syncd.sync.needs import has_placeholders, needs
from syncd.sync.verdicts import forbidden, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from syncd.cli.session import Session
    from syncd.mapping.settings import MappingDocument
    from syncd.model.objects import Survey

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Credentials to check; without any: all, and every store."),
]
Stores = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="NAME", help="Only this store; may be given again."),
]


@with_target
def check(
    ctx: typer.Context,
    names: Names = None,
    *,
    stores: Stores = None,
    output: Output = None,
    chosen: Target,
    store_auth: StoreLogin = "configured",
    timeout: Timeout = TIMEOUT,
) -> None:
    """Say whether everything is readable that the mapping needs.

    Of each store: does it answer, and as whom does it know us. Of each secret: may we read it, which version
    is it, how old, and does it have the fields that its kind needs. Nothing is written, and no value is
    shown. The cluster is asked only for what placeholders stand for.

    Example: syncd check -f mapping.yaml --store-auth ambient
    """
    options = replace(chosen.cluster(), timeout=min(timeout, REQUEST_TIMEOUT))
    session = session_of(chosen, options, log_flags(ctx).listener(), access="if any")
    session = replace(session, document=narrowed(session.document, names or (), stores or ()))
    document = session.document
    survey, problem = _survey(session)
    needed = needs(document.credentials.values(), survey, own_namespace=session.options.namespace)
    refused = forbidden(needed, document.stores)
    with session.stores(store_auth) as opened:
        seen = look(needed.refs - refused, opened, document.stores, deadline=deadline(timeout))
    found = Checked(
        stores=document.stores,
        seen=seen,
        # The cluster's own names of keys are no matter of what a secret has.
        verdicts=verdicts(needed, seen, refused, KServeConfig()),
        unnamed=needed.unnamed,
        cluster=problem,
        now=datetime.now(UTC),
        expiry_warning=document.expiry_warning,
    )
    show(found, output, session.problems)
    raise typer.Exit(exit_codes.first([session.mapping_code, *codes(found)]))


def narrowed(document: MappingDocument, names: Collection[str], stores: Collection[str]) -> MappingDocument:
    """Reduce a mapping to these credentials and stores; none of either: all.

    Raises:
        UsageError: for a name that the mapping does not have.

    """
    _known("credential", names, document.credentials)
    _known("store", stores, document.stores)
    credentials = {
        name: one
        for name, one in document.credentials.items()
        if (not names or name in names) and (not stores or one.stores & frozenset(stores))
    }
    used = frozenset(name for one in credentials.values() for name in one.stores)
    kept = {
        name: one
        for name, one in document.stores.items()
        if (name in stores if stores else not names or name in used)
    }
    return replace(document, credentials=credentials, stores=kept)


def codes(found: Checked) -> Iterable[ExitCode]:
    """Yield what the stores, the secrets and what could not be asked for add to the exit code."""
    outages = [seen.outage for seen in found.seen.values()]
    if outages and all(outages):
        yield ExitCode.UNREACHABLE
    if any(one.reason is Reason.CLUSTER_UNAVAILABLE for one in found.unnamed):
        yield ExitCode.UNREACHABLE
    errors = [finding.error for seen in found.seen.values() for finding in seen.findings]
    reasons = [one.reason for one in found.unnamed]
    if any(errors) or any(outages) or any(reasons) or not all(verdict.well for verdict in found.verdicts):
        yield ExitCode.UNWELL


def _known(what: str, names: Iterable[str], known: Collection[str]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        has = ", ".join(known) or "none"
        raise UsageError(f"the mapping has no valid {what} {', '.join(missing)}; it has {has}")


def _survey(session: Session) -> tuple[Survey | None, str]:
    """Return the cluster's namespaces if the name of a secret depends on them, and why they are not known."""
    if not any(has_placeholders(credential) for credential in session.document.credentials.values()):
        return None, ""
    try:
        return session.cluster.survey(), ""
    except ClusterUnreachable as error:
        return None, str(error)
