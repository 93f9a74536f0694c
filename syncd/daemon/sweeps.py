"""One sweep of one group: what can go wrong with it becomes a value, and an event."""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from syncd.model.errors import ClusterUnreachable
from syncd.model.events import SweepFailed
from syncd.telemetry.failure import located, trace
from syncd.telemetry.log import logger

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.daemon.freshness import FreshnessBook
    from syncd.daemon.groups import Groups
    from syncd.daemon.queue import Group
    from syncd.mapping.settings import MappingDocument
    from syncd.model.events import Emit
    from syncd.model.names import CredentialId

STORES: Final = 60.0
"""Seconds that the stores have for one sweep, besides two time-outs of the slowest."""


class Ended(Enum):
    """How a sweep ended."""

    FINISHED = auto()
    UNREACHABLE = auto()
    BUG = auto()
    GONE = auto()
    """The group is no longer mapped: nothing was done."""


class Sweeps:
    """Sweeps groups of the mapping in force; safe for use by many threads."""

    def __init__(self, app: App, fresh: FreshnessBook, emit: Emit) -> None:
        """Start without a mapping."""
        self._app = app
        self._fresh = fresh
        self._emit = emit
        self._in_force: tuple[MappingDocument, Groups] | None = None

    def use(self, document: MappingDocument, groups: Groups) -> None:
        """Sweep these from now on; a sweep under way ends with what it began with."""
        self._in_force = (document, groups)

    def run(self, group: Group) -> Ended:
        """Sweep one group; raises nothing."""
        if self._in_force is None:
            return Ended.GONE
        document, groups = self._in_force
        due = groups.get(group)
        if due is None:
            return Ended.GONE
        try:
            self._sweep(document, group, due)
        except ClusterUnreachable as error:
            self._emit(SweepFailed(str(group), "cluster", str(error)))
            self._app.engine.lost_sight(due)
            return Ended.UNREACHABLE
        except Exception as error:  # noqa: BLE001  # a bug must not end the thread that works for this store
            self._emit(SweepFailed(str(group), "bug", located(error)))
            logger().debug("where a sweep failed", group=str(group), trace=trace(error))
            return Ended.BUG
        return Ended.FINISHED

    def _sweep(self, document: MappingDocument, group: Group, due: frozenset[CredentialId]) -> None:
        swept = self._app.engine.run(
            document, due, group=str(group), removal="act", deadline=_deadline(document)
        )
        self._fresh.tell(swept, document, self._emit)


def _deadline(document: MappingDocument) -> float:
    slowest = max((store.requests.timeout for store in document.stores.values()), default=0.0)
    return time.monotonic() + STORES + 2 * slowest
