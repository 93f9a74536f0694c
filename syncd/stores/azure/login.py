"""One login for all threads: tokens are asked for once, and a refusal is not repeated at every read."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.stores.azure.login_error import SDK_ERRORS, login_error
from syncd.stores.connection import time_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.core.credentials import AccessTokenInfo, SupportsTokenInfo, TokenRequestOptions

    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.azure.identity import Method
    from syncd.stores.clock import Clock

PAUSES: Final = (5.0, 15.0, 60.0)
_LEFT_TO_RENEW: Final = 300.0
_LOOK_AGAIN: Final = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A token and until when it is handed out without asking the SDK; seconds since the epoch."""

    token: AccessTokenInfo
    until: float


class Login:
    """What the SDK's clients ask for tokens; holds one credential, made when it is first needed.

    `generation` grows whenever what was handed out before is no longer good; clients made earlier keep an old
    token and are to be dropped. `vaults_tenant` is where the vault said that its tokens come from.
    """

    def __init__(
        self,
        store: StoreName,
        method: Method,
        clock: Clock,
        emit: Emit,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Log in by `method` when asked to; logins go to `emit`. `wall` is in seconds since the epoch."""
        self._store = store
        self._method = method
        self._clock = clock
        self._emit = emit
        self._wall = wall
        self._lock = threading.Lock()
        self._credential: SupportsTokenInfo | None = None
        self._held: dict[tuple[str, ...], _Held] = {}
        self._logins = 0
        self._failure: StoreError | None = None
        self._refusals = 0
        self._not_before = 0.0
        self.generation = 0
        self.vaults_tenant: str | None = None

    def __str__(self) -> str:
        """Return how it logs in, for messages."""
        return self._method.name

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """Return a token for `scopes`; the SDK calls this under `connection.by`, at every request.

        Raises:
            StoreError: when there is none, and why.

        """
        wanted: TokenRequestOptions = {**(options or {})}
        self.vaults_tenant = wanted.get("tenant_id")
        if self._method.own_tenant:
            wanted.pop("tenant_id", None)
        key = (*scopes, wanted.get("tenant_id") or "")
        # Claims are the vault's word that the token at hand does not do.
        fresh = bool(wanted.get("claims"))
        if not fresh and (held := self._good(key)) is not None:
            return held
        logins = self._logins
        with self._turn():
            if not fresh and (held := self._good(key)) is not None:
                return held
            if self._logins != logins and self._failure is not None:
                # Somebody tried while we waited: their answer is ours.
                raise self._again(self._failure)
            return self._log_in(key, scopes, wanted)

    def token(self) -> str | None:
        """Return the token that was handed out last, to see for whom it is; None when there is none."""
        held = list(self._held.values())
        return held[-1].token.token if held else None

    def look(self) -> None:
        """Start anew if what we log in with has changed; whoever logs in right now has looked already."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._credential is not None and self._method.changed():
                self._forget()
                self._refusals = 0
        finally:
            self._lock.release()

    def rejected(self, generation: int) -> None:
        """Note that the vault refused a token of this generation: at first a new login follows at once."""
        with self._lock:
            if generation != self.generation:
                return
            self._forget()
            self._refusals += 1
            if self._refusals > 1:
                self._pause(self._refusals - 1)

    def accepted(self, generation: int) -> None:
        """Note that the vault knows us by a token of this generation."""
        if self._refusals and generation == self.generation:
            self._refusals = 0
            self._not_before = 0.0

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=max(0.0, time_left())):
            raise StoreUnavailable(f"store {self._store}: {self._method.name}: no login before the deadline")
        try:
            yield
        finally:
            self._lock.release()

    def _good(self, key: tuple[str, ...]) -> AccessTokenInfo | None:
        held = self._held.get(key)
        return held.token if held is not None and self._wall() < held.until else None

    def _log_in(
        self, key: tuple[str, ...], scopes: tuple[str, ...], options: TokenRequestOptions
    ) -> AccessTokenInfo:
        """Log in, unless the last refusal is too fresh and nothing has changed since; the lock is held."""
        if self._clock.now() < self._not_before and not self._method.changed():
            raise self._again(self._failure)
        start = self._clock.now()
        failure: StoreError | None = None
        token: AccessTokenInfo | None = None
        try:
            if self._credential is None:
                self._credential = self._method.make()
            token = self._credential.get_token_info(*scopes, options=options)
        except StoreError as error:
            failure = error.with_traceback(None)
        except SDK_ERRORS as error:
            failure = login_error(error, self._method.name)
        self._logins += 1
        self._failure = failure
        outcome = "ok" if failure is None else failure.reason.value
        self._emit(StoreRequest(self._store, "login", outcome, self._clock.now() - start))
        if token is not None:
            self._held[key] = _Held(token, self._until(token))
            return token
        # A credential remembers what it was refused, for a minute: the next login is another's.
        self._credential = None
        held = self._held.get(key)
        if held is not None and not options.get("claims") and self._wall() < held.token.expires_on:
            # Renewing failed; what we have is good for a while.
            self._held[key] = _Held(held.token, min(held.token.expires_on, self._wall() + _LOOK_AGAIN))
            return held.token
        if isinstance(failure, AuthenticationFailed):
            self._refusals += 1
            self._pause(self._refusals)
        raise self._again(failure)

    def _until(self, token: AccessTokenInfo) -> float:
        """Return when to ask again: well before the end, but not at every read while renewing fails."""
        renew_at = min(token.refresh_on or token.expires_on, token.expires_on - _LEFT_TO_RENEW)
        return min(float(token.expires_on), max(renew_at, self._wall() + _LOOK_AGAIN))

    def _forget(self) -> None:
        self._credential = None
        self._held = {}
        self._not_before = 0.0
        self.generation += 1

    def _pause(self, refusals: int) -> None:
        self._not_before = self._clock.now() + PAUSES[min(refusals, len(PAUSES)) - 1]

    def _again(self, failure: StoreError | None) -> StoreError:
        """Return the failure to raise: a new one each time, since a raised one keeps the frames it passed."""
        if failure is not None and not isinstance(failure, AuthenticationFailed):
            return type(failure)(f"store {self._store}: {failure.message}", retry_after=failure.retry_after)
        message = (
            failure.message
            if failure is not None
            else f"{self._method.name}: the vault does not take its tokens"
        )
        wait = max(0.0, self._not_before - self._clock.now())
        return AuthenticationFailed(
            f"store {self._store}: {message}; next login in {wait:.0f} s, or when what it needs changes",
            retry_after=wait,
        )
