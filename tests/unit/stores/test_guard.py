"""The guard around every store: bounds, breaker, retries, deadline and events, on a clock that tests turn."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    SecretNotFound,
    StoreError,
    StoreUnavailable,
)
from syncd.model.events import Event, StoreHealth, StoreRequest
from syncd.model.reasons import Reason
from syncd.model.secret import RemoteSecret, SecretRef, SecretValue, StoreName
from syncd.stores.backoff import Backoff
from syncd.stores.breaker import Breaker
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from syncd.stores.interface import Fetched, SecretStore
from syncd.stores.limiter import Limiter
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NAME = StoreName("platform")
A, B = SecretRef(NAME, "a"), SecretRef(NAME, "b")
DOWN = StoreUnavailable("platform: down")


class Script(SecretStore):
    """Answers by a function of the reference; remembers who was asked for and until when."""

    batch = 5

    def __init__(self, answer: Callable[[SecretRef], Fetched]) -> None:
        """Answer with `answer`, which may raise."""
        self.name = NAME
        self.answer = answer
        self.asked: list[tuple[SecretRef, ...]] = []
        self.deadlines: list[float] = []
        self.closed = False

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Answer."""
        self.asked.append(tuple(refs))
        self.deadlines.append(deadline)
        return {ref: self.answer(ref) for ref in refs}

    def close(self) -> None:
        """Note it."""
        self.closed = True


def good(ref: SecretRef) -> Fetched:
    """A secret."""
    return RemoteSecret(ref, None, SecretValue(b"x"))


class Guard:
    """A guarded script, its clock and its events."""

    def __init__(self, answer: Callable[[SecretRef], Fetched], bounds: Bounds | None = None) -> None:
        """Draw every pause whole: no chance in it."""
        self.time = Time()
        self.events: list[Event] = []
        self.script = Script(answer)
        patience = Patience(
            retry=Backoff(0.5, 10.0, draw=lambda: 1.0),
            outage=Backoff(5.0, 60.0, draw=lambda: 1.0),
            clock=self.time.clock(),
        )
        self.store = GuardedStore(self.script, bounds or Bounds(), self.events.append, patience)

    def fetch(self, *refs: SecretRef, within: float = 600.0) -> Mapping[SecretRef, Fetched]:
        """Fetch, with plenty of time."""
        return self.store.fetch(refs or (A,), deadline=self.time.now + within)

    def health(self) -> list[tuple[bool, Reason | None]]:
        """The changes of health so far."""
        return [(event.up, event.reason) for event in self.events if isinstance(event, StoreHealth)]

    def outcomes(self) -> list[str]:
        """The outcomes of the requests so far."""
        return [event.outcome for event in self.events if isinstance(event, StoreRequest)]


def reason(answer: Fetched) -> str:
    """`ok`, or the reason."""
    return answer.reason.value if isinstance(answer, StoreError) else "ok"


def test_success_is_asked_for_once() -> None:
    """What is answered is not asked for again, and is one event."""
    guard = Guard(good)
    assert reason(guard.fetch()[A]) == "ok"
    assert guard.script.asked == [(A,)]
    assert guard.outcomes() == ["ok"]
    assert guard.health() == []
    assert guard.time.sleeps == []


def test_only_failed_references_are_asked_for_again() -> None:
    """A retry carries what failed, not what was answered."""
    guard = Guard(lambda ref: DOWN if ref == B else good(ref))
    answers = guard.fetch(A, B)
    assert (reason(answers[A]), reason(answers[B])) == ("ok", "StoreUnavailable")
    assert guard.script.asked == [(A, B), (B,), (B,)]


def test_backoff_grows() -> None:
    """The pauses between attempts double."""
    guard = Guard(lambda _: DOWN)
    guard.fetch()
    assert guard.time.sleeps == [0.5, 1.0]


@pytest.mark.parametrize("error", [SecretNotFound("x"), AccessDenied("x"), AuthenticationFailed("x")])
def test_answers_are_not_tried_again(error: StoreError) -> None:
    """What the store has said, or a refused login, is not asked again: five of them would lock a role."""
    guard = Guard(lambda _: error)
    for _ in range(5):
        guard.fetch()
    assert len(guard.script.asked) == 5


