"""Whether the policy lets us read in batches; one that does not is no failure, and is said once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from syncd.model.events import StoreNotice
from syncd.stores.aws.outcome import BATCH_ACTION

if TYPE_CHECKING:
    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.clock import Clock

_TRY_AGAIN_AFTER: Final = 3600.0


class BatchRight:
    """Remembers a denied batch for an hour. Thread-safe."""

    def __init__(self, store: StoreName, clock: Clock, emit: Emit) -> None:
        """Assume that we may."""
        self._store = store
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._said = False

    def holds(self) -> bool:
        """Tell whether a batch is worth a try."""
        return self._clock.now() >= self._not_before

    def was_used(self) -> None:
        """Note that a batch was answered."""
        self._said = False

    def was_denied(self, who: str) -> None:
        """Note that a batch was denied to `who` (an ARN, or nothing); the first time it is told."""
        with self._lock:
            self._not_before = self._clock.now() + _TRY_AGAIN_AFTER
            if self._said:
                return
            self._said = True
        as_whom = f" for {who}" if who else ""
        self._emit(
            StoreNotice(
                self._store,
                f"the policy lacks {BATCH_ACTION} on *{as_whom}: secrets are read one by one, at twenty times"
                " the requests; tried again every hour",
            )
        )
