"""gather: each distinct secret once, in batches, errors as values."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from syncd.model.errors import StoreError
from syncd.model.reasons import Reason
from syncd.model.secret import ChangeToken, RemoteSecret, SecretRef, SecretValue, StoreName
from syncd.stores.interface import Fetched, SecretStore
from syncd.sync.gather import gather
from syncd.testing.stores.rig import PLENTY
from tests.harness.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

A, B = StoreName("a"), StoreName("b")


class Listing(SecretStore):
    """A store that notes what it is asked for."""

    def __init__(self, name: StoreName, batch: int = 1) -> None:
        """Start with nothing asked."""
        self.name = name
        self.batch = batch
        self.asked: list[tuple[SecretRef, ...]] = []

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Answer everything but what is called `silent`; `bug` raises."""
        self.asked.append(tuple(refs))
        if any(ref.secret == "bug" for ref in refs):
            raise RuntimeError("canary-in-a-bug")
        return {
            ref: RemoteSecret(ref, ChangeToken("1"), SecretValue(b"x"))
            for ref in refs
            if ref.secret != "silent"
        }


def reason(answer: Fetched) -> Reason:
    """Return the reason of an error."""
    assert isinstance(answer, StoreError)
    return answer.reason


def test_every_reference_is_asked_for_once_in_batches() -> None:
    """45 secrets of a store with batches of 20 are three requests."""
    store = Listing(A, batch=20)
    refs = frozenset(SecretRef(A, f"s{n}") for n in range(45))
    fetched = gather(refs, {A: store}, deadline=0)
    assert sorted(len(batch) for batch in store.asked) == [5, 20, 20]
    assert {ref for batch in store.asked for ref in batch} == refs == fetched.keys()


def test_nothing_to_fetch_asks_nobody() -> None:
    """Keyless credentials cost no request."""
    assert gather(frozenset(), {A: Listing(A)}, deadline=0) == {}


def test_a_store_that_the_mapping_does_not_have_is_said() -> None:
    """An unknown store is a misconfiguration of its own references only."""
    known, unknown = SecretRef(A, "s"), SecretRef(B, "s")
    fetched = gather(frozenset({known, unknown}), {A: Listing(A)}, deadline=0)
    assert reason(fetched[unknown]) is Reason.STORE_MISCONFIGURED
    assert isinstance(fetched[known], RemoteSecret)


def test_an_adapters_bug_and_a_missing_answer_cost_only_their_own() -> None:
    """Both become StoreUnavailable; of a bug only the type is told, since its text may hold a value."""
    refs = frozenset(SecretRef(A, name) for name in ("bug", "silent", "good"))
    fetched = gather(refs, {A: Listing(A)}, deadline=0)
    bug = fetched[SecretRef(A, "bug")]
    assert reason(bug) is Reason.STORE_UNAVAILABLE
    assert "RuntimeError" in str(bug)
    assert "canary" not in str(bug)
    assert reason(fetched[SecretRef(A, "silent")]) is Reason.STORE_UNAVAILABLE
    assert isinstance(fetched[SecretRef(A, "good")], RemoteSecret)


class Hanging(Listing):
    """A store that answers nobody before it is let go."""

    def __init__(self, name: StoreName) -> None:
        """Hold on."""
        super().__init__(name)
        self.go = threading.Event()

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Wait, then answer."""
        assert self.go.wait(PLENTY)
        return super().fetch(refs, deadline=deadline)


def test_a_store_that_hangs_costs_the_others_nothing() -> None:
    """However many secrets wait for one store, those of another are asked for meanwhile."""
    hanging, other = Hanging(A), Listing(B)
    refs = frozenset(SecretRef(name, f"s{number}") for name in (A, B) for number in range(100))
    sweep = threading.Thread(target=gather, args=(refs, {A: hanging, B: other}), kwargs={"deadline": 0})
    sweep.start()
    try:
        wait_for("the other store's secrets", lambda: len(other.asked) == 100)
        assert not hanging.asked
    finally:
        hanging.go.set()
        sweep.join(PLENTY)
    assert len(hanging.asked) == 100