def test_retry_after_is_honoured() -> None:
    """The store's own pause is waited for, by this caller and by everybody else."""
    answers = iter([RateLimited("slow down", retry_after=7.0), good(A), good(A)])
    guard = Guard(lambda _: next(answers))
    assert reason(guard.fetch()[A]) == "ok"
    assert sum(guard.time.sleeps) == pytest.approx(7.0)


def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    """A pause that ends after the deadline is the answer at once, and nothing is asked meanwhile."""
    guard = Guard(lambda _: RateLimited("slow down", retry_after=70.0))
    answer = guard.fetch(within=20.0)[A]
    assert isinstance(answer, RateLimited)
    assert guard.time.sleeps == []
    assert reason(guard.fetch(within=20.0)[A]) == "RateLimited"
    assert len(guard.script.asked) == 1


def test_deadline_of_an_attempt() -> None:
    """One attempt has `timeout` seconds, and never more than the caller has left."""
    guard = Guard(good, Bounds(timeout=10.0))
    start = guard.time.now
    guard.fetch(within=600.0)
    guard.fetch(within=3.0)
    assert guard.script.deadlines == [start + 10.0, start + 3.0]


def test_no_attempt_after_the_deadline() -> None:
    """A retry that would begin after the deadline is not made."""
    guard = Guard(lambda _: DOWN)
    guard.fetch(within=0.4)
    assert len(guard.script.asked) == 1


def test_dead_store_is_left_alone() -> None:
    """After three failures in a row nobody asks until the pause is over; one health event says so."""
    guard = Guard(lambda _: DOWN)
    for _ in range(10):
        assert reason(guard.fetch(within=1.0)[A]) == "StoreUnavailable"
    assert len(guard.script.asked) == 3
    assert guard.health() == [(False, Reason.STORE_UNAVAILABLE)]
    (down,) = (event for event in guard.events if isinstance(event, StoreHealth))
    assert down.next_try == 5.0


def test_store_comes_back() -> None:
    """After the pause one request finds it alive, and one health event says so."""
    guard = Guard(lambda _: DOWN)
    guard.fetch()
    guard.script.answer = good
    guard.time.now += 5.0
    assert reason(guard.fetch()[A]) == "ok"
    assert reason(guard.fetch()[A]) == "ok"
    assert guard.health() == [(False, Reason.STORE_UNAVAILABLE), (True, None)]


def test_pause_grows_with_every_failed_probe() -> None:
    """A store that stays dead is probed ever more seldom, and one line says so, not one per probe."""
    guard = Guard(lambda _: DOWN)
    guard.fetch(within=1.6)
    pauses = []
    for _ in range(6):
        answer = guard.fetch(within=0.1)[A]
        assert isinstance(answer, StoreUnavailable)
        assert answer.retry_after is not None
        pauses.append(answer.retry_after)
        guard.time.now += answer.retry_after
        guard.fetch(within=0.1)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert guard.health() == [(False, Reason.STORE_UNAVAILABLE)]


def test_one_bad_secret_does_not_close_the_store() -> None:
    """Failures of one secret between successes of others leave the breaker closed."""
    guard = Guard(lambda ref: DOWN if ref == B else good(ref))
    for _ in range(10):
        guard.fetch(B, within=0.1)
        assert reason(guard.fetch(A)[A]) == "ok"
    assert guard.health() == []


def test_refused_login_is_told_once() -> None:
    """A store that does not know us is one health event, however many secrets wait for it."""
    guard = Guard(lambda _: AuthenticationFailed("who are you", retry_after=30.0))
    for _ in range(5):
        guard.fetch()
    assert guard.health() == [(False, Reason.AUTHENTICATION_FAILED)]
    guard.script.answer = good
    guard.fetch()
    assert guard.health()[1:] == [(True, None)]


def test_bug_is_not_an_outage() -> None:
    """An exception of the adapter leaves the guard as it is, and does not open the breaker."""

    def bug(ref: SecretRef) -> Fetched:
        raise ZeroDivisionError(ref)

    guard = Guard(bug)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            guard.fetch()
    assert guard.health() == []
    guard.script.answer = good
    assert reason(guard.fetch()[A]) == "ok"


def test_rate() -> None:
    """A burst of a second's worth goes at once, then requests are spread."""
    guard = Guard(good, Bounds(per_second=10.0))
    for _ in range(30):
        guard.fetch()
    assert sum(guard.time.sleeps) == pytest.approx(2.0)


