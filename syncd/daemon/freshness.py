"""How fresh each placement is: remembered from sweep to sweep, told after each one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.daemon.times import stale_after
from syncd.model.events import Freshness, PlacementGone
from syncd.model.reasons import Reason, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.mapping.settings import MappingDocument
    from syncd.model.events import Emit, Event
    from syncd.model.names import PlacementId
    from syncd.model.objects import Outcome
    from syncd.sync.sweep import Swept


@dataclass(slots=True)
class _Seen:
    """Unix times in seconds."""

    first: float
    last_success: float | None = None


class FreshnessBook:
    """Remembers when each placement was first seen and last in sync; safe for use by many threads.

    It is a listener too: a placement that is gone is forgotten.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Remember nothing yet; `now` is a clock in Unix seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[PlacementId, _Seen] = {}

    def __call__(self, event: Event) -> None:
        """Forget a placement that is gone."""
        if isinstance(event, PlacementGone):
            with self._lock:
                self._seen.pop(event.placement, None)

    def tell(self, swept: Swept, document: MappingDocument, emit: Emit) -> None:
        """Emit how fresh each placement of a sweep is."""
        for outcome in swept.outcomes.values():
            emit(self._freshness(outcome, document))

    def _freshness(self, outcome: Outcome, document: MappingDocument) -> Freshness:
        now = self._now()
        with self._lock:
            seen = self._seen.setdefault(outcome.placement, _Seen(now))
            if outcome.state is State.SYNCED:
                seen.last_success = now
            since, last = seen.first, seen.last_success
        credential = document.credentials.get(outcome.placement.credential)
        if credential is None or _is_no_alarm(outcome, optional=credential.optional):
            return Freshness(outcome.placement, last, None)
        waiting = credential.settle if outcome.reasons == (Reason.HALF_ROTATED,) else 0.0
        return Freshness(outcome.placement, last, stale_after(credential.schedule, last or since) + waiting)


def _is_no_alarm(outcome: Outcome, *, optional: bool) -> bool:
    """Tell whether nobody wants to hear that this one is not in sync."""
    if outcome.state is State.SUSPENDED:
        return True
    return optional and outcome.reasons == (Reason.SECRET_NOT_FOUND,)
