"""One login per identity, shared by all, on a thread of its own: Google's libraries know no deadline."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.stores.connection import by
from syncd.stores.gcp.http import LoginRequest, connections
from syncd.stores.gcp.identity import account_of
from syncd.stores.gcp.login_errors import explain_login
from syncd.stores.gcp.ticket import Ticket

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.clock import Clock
    from syncd.stores.gcp.identity import Identity

Outcome: TypeAlias = Ticket | StoreError

_LONGEST_LOGIN: Final = 20.0
_PAUSES: Final = (5.0, 15.0, 60.0)
_CONNECTIONS: Final = 2


class Login:
    """Holds the ticket of one identity, gets it when it is first asked for, and renews it before it ends."""

    def __init__(self, store: StoreName, identity: Identity, clock: Clock, emit: Emit) -> None:
        """Log in as `identity` when asked for; logins go to `emit`."""
        self._store = store
        self._identity = identity
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._running: Future[Outcome] | None = None
        self._credentials: Credentials | None = None
        self._ticket: Ticket | None = None
        self._failure: StoreError | None = None
        self._refusals = 0
        self._not_before = 0.0

    def ticket(self, deadline: float) -> Ticket:
        """Return a ticket that is good as far as we know; whoever comes during a login waits for it.

        Raises:
            StoreError: when there is none, and why; a new one each time.

        """
        changed = self._identity.changed()
        with self._lock:
            now = self._clock.now()
            if changed and self._running is None:
                self._credentials = self._ticket = None
                self._not_before = 0.0
            ticket = self._ticket
            if ticket is not None and now < ticket.ends_at:
                if now >= max(ticket.renew_at, self._not_before):
                    self._start()
                return ticket
            if self._running is None and now < self._not_before:
                raise self._again(self._failure)
            running = self._start()
        try:
            outcome = running.result(max(0.0, deadline - self._clock.now()))
        except TimeoutError:
            outcome = StoreUnavailable(f"{self._identity}: no login before the deadline")
        if isinstance(outcome, Ticket):
            return outcome
        raise self._again(outcome)

    def rejected(self, ticket: Ticket) -> None:
        """Note that Google does not take this ticket: the first time, new credentials may follow at once."""
        with self._lock:
            if ticket is not self._ticket:
                return
            self._credentials = self._ticket = None
            self._failure = AuthenticationFailed(f"{self._identity}: Google does not take the token")
            # The first time it may just have been revoked: nothing to wait for.
            self._refusals += 1
            self._pause(self._refusals - 1)

    def accepted(self, ticket: Ticket) -> None:
        """Note that Google takes this ticket: the identity is good."""
        if self._refusals and ticket is self._ticket:
            with self._lock:
                self._refusals = 0
                self._not_before = 0.0

    def _start(self) -> Future[Outcome]:
        """Return the login that is under way, or start one; the lock is held."""
        if self._running is None:
            self._running = Future()
            thread = threading.Thread(target=self._run, args=(self._running,), name="gcp-login", daemon=True)
            thread.start()
        return self._running

    def _run(self, outcome: Future[Outcome]) -> None:
        start = self._clock.now()
        result: Outcome = StoreUnavailable(f"{self._identity}: the login broke off")
        try:
            result = self._log_in(start)
            word = "ok" if isinstance(result, Ticket) else result.reason.value
            self._emit(StoreRequest(self._store, "login", word, self._clock.now() - start))
        finally:
            # Whatever happened: nobody is to wait for a thread that is gone.
            self._ended(result)
            outcome.set_result(result)

    def _ended(self, result: Outcome) -> None:
        with self._lock:
            self._running = None
            if isinstance(result, Ticket):
                self._ticket, self._failure = result, None
            else:
                self._failure = result
                self._give_way(result)

    def _log_in(self, start: float) -> Outcome:
        """Get a token, with the credentials at hand or new ones."""
        request: LoginRequest | None = None
        failure: StoreError
        try:
            transport = connections(_CONNECTIONS)
            request = LoginRequest(transport)
            with by(start + _LONGEST_LOGIN):
                return self._token(request)
        except StoreError as error:
            failure = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001  # google-auth raises many things, some with the token in them
            failure = explain_login(error, self._identity, request.outage if request is not None else None)
        finally:
            if request is not None:
                request.close()
        return failure

    def _token(self, request: LoginRequest) -> Ticket:
        credentials = self._credentials
        if credentials is None:
            credentials = self._identity.credentials(request)
        credentials.refresh(request)
        headers: dict[str, str] = {}
        credentials.apply(headers)
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise AuthenticationFailed(
                f"{self._identity}: the token that it gave is none: no header can carry it"
            )
        left = None
        if credentials.expiry is not None:
            left = credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)
        self._credentials = credentials
        return Ticket.of(account_of(credentials), headers, left, self._clock.now())

    def _give_way(self, failure: StoreError) -> None:
        """Let the next login wait where nobody needs it yet, or it would be refused; the lock is held."""
        if isinstance(failure, AuthenticationFailed):
            self._credentials = None
            self._refusals += 1
            self._pause(self._refusals)
        elif self._ticket is not None:
            self._pause(1)

    def _pause(self, refusals: int) -> None:
        if refusals:
            self._not_before = self._clock.now() + _PAUSES[min(refusals, len(_PAUSES)) - 1]

    def _again(self, failure: StoreError | None) -> StoreError:
        """Return the failure to raise: a new one each time, since a raised one keeps the frames it passed."""
        if isinstance(failure, AuthenticationFailed):
            wait = max(0.0, self._not_before - self._clock.now())
            return AuthenticationFailed(
                f"store {self._store}: {failure.message}; next login in {wait:.0f} s,"
                " or when what it needs changes",
                retry_after=wait,
            )
        if failure is None:
            return StoreUnavailable(f"store {self._store}: {self._identity}: no login")
        return type(failure)(f"store {self._store}: {failure.message}", retry_after=failure.retry_after)
