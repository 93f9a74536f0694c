"""Puts a store in some condition through the guard, and compares what is told with the condition's row."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from syncd.model.errors import SecretNotFound, StoreError
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from syncd.testing.stores import soon
from tests.unit.stores.rigs import FakeCluster, Time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched, SecretStore
    from tests.harness.conditions import Condition

_NOT_LONG = 0.7
"""Seconds for an attempt of which nothing is expected."""


class Counted:
    """Counts how often a store is asked."""

    def __init__(self, store: SecretStore) -> None:
        """Listen to `store`."""
        self._fetch = store.fetch
        self.times = 0

    def __call__(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Ask it."""
        self.times += 1
        return self._fetch(refs, deadline=deadline)


def must_be(
    condition: Condition, store: SecretStore, ref: SecretRef, patch: pytest.MonkeyPatch, *beside: SecretRef
) -> Mapping[SecretRef, Fetched]:
    """Fetch `ref` and what stands `beside` it, on a clock that stands still; compare `ref` with the row."""
    counted = Counted(store)
    patch.setattr(store, "fetch", counted)
    bounds = Bounds(timeout=_NOT_LONG if condition.name == "timeout" else Bounds().timeout)
    patience = Patience(clock=Time(time.monotonic()).clock())
    guarded = GuardedStore(store, bounds, FakeCluster().events.append, patience)
    answers = guarded.fetch([ref, *beside], deadline=soon())
    answer = answers[ref]
    reason = answer.reason if isinstance(answer, StoreError) else None
    told = (reason, counted.times > 1, isinstance(answer, SecretNotFound) and ref.version is None)
    assert told == (condition.reason, condition.retried, condition.may_delete), repr(answer)
    return answers
