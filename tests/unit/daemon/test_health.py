"""When the daemon is alive and when it is ready: judged by work that was finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.daemon.health import LONGEST_LOOK, LONGEST_SWEEP, Health
from syncd.daemon.queue import Group
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from tests.unit.daemon.samples import Clock

GROUP = Group(StoreName("one"), Schedule(300.0))
OTHER = Group(StoreName("two"), Schedule(300.0))
LATE = 3 * 300.0 + 60.0 + LONGEST_SWEEP


@pytest.fixture
def health(clock: Clock) -> Health:
    """Return the health of a daemon that has just started."""
    return Health(clock, mapping_poll=5.0)


def later(health: Health, clock: Clock, seconds: float) -> tuple[str, ...]:
    """Return what is late after a while in which the mapping was looked at."""
    clock.time += seconds
    health.looked()
    return health.not_alive()


def test_it_is_ready_after_the_first_sweep(health: Health) -> None:
    """A mapping in force and one finished sweep are needed; what comes later takes nothing back."""
    assert health.not_ready() == ("no mapping was accepted yet",)
    health.expect([GROUP, OTHER])
    assert health.not_ready() == ("the first sweep is not done",)
    health.finished(GROUP, reached=False)
    assert health.not_ready() == ("the first sweep is not done",)
    health.finished(GROUP, reached=True)
    assert health.not_ready() == ()
    health.finished(GROUP, reached=False)
    health.expect([OTHER])
    assert health.not_ready() == ()


def test_without_groups_there_is_no_first_sweep(health: Health) -> None:
    """A paused mapping makes it ready at once."""
    health.expect([])
    assert health.not_ready() == ()


def test_it_is_alive_and_not_ready_while_it_ends(health: Health) -> None:
    """Nobody should be sent to it, and nobody should kill it."""
    health.expect([])
    health.end()
    assert health.not_ready() == ("it is ending",)
    assert health.not_alive() == ()


def test_a_hung_sweep_is_not_alive(health: Health, clock: Clock) -> None:
    """A sweep that was begun and has not ended for long is what a probe must see."""
    health.expect([GROUP])
    health.began(GROUP)
    assert later(health, clock, LONGEST_SWEEP) == ()
    assert later(health, clock, 1) == (f"{GROUP}: a sweep has run for {LONGEST_SWEEP + 1:.0f} s",)


def test_other_work_does_not_hide_a_hung_sweep(health: Health, clock: Clock) -> None:
    """Finished sweeps of another store are no heartbeat for this one."""
    health.expect([GROUP, OTHER])
    health.began(GROUP)
    clock.time += LONGEST_SWEEP + 1
    health.finished(OTHER, reached=True)
    health.looked()
    assert len(health.not_alive()) == 1


def test_a_group_that_is_never_swept_is_not_alive(health: Health, clock: Clock) -> None:
    """When nothing is begun any more (the scheduler is dead), that shows relative to the schedule."""
    health.expect([GROUP])
    assert later(health, clock, LATE) == ()
    assert later(health, clock, 1) != ()


def test_a_sweep_that_ends_in_a_bug_is_not_finished(health: Health, clock: Clock) -> None:
    """A worker that survives its bugs and does nothing else does no work."""
    health.expect([GROUP])
    for _ in range(20):
        clock.time += LATE / 10
        health.began(GROUP)
        health.failed(GROUP)
    assert later(health, clock, 0) != ()


def test_an_outage_is_no_reason_to_start_anew(health: Health, clock: Clock) -> None:
    """Sweeps that found no API server are finished: another process would find none either."""
    health.expect([GROUP])
    for _ in range(20):
        clock.time += LATE / 10
        health.began(GROUP)
        health.finished(GROUP, reached=False)
    assert later(health, clock, 0) == ()


def test_a_group_that_left_the_mapping_is_not_waited_for(health: Health, clock: Clock) -> None:
    """What is no longer mapped cannot be late, whatever its last sweep did."""
    health.expect([GROUP])
    health.began(GROUP)
    health.expect([OTHER])
    health.finished(GROUP, reached=True)
    clock.time += LATE
    health.finished(OTHER, reached=True)
    assert later(health, clock, 0) == ()


def test_a_group_that_stays_keeps_its_progress(health: Health, clock: Clock) -> None:
    """Changing the mapping again and again does not make a dead group look alive."""
    health.expect([GROUP])
    for _ in range(20):
        clock.time += LATE / 10
        health.expect([GROUP, OTHER])
    health.finished(OTHER, reached=True)
    assert len(later(health, clock, 0)) == 1


def test_a_mapping_that_is_no_longer_looked_at_is_not_alive(health: Health, clock: Clock) -> None:
    """A look that hangs shows after two minutes."""
    clock.time += 5.0 + LONGEST_LOOK
    assert health.not_alive() == ()
    clock.time += 1
    assert health.not_alive() == ("the mapping was last looked at 126 s ago",)
