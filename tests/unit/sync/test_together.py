"""Jobs side by side: all done, in order, and no more tried than threads when every one fails."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from syncd.sync.together import together


def test_every_job_is_done_once_and_results_are_in_order() -> None:
    """Results stand in the order of the jobs, whoever did them."""
    done: list[int] = []

    def job(number: int) -> int:
        done.append(number)
        return number * number

    results = together([partial(job, number) for number in range(100)], threads=8, name="test")
    assert results == [number * number for number in range(100)]
    assert sorted(done) == list(range(100))


def test_so_many_threads_are_at_work() -> None:
    """Jobs that wait for each other end: as many as there are threads are under way at once."""
    barrier = threading.Barrier(4)
    assert len(together([partial(barrier.wait, 30)] * 8, threads=4, name="test")) == 8


@pytest.mark.parametrize("jobs", [0, 1])
def test_none_and_one(jobs: int) -> None:
    """Nothing to do is no result, and a single job needs no thread."""
    assert together([threading.current_thread] * jobs, threads=8, name="test") == [
        threading.current_thread() for _ in range(jobs)
    ]


def test_an_error_is_raised_after_the_others_are_done() -> None:
    """One job that fails costs no other; its error is raised in the end."""
    done: list[int] = []

    def job(number: int) -> None:
        if number == 0:
            raise ValueError("zero")
        done.append(number)

    with pytest.raises(ValueError, match="zero"):
        together([partial(job, number) for number in range(50)], threads=4, name="test")
    assert sorted(done) == list(range(1, 50))


def test_when_all_fail_no_more_are_tried_than_there_are_threads() -> None:
    """A server that hangs is not waited for once for each of a thousand jobs."""
    tried: list[int] = []

    def job(number: int) -> None:
        tried.append(number)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        together([partial(job, number) for number in range(1000)], threads=4, name="test")
    assert len(tried) == 4