def test_turn_after_the_deadline() -> None:
    """Who has no turn before the deadline is told so at once, without a request."""
    guard = Guard(good, Bounds(per_second=1.0))
    guard.fetch()
    answer = guard.fetch(within=0.1)[A]
    assert isinstance(answer, RateLimited)
    assert "requests.perSecond" in answer.message
    assert len(guard.script.asked) == 1


def test_concurrency() -> None:
    """No more requests at a time than allowed; who finds no room by the deadline is told so."""
    release, started = threading.Event(), threading.Semaphore(0)

    def slow(ref: SecretRef) -> Fetched:
        started.release()
        release.wait(20)
        return good(ref)

    script = Script(slow)
    events: list[Event] = []
    store = GuardedStore(script, Bounds(concurrency=2), events.append)
    threads = [
        threading.Thread(target=store.fetch, args=([A],), kwargs={"deadline": time.monotonic() + 20})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    assert all(started.acquire(timeout=20) for _ in threads)
    answer = store.fetch([B], deadline=time.monotonic() + 0.05)[B]
    release.set()
    for thread in threads:
        thread.join(20)
    assert isinstance(answer, RateLimited)
    assert "requests.concurrency" in answer.message
    assert script.asked == [(A,), (A,)]


def test_closing_closes_the_store() -> None:
    """Closing the guard closes what it guards."""
    guard = Guard(good)
    guard.store.close()
    assert guard.script.closed


def test_half_open_breaker_lets_one_through_and_the_others_wait() -> None:
    """While one request probes, the others wait for its answer instead of failing."""
    breaker = Breaker(1, Backoff(0.01, 0.01, draw=lambda: 1.0), time.monotonic)
    assert breaker.admit(time.monotonic() + 1) is None
    breaker.failed()
    probe = None
    while probe is None:
        probe = True if breaker.admit(time.monotonic()) is None else None
    admitted: list[float | None] = []
    waiting = [
        threading.Thread(target=lambda: admitted.append(breaker.admit(time.monotonic() + 20)))
        for _ in range(4)
    ]
    for thread in waiting:
        thread.start()
    assert admitted == []
    breaker.succeeded()
    for thread in waiting:
        thread.join(20)
    assert admitted == [None] * 4


def test_abandoned_probe_is_taken_over() -> None:
    """A probe that ended in a bug of ours does not block the next one."""
    time_ = Time()
    breaker = Breaker(1, Backoff(5.0, 5.0, draw=lambda: 1.0), lambda: time_.now)
    breaker.failed()
    time_.now += 5.0
    assert breaker.admit(time_.now) is None
    assert breaker.admit(time_.now) == 0.0
    breaker.abandoned()
    assert breaker.admit(time_.now) is None


def test_late_failures_do_not_prolong_the_pause() -> None:
    """Requests that were under way when the breaker opened do not push the next try away."""
    time_ = Time()
    breaker = Breaker(2, Backoff(5.0, 60.0, draw=lambda: 1.0), lambda: time_.now)
    assert breaker.failed() is None
    assert breaker.failed() == 5.0
    assert [breaker.failed() for _ in range(5)] == [5.0] * 5


def test_pauses_spread() -> None:
    """Full jitter: the pause is anything from nothing to the whole, but never less than its fixed share."""
    assert Backoff(1.0, 8.0, draw=lambda: 0.0).pause(4) == 0.0
    assert Backoff(1.0, 8.0, draw=lambda: 1.0).pause(4) == 8.0
    assert Backoff(1.0, 8.0, draw=lambda: 1.0).pause(10_000) == 8.0
    assert Backoff(1.0, 8.0, least=0.5, draw=lambda: 0.0).pause(4) == 4.0
    drawn = {Backoff(1.0, 8.0).pause(4) for _ in range(50)}
    assert len(drawn) > 1
    assert all(0.0 <= pause <= 8.0 for pause in drawn)


def test_pause_of_the_limiter() -> None:
    """While the store wants peace nobody gets a turn before its end; afterwards turns go on."""
    time_ = Time()
    limiter = Limiter(10.0, lambda: time_.now)
    limiter.pause(3.0)
    assert limiter.reserve(time_.now + 2.9) is None
    assert limiter.reserve(time_.now + 3.0) == pytest.approx(3.0)
