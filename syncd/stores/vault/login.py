"""One login per identity, shared by all threads; never one at every 403, since five failures lock a role."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.stores.vault.errors import Fault, FaultKind
from syncd.stores.vault.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.clock import Clock
    from syncd.stores.vault.auth.method import Grant, Method
    from syncd.stores.vault.session import VaultSession

_NOTHING_TO_RENEW: Final = 30.0
_SHORTEST_WAIT: Final = 1.0
_TIME_TO_RENEW: Final = 10.0
_TIME_TO_REVOKE: Final = 2.0
_NEAR_ITS_END: Final = 1 / 2
_SHARE_OF_THE_REST: Final = 4


class Login:
    """Holds the lease of one identity, gets it when it is first asked for, and renews it."""

    def __init__(
        self, store: StoreName, method: Method, session: VaultSession, clock: Clock, emit: Emit
    ) -> None:
        """Log in by `method` when asked for; logins go to `emit`."""
        self._store = store
        self._method = method
        self._session = session
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._logins = 0
        self._failure: StoreError | None = None
        self._refusals = 0
        self._not_before = 0.0

    def lease(self, deadline: float) -> Lease:
        """Return a lease that is good as far as we know; logs in for all that wait, if there is none.

        Raises:
            StoreError: when there is none, and why.

        """
        if (lease := self._good()) is not None:
            return lease
        logins = self._logins
        with self._turn(deadline):
            if (lease := self._good()) is not None:
                return lease
            if self._logins != logins and self._failure is not None:
                # Somebody tried while we waited: their answer is ours.
                raise self._again(self._failure)
            return self._log_in(deadline)

    def rejected(self, lease: Lease) -> None:
        """Note that Vault does not know this lease's token: the first time a new login may follow at once."""
        if lease is not self._lease:
            return
        with self._lock:
            if lease is not self._lease:
                return
            self._lease = None
            self._refusals += 1
            if self._refusals > 1:
                self._pause(self._refusals - 1)

    def accepted(self, lease: Lease) -> None:
        """Note that Vault answered to this lease's token: the identity is good."""
        if self._refusals and lease is self._lease:
            self._refusals = 0
            self._not_before = 0.0

    def tend(self) -> float:
        """Renew the lease if that is due, or log in anew; return in how many seconds to look again."""
        with self._lock:
            lease = self._lease
            if lease is None or lease.renew_at is None or lease.expires_at is None:
                return _NOTHING_TO_RENEW
            if self._clock.now() >= lease.renew_at:
                self._renew(lease)
            lease = self._lease
            if lease is None or lease.renew_at is None or lease.expires_at is None:
                return _NOTHING_TO_RENEW
            now = self._clock.now()
            rest = (lease.expires_at - now) / _SHARE_OF_THE_REST
            return max(_SHORTEST_WAIT, rest) if now >= lease.renew_at else lease.renew_at - now

    def close(self) -> None:
        """Give the token back if we got it; one that was given to us is left alone."""
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None and lease.grant.ours:
            # Whatever comes back: the token ends by itself.
            self._session.ask(lease.client.auth.token.revoke_self, self._clock.now() + _TIME_TO_REVOKE)

    @contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=max(0.0, deadline - self._clock.now())):
            raise StoreUnavailable(f"store {self._store}: {self._method}: no login before the deadline")
        try:
            yield
        finally:
            self._lock.release()

    def _good(self) -> Lease | None:
        lease = self._lease
        if lease is None or (lease.expires_at is not None and self._clock.now() >= lease.expires_at):
            return None
        given = not lease.grant.ours
        return None if given and self._method.changed() else lease

    def _log_in(self, deadline: float) -> Lease:
        """Log in, unless the last refusal is too fresh and nothing has changed since; the lock is held."""
        if self._clock.now() < self._not_before and not self._method.changed():
            raise self._again(self._failure)
        start = self._clock.now()
        failure: StoreError | None = None
        grant: Grant | None = None
        lease: Lease | None = None
        try:
            grant = self._method.login(self._session, deadline)
            lease = Lease.of(self._session.client(grant.token), grant, start)
        except StoreError as error:
            failure = error.with_traceback(None)
        self._logins += 1
        self._failure = failure
        outcome = "ok" if failure is None else failure.reason.value
        if grant is None or grant.ours:
            self._emit(StoreRequest(self._store, "login", outcome, self._clock.now() - start))
        if failure is None and lease is not None:
            self._lease = lease
            return lease
        if isinstance(failure, AuthenticationFailed):
            self._refusals += 1
            self._pause(self._refusals)
        raise self._again(failure)

    def _pause(self, refusals: int) -> None:
        pauses = self._method.pauses
        self._not_before = self._clock.now() + pauses[min(refusals, len(pauses)) - 1]

    def _again(self, failure: StoreError | None) -> StoreError:
        """Return the failure to raise: a new one each time, since a raised one keeps the frames it passed."""
        if failure is not None and not isinstance(failure, AuthenticationFailed):
            return type(failure)(f"store {self._store}: {failure.message}", retry_after=failure.retry_after)
        message = failure.message if failure is not None else f"{self._method}: Vault does not know the token"
        wait = max(0.0, self._not_before - self._clock.now())
        return AuthenticationFailed(
            f"store {self._store}: {message}; next login in {wait:.0f} s, or when what it needs changes",
            retry_after=wait,
        )

    def _renew(self, lease: Lease) -> None:
        """Renew the lease, or log in anew where that is not possible (any more); the lock is held."""
        start = self._clock.now()
        if not lease.grant.renewable:
            self._replace(start)
            return
        answer = self._session.ask(lease.client.auth.token.renew_self, start + _TIME_TO_RENEW)
        if isinstance(answer, Fault):
            if answer.kind is FaultKind.TOKEN:
                self._lease = None
            if answer.kind in {FaultKind.TOKEN, FaultKind.DENIED, FaultKind.REFUSED}:
                self._replace(start)
            return
        auth = answer.get("auth")
        seconds = auth.get("lease_duration") if isinstance(auth, dict) else None
        if not isinstance(seconds, int) or seconds <= 0:
            return
        self._lease = Lease.of(lease.client, replace(lease.grant, seconds=float(seconds)), start)
        if lease.grant.seconds is not None and seconds < lease.grant.seconds * _NEAR_ITS_END:
            # Near its longest life each renewal gives less, and the last one nothing.
            self._replace(start)

    def _replace(self, start: float) -> None:
        """Log in anew while the old lease is still good; if that fails, the old one stays until it ends."""
        try:
            self._log_in(start + _TIME_TO_RENEW)
        except StoreError:
            # Kept in `_failure` and told to whoever needs a lease; until then nothing is wrong.
            return
