"""Who is put on the queue, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.daemon.queue import Group, WorkQueue
from syncd.daemon.schedule import Scheduler
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 30.0
STORE = StoreName("platform")
YEARLY = Group(STORE, Schedule(None, "0 0 1 1 *", "UTC"))
OFTEN = Group(STORE, Schedule(1.0))


@pytest.fixture
def queue() -> WorkQueue:
    """Return an empty queue."""
    return WorkQueue()


@pytest.fixture
def scheduler(queue: WorkQueue) -> Iterator[Scheduler]:
    """Return a scheduler that runs."""
    scheduler = Scheduler(queue)
    scheduler.start()
    yield scheduler
    scheduler.close()


def test_a_new_group_is_due_at_once(queue: WorkQueue, scheduler: Scheduler) -> None:
    """A group is swept as soon as it is mapped, even if its schedule comes round in a year."""
    scheduler.replace([YEARLY])
    assert queue.take(0) == YEARLY


def test_which_groups_are_new_is_told(scheduler: Scheduler) -> None:
    """Whoever replaces the groups hears which of them were put on the queue by that."""
    assert scheduler.replace([YEARLY]) == {YEARLY}
    assert scheduler.replace([YEARLY, OFTEN]) == {OFTEN}
    assert scheduler.replace([OFTEN]) == frozenset()


def test_a_group_comes_round(queue: WorkQueue, scheduler: Scheduler) -> None:
    """After its first sweep a group is put again whenever its interval has passed."""
    scheduler.replace([OFTEN])
    for _ in range(3):
        assert queue.take(DEADLINE) == OFTEN
        queue.done(OFTEN)


def test_replacing_with_the_same_changes_nothing(queue: WorkQueue, scheduler: Scheduler) -> None:
    """A mapping that is read again without a change makes nothing due."""
    scheduler.replace([YEARLY])
    queue.take(0)
    queue.done(YEARLY)
    scheduler.replace([YEARLY])
    assert queue.take(0) is None


def test_a_group_that_left_is_not_due_any_more(queue: WorkQueue, scheduler: Scheduler) -> None:
    """What is no longer mapped neither waits nor comes round; what is stays due."""
    gone = Group(StoreName("gone"), Schedule(1.0))
    scheduler.replace([gone, OFTEN])
    scheduler.replace([OFTEN])
    seen = []
    for _ in range(3):
        item = queue.take(DEADLINE)
        assert item is not None
        seen.append(item)
        queue.done(item)
    assert seen == [OFTEN] * 3


def test_a_closed_scheduler_is_silent(queue: WorkQueue) -> None:
    """A scheduler that was never started, or is closed, puts nothing by itself."""
    scheduler = Scheduler(queue)
    scheduler.start()
    scheduler.replace([OFTEN])
    scheduler.close()
    queue.take(0)
    queue.done(OFTEN)
    assert queue.take(1.5) is None
