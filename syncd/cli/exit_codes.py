"""The one table of exit codes, for every command."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from syncd.model.errors import ClusterUnreachable, StoreUnavailable, UsageError
from syncd.model.reasons import Reason, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.errors import SyncdError
    from syncd.model.objects import Outcome
    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched
    from syncd.sync.action import Plan


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    """In sync, or done."""
    DIFFERENCES = 1
    """`plan` only: there is something to write."""
    INVALID = 2
    """The command line or the mapping is wrong; of the mapping the rest was still done."""
    UNWELL = 3
    """Something is refused, stale, pending or not readable; a missing optional secret is not."""
    UNREACHABLE = 4
    """The cluster, or every store, cannot be reached."""
    INTERNAL = 70
    """A bug in syncd (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 + SIGINT."""


_PRECEDENCE: Final = (ExitCode.INVALID, ExitCode.UNREACHABLE, ExitCode.UNWELL, ExitCode.DIFFERENCES)
_WELL: Final = frozenset({State.SYNCED, State.SUSPENDED, State.RETAINED})


def first(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that counts when several fit: 2, 4, 3, 1; `DONE` of none."""
    found = frozenset(codes)
    return next((code for code in _PRECEDENCE if code in found), ExitCode.DONE)


def of_error(error: SyncdError) -> ExitCode:
    """Return the code for an error that ended a command."""
    if isinstance(error, UsageError):
        return ExitCode.INVALID
    return ExitCode.UNREACHABLE if isinstance(error, ClusterUnreachable) else ExitCode.UNWELL


def of_outcomes(outcomes: Iterable[Outcome], placements: Iterable[Placement]) -> ExitCode:
    """Return `UNWELL` when a placement is refused, stale or pending, but for a missing optional secret."""
    optional = {placement.id for placement in placements if placement.credential.optional}
    for outcome in outcomes:
        missing = outcome.placement in optional and outcome.reasons == (Reason.SECRET_NOT_FOUND,)
        if outcome.state not in _WELL and not missing:
            return ExitCode.UNWELL
    return ExitCode.DONE


def of_held(plan: Plan) -> ExitCode:
    """Return `UNWELL` when removals or reshapes wait for somebody's word."""
    return ExitCode.UNWELL if plan.held else ExitCode.DONE


def of_stores(fetched: Mapping[SecretRef, Fetched]) -> ExitCode:
    """Return `UNREACHABLE` when stores were asked and none of them answered anything."""
    if fetched and all(isinstance(answer, StoreUnavailable) for answer in fetched.values()):
        return ExitCode.UNREACHABLE
    return ExitCode.DONE
