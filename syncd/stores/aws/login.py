"""One login per store, shared by all threads, made in a thread of its own: nothing in it holds up a read."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.stores.connection import by

if TYPE_CHECKING:
    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.aws.identity import Lease
    from syncd.stores.clock import Clock

LONGEST: Final = 30.0
"""Seconds that a login may take. A metadata service that does not answer costs the SDK 15."""

_GIVEN_UP_AFTER: Final = 60.0
"""Seconds after which a login that hangs (a process of a profile, a name server) is no longer waited for."""
_RENEW_BEFORE: Final = 15 * 60.0
_SPENT_BEFORE: Final = 30.0
_BETWEEN_RENEWALS: Final = 120.0
PAUSES: Final = (5.0, 15.0, 60.0)


class LogsIn(Protocol):
    """Logs in when told to; `str()` names it for messages."""

    def changed(self) -> bool:
        """Tell whether it would log in with other things than last time."""
        ...

    def log_in(self) -> Lease:
        """Return a new lease, or raise `StoreError`."""
        ...


@dataclass(slots=True, eq=False)
class _Attempt:
    started: float
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Lease | StoreError | None = None


class Login:
    """Holds the lease of one identity, gets it when it is first asked for, and renews it before it ends."""

    def __init__(self, store: StoreName, identity: LogsIn, clock: Clock, emit: Emit) -> None:
        """Ask nobody yet; logins go to `emit`."""
        self._store = store
        self._identity = identity
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._attempt: _Attempt | None = None
        self._failure: StoreError | None = None
        self._renewed_at = 0.0
        self._refusals = 0
        self._not_before = 0.0

    def __str__(self) -> str:
        """Return what we log in with, for messages."""
        return str(self._identity)

    def lease(self, deadline: float) -> Lease:
        """Return a lease that is good as far as we know; waits until the deadline if there is none yet.

        Raises:
            StoreError: when there is none, and why.

        """
        changed = self._identity.changed()
        with self._lock:
            lease = self._lease
            if lease is not None and not changed and not lease.keys.ends_within(_SPENT_BEFORE):
                if lease.keys.ends_within(_RENEW_BEFORE) and self._since_renewal() > _BETWEEN_RENEWALS:
                    self._begin()
                return lease
            if self._clock.now() < self._not_before and not changed:
                raise self._again(self._failure)
            attempt = self._begin()
        if not attempt.done.wait(max(0.0, deadline - time.monotonic())):
            raise StoreUnavailable(f"store {self._store}: {self._identity}: no login before the deadline")
        outcome = attempt.outcome
        if isinstance(outcome, StoreError | None):
            raise self._again(outcome)
        return outcome

    def rejected(self, lease: Lease, why: str) -> None:
        """Note that AWS does not take this lease's keys: the first time a new login may follow at once."""
        with self._lock:
            if lease is not self._lease:
                return
            self._lease = None
            self._failure = AuthenticationFailed(f"{self._identity}: {why}")
            self._refusals += 1
            if self._refusals > 1:
                self._pause(self._refusals - 1)

    def accepted(self, lease: Lease) -> None:
        """Note that AWS answered to this lease's keys: the identity is good."""
        if self._refusals and lease is self._lease:
            self._refusals = 0
            self._not_before = 0.0

    def _since_renewal(self) -> float:
        return self._clock.now() - self._renewed_at

    def _begin(self) -> _Attempt:
        """Start a login, unless one runs that is not given up yet; the lock is held."""
        running = self._attempt
        if running is not None and self._clock.now() - running.started < _GIVEN_UP_AFTER:
            return running
        now = self._clock.now()
        self._renewed_at = now
        self._attempt = attempt = _Attempt(now)
        name = f"login of {self._store}"
        threading.Thread(target=self._log_in, args=(attempt,), name=name, daemon=True).start()
        return attempt

    def _log_in(self, attempt: _Attempt) -> None:
        """Log in, and tell all that wait."""
        try:
            with by(time.monotonic() + LONGEST):
                attempt.outcome = self._identity.log_in()
        except StoreError as error:
            attempt.outcome = error.with_traceback(None)
        finally:
            self._end(attempt)

    def _end(self, attempt: _Attempt) -> None:
        with self._lock:
            if self._attempt is attempt:
                self._attempt = None
                self._learn(attempt.outcome)
        attempt.done.set()
        lease = attempt.outcome
        if isinstance(lease, StoreError):
            self._tell(lease.reason.value, attempt)
        elif lease is not None and lease.keys.asked_for:
            self._tell("ok", attempt)

    def _tell(self, outcome: str, attempt: _Attempt) -> None:
        self._emit(StoreRequest(self._store, "login", outcome, self._clock.now() - attempt.started))

    def _learn(self, outcome: Lease | StoreError | None) -> None:
        """Keep the new lease, or the failure; a lease that still is good stays until it ends."""
        if outcome is None:
            return
        if not isinstance(outcome, StoreError):
            self._lease, self._failure = outcome, None
            return
        self._failure = outcome
        if isinstance(outcome, AuthenticationFailed):
            self._refusals += 1
            self._pause(self._refusals)

    def _pause(self, refusals: int) -> None:
        self._not_before = self._clock.now() + PAUSES[min(refusals, len(PAUSES)) - 1]

    def _again(self, failure: StoreError | None) -> StoreError:
        """Return the failure to raise: a new one each time, since a raised one keeps the frames it passed."""
        if failure is None:
            return StoreUnavailable(
                f"store {self._store}: {self._identity}: the login ended without an answer"
            )
        if not isinstance(failure, AuthenticationFailed):
            return type(failure)(f"store {self._store}: {failure.message}", retry_after=failure.retry_after)
        wait = max(0.0, self._not_before - self._clock.now())
        return AuthenticationFailed(
            f"store {self._store}: {failure.message}; next login in {wait:.0f} s,"
            " or when what it needs changes",
            retry_after=wait,
        )
