"""Independent jobs side by side: each thread takes the next one, so that nobody is woken up for every job."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def together(jobs: Sequence[Callable[[], T]], *, threads: int, name: str) -> list[T]:
    """Return what the jobs return, in their order, done by at most so many threads.

    A job that raises ends its thread; the other threads go on, and the first error is raised after all have
    ended. So when every job fails alike, as with a server that hangs, only `threads` of them are tried.

    Args:
        jobs: what is to be done.
        threads: how many jobs are under way at once.
        name: of the threads.

    """
    if len(jobs) <= 1:
        return [job() for job in jobs]
    waiting = deque(enumerate(jobs))
    threads = min(threads, len(jobs))
    with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
        parts = [pool.submit(_work, waiting) for _ in range(threads)]
    done = [each for part in parts for each in part.result()]
    return [result for _, result in sorted(done, key=lambda each: each[0])]


def _work(waiting: deque[tuple[int, Callable[[], T]]]) -> list[tuple[int, T]]:
    """Do jobs until none waits."""
    done: list[tuple[int, T]] = []
    while True:
        try:
            number, job = waiting.popleft()
        except IndexError:
            return done
        done.append((number, job()))
