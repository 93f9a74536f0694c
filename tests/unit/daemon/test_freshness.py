"""When somebody should be told that a placement was not synced in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.daemon.freshness import FreshnessBook
from syncd.model.events import Freshness, PlacementGone
from syncd.model.names import CredentialId, PlacementId
from syncd.model.objects import Outcome
from syncd.model.reasons import Reason, State
from tests.unit.daemon.samples import TWO, Clock, Heard, document

if TYPE_CHECKING:
    from syncd.mapping.settings import MappingDocument

ALPHA = PlacementId(CredentialId("alpha"), "team-a")
LATE = 3 * 300.0 + 60.0
SYNCED = Outcome(ALPHA, State.SYNCED, (Reason.PUBLISHED,))
STALE = Outcome(ALPHA, State.STALE, (Reason.STORE_UNAVAILABLE,))
MISSING = Outcome(ALPHA, State.PENDING, (Reason.SECRET_NOT_FOUND,))
HALF = Outcome(ALPHA, State.PENDING, (Reason.HALF_ROTATED,))
SUSPENDED = Outcome(ALPHA, State.SUSPENDED, (Reason.SUSPENDED,))


class Swept:
    """A sweep that came out as one outcome."""

    def __init__(self, outcome: Outcome) -> None:
        """Take the outcome."""
        self.outcomes = {outcome.placement: outcome}


@pytest.fixture
def book(clock: Clock) -> FreshnessBook:
    """Return an empty book."""
    return FreshnessBook(clock)


def tell(book: FreshnessBook, outcome: Outcome, mapping: MappingDocument) -> Freshness:
    """Return what a sweep with this outcome says."""
    heard = Heard()
    book.tell(cast("Any", Swept(outcome)), mapping, heard)
    (fresh,) = heard
    assert isinstance(fresh, Freshness)
    return fresh


def test_success_moves_both_times(book: FreshnessBook, clock: Clock) -> None:
    """In sync is a success; three intervals and a minute after the last one it is late."""
    assert tell(book, SYNCED, document()) == Freshness(ALPHA, clock.time, clock.time + LATE)
    clock.time += 300
    assert tell(book, SYNCED, document()) == Freshness(ALPHA, clock.time, clock.time + LATE)


def test_failure_moves_nothing(book: FreshnessBook, clock: Clock) -> None:
    """A sweep that failed leaves the last success, and the moment of being late, where they were."""
    start = clock.time
    tell(book, SYNCED, document())
    clock.time += 300
    assert tell(book, STALE, document()) == Freshness(ALPHA, start, start + LATE)


def test_never_synced_counts_from_when_it_was_first_seen(book: FreshnessBook, clock: Clock) -> None:
    """Without any success the first sweep is what the delay is counted from."""
    start = clock.time
    tell(book, STALE, document())
    clock.time += 300
    assert tell(book, STALE, document()) == Freshness(ALPHA, None, start + LATE)


def test_cron_is_late_after_its_second_next_time(book: FreshnessBook, clock: Clock) -> None:
    """With a daily schedule, two days may pass."""
    clock.time = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
    text = TWO.replace("to:", 'schedule: {cron: "0 3 * * *", timeZone: UTC}\n    to:', 1)
    fresh = tell(book, SYNCED, document(text))
    assert fresh.stale_after == 1_700_103_600.0 + 60.0  # 2023-11-16 03:00 UTC


def test_nobody_is_told_of_an_optional_secret_that_is_missing(book: FreshnessBook) -> None:
    """Optional means that it may be missing; any other reason of the same credential has an alarm."""
    mapping = document(TWO.replace("secret: alpha", "secret: alpha, optional: true"))
    assert tell(book, MISSING, mapping).stale_after is None
    assert tell(book, STALE, mapping).stale_after is not None
    assert tell(book, MISSING, document()).stale_after is not None


def test_half_of_a_pair_may_be_late_by_its_time_to_settle(book: FreshnessBook, clock: Clock) -> None:
    """Waiting for the other half is no alarm before that is over."""
    start = clock.time
    tell(book, SYNCED, document())
    assert tell(book, HALF, document()) == Freshness(ALPHA, start, start + LATE + 600.0)
    longer = document(TWO.replace("secret: alpha", "secret: alpha, settle: 1h"))
    assert tell(book, HALF, longer).stale_after == start + LATE + 3600.0
    assert tell(book, STALE, longer).stale_after == start + LATE


def test_nobody_is_told_of_a_suspended_one(book: FreshnessBook) -> None:
    """What somebody suspended is not late."""
    assert tell(book, SUSPENDED, document()).stale_after is None


def test_what_is_gone_is_forgotten(book: FreshnessBook, clock: Clock) -> None:
    """A placement that comes back later is seen for the first time again."""
    tell(book, SYNCED, document())
    book(PlacementGone(ALPHA))
    clock.time += 10_000
    assert tell(book, STALE, document()) == Freshness(ALPHA, None, clock.time + LATE)
