"""Who is swept next, and who waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from syncd.daemon.queue import Group, Priority, WorkQueue
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE = 30.0


def group(store: str | None, interval: float = 300.0) -> Group:
    """Return a group by the name of its store."""
    return Group(None if store is None else StoreName(store), Schedule(interval))


A, B, C = group("a"), group("b"), group("c")


def drain(queue: WorkQueue) -> list[Group]:
    """Take and finish whatever waits, in order."""
    taken = []
    while (item := queue.take(0)) is not None:
        taken.append(item)
        queue.done(item)
    return taken


def background(work: Callable[[], object]) -> threading.Thread:
    """Run something on a thread of its own."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_the_most_urgent_comes_first() -> None:
    """Never synced comes before pushed, pushed before due, whatever the order in which they came."""
    queue = WorkQueue()
    for item, priority in ((A, Priority.DUE), (B, Priority.PUSHED), (C, Priority.NEVER_SYNCED)):
        queue.put(item, priority)
    assert drain(queue) == [C, B, A]


def test_among_equals_the_first_comes_first() -> None:
    """Groups of the same urgency are taken in the order in which they came."""
    queue = WorkQueue()
    for item in (B, A, C):
        queue.put(item, Priority.DUE)
    assert drain(queue) == [B, A, C]


def test_a_group_waits_once() -> None:
    """A group that waits already is not put a second time."""
    queue = WorkQueue()
    queue.put(A, Priority.DUE)
    queue.put(A, Priority.DUE)
    assert len(queue) == 1
    assert drain(queue) == [A]


def test_a_more_urgent_put_moves_a_group_up_and_never_down() -> None:
    """A due group that is pushed is taken earlier; a pushed one that falls due keeps its place."""
    queue = WorkQueue()
    queue.put(A, Priority.DUE)
    queue.put(B, Priority.DUE)
    queue.put(B, Priority.PUSHED)
    queue.put(B, Priority.DUE)
    assert drain(queue) == [B, A]


def test_a_group_is_never_swept_twice_at_once() -> None:
    """A group that is put while it is being swept is taken when that is done, with room to spare too."""
    queue = WorkQueue(per_store=2)
    queue.put(A, Priority.DUE)
    assert queue.take(0) == A
    queue.put(A, Priority.PUSHED)
    assert queue.take(0) is None
    queue.done(A)
    assert queue.take(0) == A


def test_a_store_that_hangs_holds_up_no_other() -> None:
    """While a sweep of one store runs, its other groups wait, however urgent, and other stores go on."""
    queue = WorkQueue(per_store=1)
    other = group("a", 60.0)
    queue.put(A, Priority.NEVER_SYNCED)
    assert queue.take(0) == A
    queue.put(other, Priority.NEVER_SYNCED)
    queue.put(B, Priority.DUE)
    assert queue.take(0) == B
    assert queue.take(0) is None
    queue.done(A)
    assert queue.take(0) == other


def test_a_group_that_is_discarded_is_not_taken() -> None:
    """What left the mapping before its turn is not swept; discarding what does not wait is harmless."""
    queue = WorkQueue()
    queue.put(A, Priority.DUE)
    queue.discard(A)
    queue.discard(B)
    assert queue.take(0) is None


def test_take_waits_for_work() -> None:
    """A worker that finds nothing gets the next group that is put."""
    queue, taken = WorkQueue(), list[Group | None]()
    thread = background(lambda: taken.append(queue.take(DEADLINE)))
    queue.put(A, Priority.DUE)
    thread.join(DEADLINE)
    assert taken == [A]


def test_take_waits_for_a_running_sweep_to_end() -> None:
    """A worker that could only take what is running gets it when that is done."""
    queue, taken = WorkQueue(), list[Group | None]()
    queue.put(A, Priority.DUE)
    queue.take(0)
    queue.put(A, Priority.DUE)
    thread = background(lambda: taken.append(queue.take(DEADLINE)))
    queue.done(A)
    thread.join(DEADLINE)
    assert taken == [A]


def test_closing_sends_everybody_home() -> None:
    """Workers that wait return at once, what waited is dropped, and nothing can be put any more."""
    queue, taken = WorkQueue(), list[Group | None]()
    threads = [background(lambda: taken.append(queue.take())) for _ in range(3)]
    queue.close()
    for thread in threads:
        thread.join(DEADLINE)
    queue.put(A, Priority.DUE)
    assert taken == [None, None, None]
    assert len(queue) == 0
    assert queue.take() is None


def test_many_workers_take_each_group_once() -> None:
    """However many threads take at once, no group is given to two of them."""
    queue = WorkQueue()
    groups = [group(f"store-{number}") for number in range(200)]
    taken: list[Group] = []

    def work() -> None:
        while (item := queue.take(0)) is not None:
            taken.append(item)
            queue.done(item)

    for item in groups:
        queue.put(item, Priority.DUE)
    threads = [background(work) for _ in range(8)]
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(map(str, taken)) == sorted(map(str, groups))


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (A, "a every 300s"),
        (group(None), "no store every 300s"),
        (Group(StoreName("a"), Schedule(None, "0 3 * * mon")), "a at 0 3 * * mon"),
        (Group(StoreName("a"), Schedule(None, "0 3 * * *", "Asia/Tokyo")), "a at 0 3 * * * (Asia/Tokyo)"),
    ],
)
def test_a_group_has_a_name_for_people(item: Group, text: str) -> None:
    """Logs name a group by its store and its schedule."""
    assert str(item) == text
