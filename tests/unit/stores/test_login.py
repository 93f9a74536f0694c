"""When the Vault store logs in, renews and waits, on a clock that tests turn."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import MagicMock

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.secret import SecretValue, StoreName
from syncd.stores.clock import Clock
from syncd.stores.vault.auth.method import PAUSES, PAUSES_OF_LOCKING, Grant
from syncd.stores.vault.errors import Fault, FaultKind
from syncd.stores.vault.login import Login
from syncd.stores.vault.renewal import Renewal
from tests.harness.processes import wait_for
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.model.events import Event
    from syncd.stores.vault.session import Answer, VaultSession

GRANT = Grant(SecretValue(b"token"), seconds=60.0, renewable=True)


@dataclass
class FakeMethod:
    """Grants, or refuses with an error; counts the logins by time."""

    time: Time
    outcome: Grant | StoreError = GRANT
    pauses: tuple[float, ...] = PAUSES
    at: list[float] = field(default_factory=list)
    is_changed: bool = False
    wait: Callable[[], object] = str

    def login(self, session: object, deadline: float) -> Grant:
        """Do as told."""
        del session, deadline
        self.at.append(self.time.now)
        self.wait()
        if isinstance(self.outcome, StoreError):
            raise type(self.outcome)(self.outcome.message)
        return self.outcome

    def changed(self) -> bool:
        """Tell as told."""
        return self.is_changed

    def __str__(self) -> str:
        return "auth.fake"


@dataclass
class FakeSession:
    """Answers every question with `answer`; counts them."""

    answer: Answer = field(default_factory=lambda: {"auth": {"lease_duration": 60}})
    asked: int = 0

    def client(self, token: SecretValue | None = None) -> Any:
        """A client that does nothing."""
        del token
        return MagicMock()

    def ask(self, operation: object, deadline: float) -> Answer:
        """Answer."""
        del operation, deadline
        self.asked += 1
        return self.answer


class Rig:
    """A login with all that it needs."""

    def __init__(self, **method: Any) -> None:
        """Configure the method."""
        self.time = Time(now=0.0)
        self.method = FakeMethod(self.time, **method)
        self.session = FakeSession()
        self.events: list[Event] = []
        self.login = Login(
            StoreName("platform"),
            self.method,
            cast("VaultSession", self.session),
            self.time.clock(),
            self.events.append,
        )

    def logins(self) -> int:
        """How many there were."""
        return len(self.method.at)

    def lease(self) -> Any:
        """A lease, with plenty of time."""
        return self.login.lease(self.time.now + 10)


REFUSED = AuthenticationFailed("wrong")


def test_good_lease_is_shared() -> None:
    """While the token is good there is no other login."""
    rig = Rig()
    assert rig.lease() is rig.lease()
    rig.time.now = 59.0
    rig.lease()
    assert rig.logins() == 1


def test_expired_lease_is_replaced() -> None:
    """A token that has ended is not sent."""
    rig = Rig()
    rig.lease()
    rig.time.now = 60.0
    rig.lease()
    assert rig.logins() == 2


def test_refused_logins_never_lock_a_role() -> None:
    """Whatever asks, and however often: never five refused logins with less than 15 minutes in between."""
    rig = Rig(outcome=REFUSED, pauses=PAUSES_OF_LOCKING)
    while rig.time.now < 4 * 3600:
        with pytest.raises(AuthenticationFailed):
            rig.lease()
        rig.time.now += 5.0
    in_a_row, worst = 1, 1
    for before, after in zip(rig.method.at, rig.method.at[1:], strict=False):
        in_a_row = in_a_row + 1 if after - before < 900 else 1
        worst = max(worst, in_a_row)
    assert rig.logins() > 10
    assert worst < 5


def test_pause_says_how_long() -> None:
    """The error says when the next login is, and carries it for whoever schedules."""
    rig = Rig(outcome=REFUSED)
    with pytest.raises(AuthenticationFailed):
        rig.lease()
    rig.time.now = 1.0
    with pytest.raises(AuthenticationFailed, match="wrong; next login in 4 s") as raised:
        rig.lease()
    assert raised.value.retry_after == 4.0
    assert raised.value.__context__ is None


def test_pause_ends_when_something_changed() -> None:
    """A repaired secret id, password or token is tried at once."""
    rig = Rig(outcome=REFUSED)
    with pytest.raises(AuthenticationFailed):
        rig.lease()
    rig.method.outcome, rig.method.is_changed = GRANT, True
    rig.lease()
    assert rig.logins() == 2


def test_outage_at_login_is_no_refusal() -> None:
    """A login that could not be made leaves no pause: the guard's breaker does that."""
    rig = Rig(outcome=StoreUnavailable("down"))
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="down"):
            rig.lease()
    assert rig.logins() == 3


