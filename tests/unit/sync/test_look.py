"""Looking at stores: all that is needed, side by side, and what a sweep never asks."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncd.mapping.settings import StoreSettings
from syncd.model.errors import StoreError, StoreUnavailable
from syncd.model.secret import StoreName
from syncd.sync.look import MOST_AGES, Seen, look
from syncd.testing.stores.memory import InMemoryStore
from syncd.testing.stores.rig import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import RemoteSecret, SecretRef
    from syncd.stores.interface import Fetched, Finding

CANARY = "canary-9d2e"
MADE = datetime(2026, 3, 1, tzinfo=UTC)


class Silent(InMemoryStore):
    """A store without a check of its own, as a folder of files is."""

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Find nothing."""
        return ()


class Telling(InMemoryStore):
    """A store that tells the age of a secret to those who ask."""

    def __init__(self, name: str = "memory") -> None:
        """Start empty."""
        super().__init__(name)
        self.ages: list[SecretRef] = []

    def created(self, secret: RemoteSecret, *, deadline: float) -> datetime | None:
        """Tell that of the first two only."""
        self.ages.append(secret.ref)
        return MADE + timedelta(days=len(self.ages)) if len(self.ages) <= 2 else None


class Broken(InMemoryStore):
    """A store with a bug in its check, whose text quotes a value."""

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Raise."""
        raise ValueError(CANARY)


def of(*stores: InMemoryStore, refs: Sequence[SecretRef] = ()) -> Mapping[StoreName, Seen]:
    """Look at these stores and secrets."""
    settings = {store.name: StoreSettings(store.name, "file", None) for store in stores}
    by_name = {store.name: store for store in stores}
    return look(frozenset(refs), by_name, settings, deadline=time.monotonic() + 30)


def with_secrets(store: InMemoryStore, count: int = 1) -> list[SecretRef]:
    """Put secrets into a store and return their references."""
    for number in range(count):
        store.put(f"s{number}", {"token": CANARY})
    return [store.ref(f"s{number}") for number in range(count)]


def test_a_store_that_is_well() -> None:
    """Its findings and its secrets are there, and it is not down."""
    store = InMemoryStore()
    (seen,) = of(store, refs=(refs := with_secrets(store))).values()
    assert [finding.step for finding in seen.findings] == ["reachable", "authenticated"]
    assert list(seen.fetched) == refs
    assert seen.outage is None


def test_a_dead_store_is_asked_for_no_secret() -> None:
    """When it cannot be reached its secrets have that for an answer, and are not asked for one by one."""
    store = InMemoryStore()
    refs = with_secrets(store, 5)
    store.fail(Failure.STOP)
    (seen,) = of(store, refs=refs).values()
    assert seen.outage is not None
    assert set(seen.fetched.values()) == {seen.outage}
    assert store.asked == []


def test_a_refused_login_says_nothing_of_secrets() -> None:
    """Of a store that answers, every secret is asked for, whatever it said of the login."""
    store = InMemoryStore()
    refs = with_secrets(store)
    store.fail(Failure.UNKNOWN_TO_IT)
    (seen,) = of(store, refs=refs).values()
    assert seen.outage is None
    assert store.asked == refs


@pytest.mark.parametrize(("failure", "down"), [(Failure.STOP, True), (Failure.UNKNOWN_TO_IT, False)])
def test_a_store_without_a_check(failure: Failure, *, down: bool) -> None:
    """A store that finds nothing is down if none of its secrets can be reached."""
    store = Silent()
    refs = with_secrets(store, 2)
    store.fail(failure)
    (seen,) = of(store, refs=refs).values()
    assert (seen.outage is not None) is down


def test_a_store_that_nothing_was_asked_of() -> None:
    """A store without a check, needed for no secret, is not down."""
    (seen,) = of(Silent()).values()
    assert seen == Seen((), {}, {})
    assert seen.outage is None


def test_ages_are_asked_for() -> None:
    """Where a read does not tell when a version was made, the store is asked; it need not know."""
    store = Telling()
    refs = with_secrets(store, 3)
    (seen,) = of(store, refs=refs).values()
    assert sorted(store.ages) == refs
    assert sorted(seen.created.values()) == [MADE + timedelta(days=1), MADE + timedelta(days=2)]


def test_ages_are_not_asked_for_without_end() -> None:
    """Metadata has a small quota: of many secrets the age of some is asked for."""
    store = Telling()
    of(store, refs=with_secrets(store, MOST_AGES + 20))
    assert len(store.ages) == MOST_AGES


def test_ages_that_a_read_tells() -> None:
    """A read that tells when the version was made is believed, and nothing is asked."""

    class Dated(Telling):
        def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
            read = super().fetch(refs, deadline=deadline)
            return {ref: dated(answer) for ref, answer in read.items()}

    store = Dated()
    (seen,) = of(store, refs=(refs := with_secrets(store))).values()
    assert (dict(seen.created), store.ages) == ({refs[0]: MADE}, [])


def dated(answer: Fetched) -> Fetched:
    """Return what was read with the moment at which it was made."""
    return answer if isinstance(answer, StoreError) else replace(answer, created=MADE)


def test_a_slow_store_costs_the_others_nothing() -> None:
    """A store that hangs is waited for while the others answer: all are asked at once."""
    meeting = threading.Barrier(3, timeout=20)

    class Waiting(InMemoryStore):
        def check(self, *, deadline: float) -> Sequence[Finding]:
            meeting.wait()
            return super().check(deadline=deadline)

    seen = of(*(Waiting(name) for name in ("one", "two", "three")))
    assert list(seen) == ["one", "two", "three"]
    assert all(not one.outage for one in seen.values())


def test_a_bug_in_an_adapter_hides_no_other_store() -> None:
    """A bug is told by its type, not by its text, and the other stores are looked at."""
    broken, well = Broken("broken"), InMemoryStore("well")
    refs = [*with_secrets(broken), *with_secrets(well)]
    seen = of(broken, well, refs=refs)
    (finding,) = seen[StoreName("broken")].findings
    assert finding.error is not None
    assert "failed with ValueError" in finding.error.message
    assert CANARY not in repr(finding.error)
    assert seen[StoreName("broken")].outage is None
    assert not isinstance(seen[StoreName("well")].fetched[refs[1]], StoreUnavailable)
