"""One guard around any store: how many requests, how fast, how often again, and when not at all."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from syncd.model.errors import AuthenticationFailed, RateLimited, StoreError, StoreUnavailable
from syncd.model.events import StoreHealth, StoreRequest
from syncd.stores.backoff import Backoff
from syncd.stores.breaker import Breaker
from syncd.stores.clock import SYSTEM, Clock
from syncd.stores.interface import SecretStore
from syncd.stores.limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from syncd.model.events import Emit
    from syncd.model.reasons import Reason
    from syncd.model.secret import RemoteSecret, SecretRef
    from syncd.stores.interface import Fetched, Finding

_ATTEMPTS: Final = 3
_FAILURES_TO_OPEN: Final = 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one store may cost: `timeout` of one attempt in seconds, attempts at a time, attempts a second."""

    timeout: float = 10.0
    concurrency: int = 8
    per_second: float = 50.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the guard waits between attempts and for a store that is down, and on which clock."""

    retry: Backoff = field(default_factory=Backoff)
    outage: Backoff = field(default_factory=lambda: Backoff(first=2.0, longest=60.0, least=0.5))
    clock: Clock = SYSTEM


class GuardedStore(SecretStore):
    """Wraps a store: bounds, breaker, retries with backoff, Retry-After, one deadline over all of it, events.

    A bug of the wrapped store (any exception) is not taken for an outage: it leaves `fetch` as it is.
    """

    def __init__(
        self, store: SecretStore, bounds: Bounds, emit: Emit, patience: Patience | None = None
    ) -> None:
        """Guard `store`; requests and changes of its health go to `emit`."""
        patience = patience or Patience()
        self.name = store.name
        self.batch = store.batch
        self.concurrency = bounds.concurrency
        self._store = store
        self._bounds = bounds
        self._emit = emit
        self._clock = patience.clock
        self._retry = patience.retry
        self._limiter = Limiter(bounds.per_second, self._clock.now)
        self._breaker = Breaker(_FAILURES_TO_OPEN, patience.outage, self._clock.now)
        self._slots = threading.BoundedSemaphore(bounds.concurrency)
        self._health = threading.Lock()
        self._trouble: Reason | None = None

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference, after at most three attempts and never after the deadline."""
        answers: dict[SecretRef, Fetched] = {}
        wanted = tuple(refs)
        for attempt in range(1, _ATTEMPTS + 1):
            answers |= self._attempt(wanted, deadline)
            failures = {ref: error for ref in wanted if isinstance(error := answers[ref], StoreError)}
            again = tuple(ref for ref, error in failures.items() if error.retryable)
            pause = self._pause(attempt, [failures[ref] for ref in again])
            if not again or attempt == _ATTEMPTS or self._clock.now() + pause >= deadline:
                break
            wanted = again
            self._clock.sleep(pause)
        return answers

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Check the wrapped store, once and whatever the breaker says: somebody asks because it is down."""
        start = self._clock.now()
        findings = self._store.check(deadline=min(deadline, start + self._bounds.timeout))
        error = next((finding.error for finding in findings if finding.error is not None), None)
        outcome = error.reason.value if error is not None else "ok"
        self._emit(StoreRequest(self.name, "check", outcome, self._clock.now() - start))
        return findings

    def created(self, secret: RemoteSecret, *, deadline: float) -> datetime | None:
        """Ask the wrapped store."""
        return self._store.created(secret, deadline=min(deadline, self._clock.now() + self._bounds.timeout))

    def close(self) -> None:
        """Close the wrapped store."""
        self._store.close()

    def _pause(self, attempt: int, failures: Sequence[StoreError]) -> float:
        asked_for = max((error.retry_after or 0.0 for error in failures), default=0.0)
        return max(asked_for, self._retry.pause(attempt))

    def _attempt(self, refs: Sequence[SecretRef], deadline: float) -> Mapping[SecretRef, Fetched]:
        closed_for = self._breaker.admit(deadline)
        if closed_for is not None:
            message = f"store {self.name} is down and was not asked; next try in {closed_for:.0f} s"
            return dict.fromkeys(refs, StoreUnavailable(message, retry_after=closed_for))
        reported = False
        try:
            answers = self._in_turn(refs, deadline)
            if not isinstance(answers, StoreError):
                self._learn(tuple(answers.values()))
                reported = True
                return answers
        finally:
            if not reported:
                self._breaker.abandoned()
        return dict.fromkeys(refs, answers)

    def _in_turn(
        self, refs: Sequence[SecretRef], deadline: float
    ) -> Mapping[SecretRef, Fetched] | RateLimited:
        """Ask when it is our turn; `RateLimited` when our own bounds left no time for that."""
        wait = self._limiter.reserve(deadline)
        if wait is None:
            return RateLimited(
                f"store {self.name}: no turn before the deadline (requests.perSecond, Retry-After)"
            )
        if wait > 0:
            self._clock.sleep(wait)
        if not self._slots.acquire(timeout=max(0.0, deadline - self._clock.now())):
            return RateLimited(
                f"store {self.name}: no free request before the deadline (requests.concurrency)"
            )
        try:
            return self._ask(refs, deadline)
        finally:
            self._slots.release()

    def _ask(self, refs: Sequence[SecretRef], deadline: float) -> Mapping[SecretRef, Fetched]:
        start = self._clock.now()
        answers = self._store.fetch(refs, deadline=min(deadline, start + self._bounds.timeout))
        errors = [answer for answer in answers.values() if isinstance(answer, StoreError)]
        outcome = errors[0].reason.value if errors and len(errors) == len(answers) else "ok"
        self._emit(StoreRequest(self.name, "fetch", outcome, self._clock.now() - start))
        return answers

    def _learn(self, answers: Sequence[Fetched]) -> None:
        """Tell breaker, limiter and listeners what these answers say of the store as a whole."""
        slow_down = [answer.retry_after or 0.0 for answer in answers if isinstance(answer, RateLimited)]
        if any(slow_down):
            self._limiter.pause(max(slow_down))
        outage = next((answer for answer in answers if isinstance(answer, StoreUnavailable)), None)
        if outage is not None and all(isinstance(answer, StoreUnavailable) for answer in answers):
            next_try = self._breaker.failed()
            if next_try is not None:
                self._tell(outage, next_try)
            return
        self._breaker.succeeded()
        stranger = next((answer for answer in answers if isinstance(answer, AuthenticationFailed)), None)
        if stranger is not None:
            self._tell(stranger, stranger.retry_after)
        elif not slow_down:
            self._tell(None, None)

    def _tell(self, error: StoreError | None, next_try: float | None) -> None:
        """Emit the store's health if it is another than before."""
        reason = error.reason if error is not None else None
        with self._health:
            if reason == self._trouble:
                return
            self._trouble = reason
            message = error.message if error is not None else f"store {self.name} answers again"
            self._emit(StoreHealth(self.name, error is None, reason, message, next_try))