def test_outage_at_login_is_shared_by_all_that_waited() -> None:
    """Who waited for a login that could not be made takes its answer, and does not try in turn."""
    rig, release = Rig(), threading.Event()
    waiting: set[int] = set()

    def now() -> float:
        waiting.add(threading.get_ident())
        return rig.time.now

    rig.login._clock = Clock(now=now)

    rig.method.outcome, rig.method.wait = StoreUnavailable("down"), lambda: release.wait(20)
    messages: list[str] = []

    def ask() -> None:
        try:
            rig.login.lease(10.0)
        except StoreUnavailable as error:
            messages.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for("all to come to the lock", lambda: len(waiting) == len(threads))
    release.set()
    for thread in threads:
        thread.join(20)
    assert messages == ["store platform: down"] * 8
    assert rig.logins() == 1


def test_rejected_lease_is_replaced_once_then_with_pauses() -> None:
    """The first token that Vault does not know is replaced at once, the next ones ever more slowly."""
    rig = Rig()
    rig.login.rejected(rig.lease())
    rig.login.rejected(rig.lease())
    with pytest.raises(AuthenticationFailed, match="does not know the token"):
        rig.lease()
    rig.time.now = 5.0
    rig.login.rejected(rig.lease())
    rig.time.now = 19.0
    with pytest.raises(AuthenticationFailed):
        rig.lease()
    rig.time.now = 20.0
    rig.lease()
    assert rig.method.at == [0.0, 0.0, 5.0, 20.0]


def test_accepted_lease_forgives() -> None:
    """A token that Vault answered to makes the next rejection the first one again."""
    rig = Rig()
    rig.login.rejected(rig.lease())
    lease = rig.lease()
    rig.login.accepted(lease)
    rig.login.rejected(lease)
    rig.lease()
    assert rig.logins() == 3


def test_late_rejection_of_an_old_lease() -> None:
    """A thread that was still using the old token does not throw the new one away."""
    rig = Rig()
    old = rig.lease()
    rig.login.rejected(old)
    new = rig.lease()
    rig.login.rejected(old)
    assert rig.lease() is new


def test_given_token_is_taken_again_when_it_changes() -> None:
    """A token that somebody else writes is read again when it changes; that is no login to tell of."""
    rig = Rig(outcome=Grant(SecretValue(b"given"), ours=False))
    rig.lease()
    rig.method.is_changed = True
    rig.lease()
    assert rig.logins() == 2
    assert rig.events == []
    rig.login.close()
    assert rig.session.asked == 0


def test_renewal_is_due_after_two_thirds() -> None:
    """The token is renewed after two thirds of its life, and then again."""
    rig = Rig()
    rig.lease()
    assert rig.login.tend() == 40.0
    assert rig.session.asked == 0
    rig.time.now = 40.0
    assert rig.login.tend() == 40.0
    assert rig.session.asked == 1
    rig.time.now = 99.0
    rig.lease()
    assert rig.logins() == 1


def test_renewal_that_fails_is_tried_again() -> None:
    """While Vault is down renewing is tried again, with what is left of the token's life in mind."""
    rig = Rig()
    rig.lease()
    rig.session.answer = Fault(FaultKind.UNAVAILABLE, "down")
    rig.time.now = 40.0
    assert rig.login.tend() == 5.0
    rig.time.now = 59.0
    assert rig.login.tend() == 1.0
    assert rig.logins() == 1


@pytest.mark.parametrize("kind", [FaultKind.TOKEN, FaultKind.DENIED, FaultKind.REFUSED])
def test_renewal_that_is_refused_becomes_a_login(kind: FaultKind) -> None:
    """A token that is gone, or may not renew itself, is replaced by a new login."""
    rig = Rig()
    rig.lease()
    rig.session.answer = Fault(kind, "no")
    rig.time.now = 40.0
    rig.login.tend()
    assert rig.logins() == 2
    assert rig.login.tend() == 40.0


def test_token_that_cannot_be_renewed() -> None:
    """A token that is not renewable is replaced before it ends; if that fails, the old one stays."""
    rig = Rig(outcome=Grant(SecretValue(b"batch"), seconds=60.0))
    rig.lease()
    rig.method.outcome = REFUSED
    rig.time.now = 40.0
    rig.login.tend()
    assert rig.logins() == 2
    rig.lease()
    rig.time.now = 60.0
    with pytest.raises(AuthenticationFailed):
        rig.lease()


def test_endless_token_is_left_alone() -> None:
    """A token without an end is neither renewed nor replaced."""
    rig = Rig(outcome=Grant(SecretValue(b"root")))
    rig.lease()
    rig.time.now = 1e9
    rig.login.tend()
    rig.lease()
    assert rig.logins() == 1
    assert rig.session.asked == 0


def test_renewing_goes_on_by_itself() -> None:
    """The renewal's thread looks when it is due, starts once, and ends when told."""
    login = MagicMock()
    login.tend.return_value = 0.001
    renewal = Renewal(login, "platform")
    renewal.start()
    renewal.start()
    wait_for("three looks", lambda: login.tend.call_count >= 3)
    renewal.stop()
    looked = login.tend.call_count
    renewal.start()
    assert login.tend.call_count == looked
