"""The one table of exit codes, and which one counts."""

from __future__ import annotations

import pytest

from syncd.cli.exit_codes import ExitCode, first, of_error, of_outcomes, of_stores
from syncd.model.errors import (
    AccessDenied,
    ClusterUnreachable,
    NotLeader,
    StoreUnavailable,
    SyncdError,
    UsageError,
)
from syncd.model.names import CredentialId, PlacementId
from syncd.model.objects import Outcome
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef, StoreName
from tests.unit.sync.builders import credential, placement, remote

MINE = PlacementId(CredentialId("hub"), "nlp")


@pytest.mark.parametrize(
    ("codes", "counts"),
    [
        ((), ExitCode.DONE),
        ((0, 1), ExitCode.DIFFERENCES),
        ((1, 3, 0), ExitCode.UNWELL),
        ((3, 4, 1), ExitCode.UNREACHABLE),
        ((4, 3, 2, 1), ExitCode.INVALID),
    ],
)
def test_precedence(codes: tuple[int, ...], counts: ExitCode) -> None:
    """When several codes fit, the first of 2, 4, 3, 1 counts."""
    assert first(ExitCode(code) for code in codes) is counts


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), ExitCode.INVALID),
        (ClusterUnreachable("x"), ExitCode.UNREACHABLE),
        (NotLeader("x"), ExitCode.UNWELL),
    ],
)
def test_errors(error: SyncdError, code: ExitCode) -> None:
    """An error that ends a command has one code."""
    assert of_error(error) is code


@pytest.mark.parametrize(
    ("reasons", "optional", "code"),
    [
        ((Reason.PUBLISHED,), False, ExitCode.DONE),
        ((Reason.UNMAPPED,), False, ExitCode.DONE),
        ((Reason.SUSPENDED,), False, ExitCode.DONE),
        ((Reason.EMPTY_VALUE,), False, ExitCode.UNWELL),
        ((Reason.STORE_UNAVAILABLE,), False, ExitCode.UNWELL),
        ((Reason.NAMESPACE_MISSING,), False, ExitCode.UNWELL),
        ((Reason.SECRET_NOT_FOUND,), False, ExitCode.UNWELL),
        ((Reason.SECRET_NOT_FOUND,), True, ExitCode.DONE),
        ((Reason.SECRET_NOT_FOUND, Reason.FOREIGN_SECRET), True, ExitCode.UNWELL),
    ],
)
def test_outcomes(reasons: tuple[Reason, ...], optional: bool, code: ExitCode) -> None:
    """Refused, stale and pending are 3; a missing secret that may be missing is not."""
    outcome = Outcome(MINE, reasons[0].state, reasons)
    assert of_outcomes([outcome], [placement(credential(optional=optional))]) is code


def test_all_stores_down() -> None:
    """Only when no store answers anything is it 4; one answer, even a refusal, is one."""
    one, other = SecretRef(StoreName("a"), "x"), SecretRef(StoreName("b"), "y")
    down = StoreUnavailable("down")
    assert of_stores({}) is ExitCode.DONE
    assert of_stores({one: down, other: down}) is ExitCode.UNREACHABLE
    assert of_stores({one: down, other: AccessDenied("no")}) is ExitCode.DONE
    assert of_stores({one: down, other: remote("{}")}) is ExitCode.DONE
