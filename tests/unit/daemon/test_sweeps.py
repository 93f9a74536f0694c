"""What can come of one sweep: never an exception."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.daemon.freshness import FreshnessBook
from syncd.daemon.groups import HOURLY, groups_of
from syncd.daemon.queue import Group
from syncd.daemon.sweeps import Ended, Sweeps
from syncd.mapping.credential import Schedule
from syncd.model.errors import ClusterUnreachable
from syncd.model.events import Freshness, SweepFailed
from syncd.model.names import CredentialId, PlacementId
from syncd.model.objects import Outcome
from syncd.model.reasons import Reason, State
from syncd.model.secret import StoreName
from tests.unit.daemon.samples import Clock, Heard, document

if TYPE_CHECKING:
    from syncd.mapping.settings import MappingDocument

ONE = Group(StoreName("one"), Schedule(300.0))
CANARY = "c4n4ry-in-an-exception"
ALPHA = PlacementId(CredentialId("alpha"), "team-a")


class Engine:
    """Sweeps as it is told to, and is its own app and its own result."""

    def __init__(self) -> None:
        """Find everything in sync."""
        self.engine = self
        self.error: Exception | None = None
        self.ran: list[tuple[frozenset[CredentialId], str]] = []
        self.lost: list[frozenset[CredentialId]] = []
        self.outcomes = {ALPHA: Outcome(ALPHA, State.SYNCED, (Reason.PUBLISHED,))}

    def run(
        self,
        _document: MappingDocument,
        due: frozenset[CredentialId],
        *,
        group: str,
        removal: str,
        deadline: float,
    ) -> Engine:
        """Sweep."""
        assert deadline > 0
        assert removal == "act", "what left the mapping is dealt with by the daemon"
        self.ran.append((due, group))
        if self.error is not None:
            raise self.error
        return self

    def lost_sight(self, due: frozenset[CredentialId]) -> None:
        """Hear that there was no cluster."""
        self.lost.append(due)


@pytest.fixture
def engine() -> Engine:
    """Return an engine that succeeds."""
    return Engine()


@pytest.fixture
def sweeps(engine: Engine, heard: Heard, clock: Clock) -> Sweeps:
    """Return sweeps of two credentials, each from its own store."""
    sweeps = Sweeps(cast("Any", engine), FreshnessBook(clock), heard)
    mapping = document()
    sweeps.use(mapping, groups_of(mapping))
    return sweeps


def test_a_sweep_is_of_its_group_and_tells_freshness(sweeps: Sweeps, engine: Engine, heard: Heard) -> None:
    """Only the group's credentials are due, and each placement's freshness follows."""
    assert sweeps.run(ONE) is Ended.FINISHED
    assert engine.ran == [(frozenset({"alpha"}), "one every 300s")]
    assert [type(event) for event in heard] == [Freshness]


def test_keyless_credentials_are_swept_without_any(sweeps: Sweeps, engine: Engine) -> None:
    """The hourly sweep looks at what the mapping no longer has, even with nothing of its own."""
    assert sweeps.run(HOURLY) is Ended.FINISHED
    assert engine.ran == [(frozenset(), "no store every 3600s")]


def test_an_absent_cluster_is_an_event_and_makes_stale(sweeps: Sweeps, engine: Engine, heard: Heard) -> None:
    """The text is ours and may be told; what was in sync is stale from now on."""
    engine.error = ClusterUnreachable("https://cluster: no connection")
    assert sweeps.run(ONE) is Ended.UNREACHABLE
    assert heard == [SweepFailed("one every 300s", "cluster", "https://cluster: no connection")]
    assert engine.lost == [frozenset({"alpha"})]


def test_a_bug_is_told_by_its_class(sweeps: Sweeps, engine: Engine, heard: Heard) -> None:
    """It is told by class and place, and never by its text, which may quote a value."""
    engine.error = KeyError(CANARY)
    assert sweeps.run(ONE) is Ended.BUG
    (failed,) = heard
    assert isinstance(failed, SweepFailed)
    assert (failed.group, failed.cause) == ("one every 300s", "bug")
    assert re.fullmatch(r"KeyError at test_sweeps\.py:\d+", failed.error)


def test_a_group_that_left_the_mapping_is_not_swept(sweeps: Sweeps, engine: Engine) -> None:
    """What waited on the queue while the mapping changed is left."""
    assert sweeps.run(Group(StoreName("one"), Schedule(60.0))) is Ended.GONE
    assert not engine.ran


def test_without_a_mapping_nothing_is_swept(engine: Engine, clock: Clock, heard: Heard) -> None:
    """Before the first mapping there is nothing to do."""
    assert Sweeps(cast("Any", engine), FreshnessBook(clock), heard).run(ONE) is Ended.GONE
