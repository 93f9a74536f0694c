"""Who does the sweeps, and how they end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.daemon.health import Health
from syncd.daemon.queue import Group, Priority, WorkQueue
from syncd.daemon.sweeps import Ended
from syncd.daemon.workers import FIRST_PAUSE, LONGEST_PAUSE, Workers
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.daemon.samples import Clock

DEADLINE = 30.0
SLOW = Group(StoreName("slow"), Schedule(300.0))
FAST = Group(StoreName("fast"), Schedule(300.0))


class Sweeps:
    """Sweeps that end as a test says."""

    def __init__(self) -> None:
        """End at once, and well."""
        self.release = threading.Event()
        self.hanging = threading.Event()
        self.done: list[Group] = []
        self.counted = threading.Condition()
        self.answer: Callable[[Group], Ended] = lambda _: Ended.FINISHED

    def run(self, group: Group) -> Ended:
        """Sweep; the slow group hangs until it is released."""
        if group is SLOW:
            self.hanging.set()
            self.release.wait(DEADLINE)
        ended = self.answer(group)
        with self.counted:
            self.done.append(group)
            self.counted.notify_all()
        return ended

    def wait(self, count: int) -> None:
        """Wait until so many sweeps have ended."""
        with self.counted:
            assert self.counted.wait_for(lambda: len(self.done) >= count, DEADLINE)


@pytest.fixture
def sweeps() -> Sweeps:
    """Return sweeps that succeed."""
    return Sweeps()


@pytest.fixture
def queue() -> WorkQueue:
    """Return an empty queue."""
    return WorkQueue()


@pytest.fixture
def health(clock: Clock) -> Health:
    """Return a health that expects both groups."""
    health = Health(clock, mapping_poll=5.0)
    health.expect([SLOW, FAST])
    return health


@pytest.fixture
def pauses() -> list[tuple[float, float]]:
    """Return where the bounds of each pause are kept."""
    return []


@pytest.fixture
def workers(
    queue: WorkQueue, sweeps: Sweeps, health: Health, pauses: list[tuple[float, float]]
) -> Iterator[Workers]:
    """Return workers for two stores, whose pauses last no time."""

    def chance(least: float, most: float) -> float:
        pauses.append((least, most))
        return 0.0

    workers = Workers(queue, cast("Any", sweeps), health, chance=chance)
    workers.serve([SLOW.store, FAST.store])
    yield workers
    sweeps.release.set()
    assert workers.close(DEADLINE)


def test_a_store_that_hangs_holds_nobody_else(workers: Workers, queue: WorkQueue, sweeps: Sweeps) -> None:
    """However often the hanging store is due, the other one is swept."""
    other = Group(SLOW.store, Schedule(60.0))
    for group in (SLOW, other):
        queue.put(group, Priority.NEVER_SYNCED)
    for round_ in range(1, 4):
        queue.put(FAST, Priority.DUE)
        sweeps.wait(round_)
    assert sweeps.done == [FAST] * 3


def test_an_absent_cluster_is_tried_again_with_growing_pauses(
    workers: Workers, queue: WorkQueue, sweeps: Sweeps, pauses: list[tuple[float, float]], health: Health
) -> None:
    """Pauses double up to a minute, with jitter, and the sweep is done when the API server is back."""
    answers = iter([Ended.UNREACHABLE] * 8)
    sweeps.answer = lambda _: next(answers, Ended.FINISHED)
    queue.put(FAST, Priority.DUE)
    sweeps.wait(9)
    longest = [most for _, most in pauses]
    assert longest == [FIRST_PAUSE * 2**turn for turn in range(6)] + [LONGEST_PAUSE] * 2
    assert all(least == most / 2 for least, most in pauses)


def test_a_bug_leaves_the_thread_at_work(
    workers: Workers, queue: WorkQueue, sweeps: Sweeps, health: Health
) -> None:
    """After a sweep that ended in a bug the next one is done; only that one makes the daemon ready."""
    answers = iter([Ended.BUG])
    sweeps.answer = lambda _: next(answers, Ended.FINISHED)
    queue.put(FAST, Priority.DUE)
    sweeps.wait(1)
    assert health.not_ready()
    queue.put(FAST, Priority.DUE)
    sweeps.wait(2)
    assert workers.close(DEADLINE)
    assert not health.not_ready()


def test_closing_waits_for_the_sweep_under_way(workers: Workers, queue: WorkQueue, sweeps: Sweeps) -> None:
    """A sweep that has begun may end; what waits is not begun."""
    queue.put(SLOW, Priority.DUE)
    assert sweeps.hanging.wait(DEADLINE)
    assert not workers.close(0.05)
    queue.put(FAST, Priority.DUE)
    sweeps.release.set()
    assert workers.close(DEADLINE)
    assert sweeps.done == [SLOW]


def test_closing_ends_a_pause(queue: WorkQueue, sweeps: Sweeps, health: Health) -> None:
    """Nobody waits a minute for an API server when the daemon ends."""
    workers = Workers(queue, cast("Any", sweeps), health, chance=lambda _, most: most * 1000)
    workers.serve([FAST.store])
    sweeps.answer = lambda _: Ended.UNREACHABLE
    queue.put(FAST, Priority.DUE)
    sweeps.wait(1)
    assert workers.close(DEADLINE)
    assert sweeps.done == [FAST]
