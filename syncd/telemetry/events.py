"""Kubernetes Events: what the owners of a namespace see beside their Secret, sent by a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from syncd.model.events import (
    Expiry,
    Freshness,
    MappingRead,
    PlacementGone,
    PlanHeld,
    StateChanged,
    SweepFinished,
)
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason, State
from syncd.telemetry import notes
from syncd.telemetry.repeat import DAY, Reminder
from syncd.telemetry.words import EXPIRES_SOON, WRITTEN, is_missing_optional, leading_reason, of_the_store

if TYPE_CHECKING:
    from syncd.model.events import Event
    from syncd.model.names import PlacementId

Poster: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Posts one Event, given its namespace and the object; bounds its own time and raises when it fails."""

Count: TypeAlias = Callable[[Literal["posted", "failed", "dropped"]], None]

API_VERSION: Final = "events.k8s.io/v1"
CONTROLLER: Final = "syncd.dev/syncd"
WAITING: Final = 1000
"""How many Events may wait to be posted; more are dropped and counted."""

_NOWHERE: Final = frozenset({Reason.NAMESPACE_MISSING, Reason.NAMESPACE_TERMINATING})


class Outbox:
    """Posts Events one after the other on its own thread, so that a sweep never waits; best effort."""

    def __init__(self, post: Poster, count: Count, *, waiting: int = WAITING) -> None:
        """Start the thread; `count` hears what became of each Event."""
        self._post = post
        self._count = count
        self._limit = waiting
        self._waiting: deque[tuple[str, Mapping[str, Any]]] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="kubernetes-events", daemon=True)
        self._thread.start()

    def put(self, namespace: str, body: Mapping[str, Any]) -> None:
        """Take one Event, or drop it when too many wait or the outbox is closed."""
        with self._changed:
            taken = not self._closed and len(self._waiting) < self._limit
            if taken:
                self._waiting.append((namespace, body))
                self._changed.notify()
        if not taken:
            self._count("dropped")

    def close(self, timeout: float) -> None:
        """Take no more, and wait up to `timeout` seconds for those that wait."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                namespace, body = self._waiting.popleft()
            try:
                self._post(namespace, body)
            except Exception:  # noqa: BLE001 an Event is best effort: whatever went wrong, it is counted
                self._count("failed")
            else:
                self._count("posted")


class EventListener:
    """Turns what happened into Events, thread-safe.

    A warning is told when the state or its reasons change, and then once an hour; that a secret expires soon
    once a day. What is wrong with a whole
    store is nobody's Event until the placement was not synced in time. A missing optional secret is none.
    """

    def __init__(
        self,
        put: Poster,
        now: Callable[[], float],
        *,
        instance: str,
        mapping: ObjectRef | None,
    ) -> None:
        """Give Events to `put` (`Outbox.put`).

        Args:
            put: takes a namespace and an Event, at once.
            now: a clock in Unix seconds.
            instance: who reports: the pod's name, 1 to 128 characters.
            mapping: the mapping's ConfigMap; None when it is a file, which can have no Events.

        """
        self._put = put
        self._now = now
        self._instance = instance
        self._mapping = mapping
        self._lock = threading.Lock()
        self._placements: Reminder[PlacementId, StateChanged] = Reminder(now)
        self._mappings: Reminder[ObjectRef, MappingRead] = Reminder(now)
        self._held: Reminder[str, PlanHeld] = Reminder(now)
        self._expiring: Reminder[PlacementId, Expiry] = Reminder(now, DAY)
        self._stale_after: dict[PlacementId, float] = {}

    def __call__(self, event: Event) -> None:
        """Make the Events of one event, if it has any."""
        with self._lock:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case StateChanged():
                self._state_changed(event)
            case Freshness(placement, _, stale_after):
                self._stale_after[placement] = stale_after or float("inf")
            case Expiry():
                self._expires(event)
            case PlacementGone(placement):
                self._placements.drop(placement)
                self._expiring.drop(placement)
                self._stale_after.pop(placement, None)
            case MappingRead() if self._mapping is not None:
                self._mapping_read(self._mapping, event)
            case PlanHeld() if self._mapping is not None:
                self._plan_held(self._mapping, event)
            case SweepFinished():
                self._remind(self._mapping)
            case _:
                return

    def _state_changed(self, change: StateChanged) -> None:
        after = change.after
        if after.changed or after.reshaped:
            for reason in after.reasons:
                if reason in WRITTEN:
                    self._post(change, "Normal", reason, notes.written(change, reason))
        if after.state is State.SYNCED:
            if self._placements.drop(after.placement) and not after.changed:
                reason = leading_reason(after) or Reason.PUBLISHED
                self._post(change, "Normal", reason, notes.recovered(change))
            return
        if after.state in (State.SUSPENDED, State.RETAINED):
            self._placements.drop(after.placement)
            reason = leading_reason(after) or Reason.UNMAPPED
            if change.before is not None:
                self._post(change, "Normal", reason, notes.resting(reason))
            return
        if is_missing_optional(change) or leading_reason(after) in _NOWHERE:
            self._placements.drop(after.placement)
            return
        self._warn(change)

    def _warn(self, change: StateChanged) -> None:
        """Post the warning, or wait: an outage of the store becomes a team's concern when it lasts."""
        placement = change.after.placement
        if of_the_store(change.after) and not self._is_stale(placement):
            self._placements.later(placement, change, self._now())
            return
        reason = leading_reason(change.after)
        if reason is None:
            return
        self._post(change, "Warning", reason, notes.wrong(change))
        self._placements.told(placement, change)

    def _expires(self, expiry: Expiry) -> None:
        """Warn of what expires soon; what has expired, or was renewed, is told as what it is."""
        if not expiry.soon or expiry.expires is None:
            self._expiring.drop(expiry.placement)
            return
        note = notes.expires(expiry.expires)
        body = self._body("Secret", expiry.secret, expiry.uid, "Warning", EXPIRES_SOON, note)
        self._put(expiry.secret.namespace, body)
        self._expiring.told(expiry.placement, expiry)

    def _is_stale(self, placement: PlacementId) -> bool:
        return self._stale_after.get(placement, float("inf")) < self._now()

    def _mapping_read(self, mapping: ObjectRef, read: MappingRead) -> None:
        if read.valid:
            self._mappings.drop(mapping)
            return
        known = self._mappings.get(mapping)
        if known is None or known.problems != read.problems:
            self._mapping_invalid(mapping, read)

    def _mapping_invalid(self, mapping: ObjectRef, read: MappingRead) -> None:
        effect = "the last accepted form stays in force"
        count = len(read.problems)
        text = f"{count} problem{'s' if count != 1 else ''}; {effect}. " + " | ".join(read.problems)
        self._put(
            mapping.namespace,
            self._body("ConfigMap", mapping, None, "Warning", Reason.MAPPING_INVALID, notes.cut(text)),
        )
        self._mappings.told(mapping, read)

    def _plan_held(self, mapping: ObjectRef, held: PlanHeld) -> None:
        if not held.id:
            self._held.drop(held.kind)
            return
        body = self._body("ConfigMap", mapping, None, "Warning", Reason.HELD, notes.held(held))
        self._put(mapping.namespace, body)
        self._held.told(held.kind, held)

    def _remind(self, ours: ObjectRef | None) -> None:
        """Tell again what still stands after an hour, and what has lasted until somebody should know."""
        if ours is not None:
            for _, held in self._held.due():
                self._plan_held(ours, held)
        for mapping, read in self._mappings.due():
            self._mapping_invalid(mapping, read)
        for _, change in self._placements.due():
            self._warn(change)
        for _, expiry in self._expiring.due():
            self._expires(expiry)

    def _post(
        self, change: StateChanged, kind: Literal["Normal", "Warning"], reason: Reason, note: str
    ) -> None:
        placement = change.after.placement
        about = change.secret or ObjectRef(placement.namespace, placement.credential)
        self._put(about.namespace, self._body("Secret", about, change.uid, kind, reason, note))

    def _body(
        self,
        kind: str,
        about: ObjectRef,
        uid: str | None,
        type_: Literal["Normal", "Warning"],
        reason: str,
        note: str,
    ) -> dict[str, Any]:
        regarding = {"apiVersion": "v1", "kind": kind, "namespace": about.namespace, "name": about.name}
        time = datetime.fromtimestamp(self._now(), UTC)
        return {
            "apiVersion": API_VERSION,
            "kind": "Event",
            "metadata": {"generateName": "syncd-", "namespace": about.namespace},
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "action": "Sync",
            "reason": str(reason),
            "type": type_,
            # Without the uid kubectl describe does not list the Event; a Secret that is not there has none.
            "regarding": regarding | ({"uid": uid} if uid else {}),
            "note": note,
        }
