"""When the AWS store logs in, renews and waits, on a clock that tests turn."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from syncd.model.secret import StoreName
from syncd.stores.aws.identity import Lease
from syncd.stores.aws.keys import Keys
from syncd.stores.aws.login import Login
from tests.harness.processes import wait_for
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.model.events import Event

REFUSED = AuthenticationFailed("auth.fake: no")
DOWN = StoreUnavailable("auth.fake: STS: connection refused", retry_after=3.0)


@dataclass
class FakeIdentity:
    """Logs in, or raises the error; keys last `lasting` seconds on the test's clock."""

    time: Time
    error: StoreError | None = None
    lasting: float = 3600.0
    asked_for: bool = True
    is_changed: bool = False
    wait: Callable[[], object] = str
    logins: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def changed(self) -> bool:
        """Tell as told."""
        return self.is_changed

    def log_in(self) -> Lease:
        """Do as told."""
        with self.lock:
            self.logins += 1
        self.wait()
        if self.error is not None:
            raise type(self.error)(self.error.message, retry_after=self.error.retry_after)
        ends = self.time.now + self.lasting
        keys = Keys(
            "AKIA", "secret", None, lambda seconds: ends - self.time.now < seconds, asked_for=self.asked_for
        )
        return Lease(None, keys)

    def __str__(self) -> str:
        return "auth.fake"


class Rig:
    """A login with all that it needs."""

    def __init__(self) -> None:
        """Log in as told."""
        self.time = Time()
        self.identity = FakeIdentity(self.time)
        self.events: list[Event] = []
        self.login = Login(StoreName("cloud"), self.identity, self.time.clock(), self.events.append)

    def lease(self, within: float = 10.0) -> Lease:
        """Ask for one."""
        return self.login.lease(time.monotonic() + within)

    def refused(self, kind: type[StoreError] = AuthenticationFailed) -> StoreError:
        """Ask for one that there is not."""
        with pytest.raises(kind) as caught:
            self.lease()
        return caught.value

    def outcomes(self) -> list[str]:
        """How the logins that were told ended."""
        return [event.outcome for event in self.events if isinstance(event, StoreRequest)]


@pytest.fixture
def rig() -> Rig:
    """A new one."""
    return Rig()


def test_one_login_for_all_threads(rig: Rig) -> None:
    """Threads that come while a login runs wait for it and share its lease."""
    gate = threading.Event()
    rig.identity.wait = gate.wait
    leases: list[Lease] = []
    threads = [threading.Thread(target=lambda: leases.append(rig.lease())) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for("the login", lambda: rig.identity.logins == 1)
    gate.set()
    for thread in threads:
        thread.join()
    assert rig.identity.logins == 1
    assert len({id(lease) for lease in leases}) == 1
    assert rig.outcomes() == ["ok"]


def test_a_login_of_nobody_is_not_told(rig: Rig) -> None:
    """An access key that is only read is no login that would be counted."""
    rig.identity.asked_for = False
    rig.lease()
    assert rig.outcomes() == []


def test_a_login_that_takes_too_long_is_there_for_the_next(rig: Rig) -> None:
    """Who cannot wait gets an outage; the login goes on, and the next one has it."""
    gate = threading.Event()
    rig.identity.wait = gate.wait
    with pytest.raises(StoreUnavailable, match="no login before the deadline"):
        rig.lease(within=0.05)
    gate.set()
    rig.lease()
    assert rig.identity.logins == 1


def test_a_login_that_hangs_is_given_up(rig: Rig) -> None:
    """After a minute another login is begun beside one that does not end; the old one then counts no more."""
    gate = threading.Event()
    rig.identity.wait = gate.wait
    with pytest.raises(StoreUnavailable):
        rig.lease(within=0.05)
    rig.time.now += 61
    rig.identity.wait = str
    lease = rig.lease()
    assert rig.identity.logins == 2
    gate.set()
    wait_for("the end of the first login", lambda: rig.outcomes() == ["ok", "ok"])
    assert rig.lease() is lease


def test_renewed_before_its_end(rig: Rig) -> None:
    """A lease in its last quarter of an hour is used while the next one is fetched."""
    first = rig.lease()
    rig.time.now += 3600 - 14 * 60
    gate = threading.Event()
    rig.identity.wait = gate.wait
    assert rig.lease() is first
    gate.set()
    wait_for("the next lease", lambda: rig.lease() is not first)
    assert rig.identity.logins == 2


def test_a_renewal_that_fails(rig: Rig) -> None:
    """The old lease is used until its end, and the renewal tried every two minutes; then comes the error."""
    first = rig.lease()
    rig.time.now += 3600 - 14 * 60
    rig.identity.error = DOWN
    assert rig.lease() is first
    wait_for("the renewal", lambda: len(rig.outcomes()) == 2)
    assert rig.lease() is first
    assert rig.identity.logins == 2
    rig.time.now += 121
    assert rig.lease() is first
    wait_for("the next renewal", lambda: len(rig.outcomes()) == 3)
    rig.time.now += 14 * 60
    assert rig.refused(StoreUnavailable).retry_after == 3.0


def test_pauses_after_refusals(rig: Rig) -> None:
    """After a refusal the next login waits 5, 15, then 60 seconds, and the message says so."""
    rig.identity.error = REFUSED
    for number, pause in enumerate((5, 15, 60, 60), start=1):
        error = rig.refused()
        assert f"next login in {pause} s" in error.message
        assert error.retry_after == pause
        rig.time.now += pause - 1
        rig.refused()
        assert rig.identity.logins == number
        rig.time.now += 2


def test_what_has_changed_is_tried_at_once(rig: Rig) -> None:
    """A pause ends when what the login needs is another."""
    rig.identity.error = REFUSED
    rig.refused()
    rig.identity.error, rig.identity.is_changed = None, True
    rig.lease()


def test_an_outage_is_tried_at_once(rig: Rig) -> None:
    """A login that could not be asked for is not paused: the guard paces the store."""
    rig.identity.error = DOWN
    rig.refused(StoreUnavailable)
    rig.refused(StoreUnavailable)
    assert rig.identity.logins == 2


def test_rejected_keys(rig: Rig) -> None:
    """After keys that AWS does not take one login follows at once, the next after a pause."""
    rig.login.rejected(rig.lease(), "expired")
    second = rig.lease()
    rig.login.rejected(second, "expired")
    assert "auth.fake: expired; next login in 5 s" in rig.refused().message
    rig.time.now += 6
    third = rig.lease()
    rig.login.accepted(third)
    rig.login.rejected(third, "expired")
    rig.lease()
    assert rig.identity.logins == 4


def test_an_old_lease_rejects_nothing(rig: Rig) -> None:
    """What a thread says of a lease that was replaced meanwhile is not said of the new one."""
    first = rig.lease()
    rig.login.rejected(first, "expired")
    second = rig.lease()
    rig.login.rejected(first, "expired")
    assert rig.lease() is second


def test_a_bug_keeps_nobody_waiting(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that ends without an answer is an outage for those that wait."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def bug() -> None:
        raise ZeroDivisionError

    rig.identity.wait = bug
    assert "ended without an answer" in rig.refused(StoreUnavailable).message
