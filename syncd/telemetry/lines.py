"""Events as log lines: what the person on call reads at 3 a.m., one line a change and not one more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, assert_never

from syncd.model.events import (
    ApiRequest,
    Expiry,
    Freshness,
    ListenerFailed,
    MappingRead,
    ObjectWritten,
    PlacementGone,
    PlanHeld,
    StateChanged,
    StoreHealth,
    StoreNotice,
    StoreRequest,
    SweepFailed,
    SweepFinished,
)
from syncd.model.reasons import Reason, State
from syncd.model.times import utc
from syncd.telemetry.repeat import DAY, HOUR, Reminder
from syncd.telemetry.words import (
    EXPIRES_SOON,
    WRITTEN,
    is_missing_optional,
    leading_reason,
    of_the_store,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.stdlib import BoundLogger

    from syncd.model.events import Event
    from syncd.model.names import PlacementId
    from syncd.model.secret import StoreName

_KEPT: Final = "its last accepted form stays in force"
_LEVELS: Final = {
    State.STALE: "warning",
    State.PENDING: "warning",
    State.REFUSED: "error",
    State.SUSPENDED: "info",
    State.RETAINED: "info",
}


class LogListener:
    """Writes the lines; thread-safe.

    A refusal is told when the state or its reasons change, and then once an hour; that a secret expires soon
    once a day. When a store is down, that
    is one line for the store, with the number of placements that wait for it, and none for each of them.
    """

    def __init__(self, log: BoundLogger, now: Callable[[], float]) -> None:
        """Write to `log`; `now` is a clock in seconds."""
        self._log = log
        self._now = now
        self._lock = threading.Lock()
        self._placements: Reminder[PlacementId, StateChanged] = Reminder(now)
        self._expiring: Reminder[PlacementId, Expiry] = Reminder(now, DAY)
        self._stores: Reminder[StoreName, StoreHealth] = Reminder(now)
        self._mapping: Reminder[str, MappingRead] = Reminder(now)
        self._held: Reminder[str, PlanHeld] = Reminder(now)
        self._failures: Reminder[ListenerFailed, ListenerFailed] = Reminder(now)
        self._sweeps: Reminder[str, SweepFailed] = Reminder(now)
        self._cluster_down_since: float | None = None
        self._down_since: dict[StoreName, float] = {}
        self._users: dict[PlacementId, tuple[StoreName, ...]] = {}

    def __call__(self, event: Event) -> None:
        """Write the lines of one event, if it has any."""
        if isinstance(event, StoreRequest | ApiRequest):
            # There is one for every request, and nothing to remember of it: nobody waits for the others.
            self._detail(event)
            return
        with self._lock:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case StateChanged() | Expiry():
                self._placement(event)
            case StoreHealth():
                self._store_health(event)
            case MappingRead() | PlanHeld():
                self._whole_mapping(event)
            case SweepFinished() | SweepFailed():
                self._sweep_ended(event)
            case PlacementGone():
                self._gone(event)
            case ListenerFailed():
                if self._failures.get(event) is None:
                    self._listener_failed(event)
            case ObjectWritten() | StoreRequest() | StoreNotice() | ApiRequest():
                self._detail(event)
            case Freshness():
                return
            case _:
                assert_never(event)

    def _placement(self, event: StateChanged | Expiry) -> None:
        match event:
            case StateChanged():
                self._state_changed(event)
            case Expiry():
                self._expires(event)

    def _expires(self, expiry: Expiry) -> None:
        """Warn of what expires soon; what has expired, or was renewed, is told as what it is."""
        if not expiry.soon or expiry.expires is None:
            self._expiring.drop(expiry.placement)
            return
        self._log.warning(
            "secret expires soon",
            reason=EXPIRES_SOON,
            credential=expiry.placement.credential,
            namespace=expiry.placement.namespace,
            secret=expiry.secret.name,
            expires=utc(expiry.expires),
            effect="after that it is published no more; what was published stays in place",
            remedy="write a new version, or move its expiry in the store",
        )
        self._expiring.told(expiry.placement, expiry)

    def _state_changed(self, change: StateChanged) -> None:
        placement, after = change.after.placement, change.after
        self._users[placement] = change.stores
        self._written(change)
        if after.state is State.SYNCED:
            if self._placements.drop(placement):
                self._log.info("recovered", **_names(change), version=after.version)
            return
        if is_missing_optional(change):
            self._placements.drop(placement)
            self._log.debug("optional secret is missing", **_names(change))
            return
        if self._is_down(change):
            self._placements.later(placement, change, self._now() + HOUR)
            return
        self._state(change)

    def _written(self, change: StateChanged) -> None:
        after = change.after
        if not (after.changed or after.reshaped):
            return
        for reason in after.reasons:
            if reason not in WRITTEN:
                continue
            fields = {
                "version": after.version,
                "previous": after.previous,
                "changed": list(after.changed),
                "shape": after.reshaped,
                "lag": _seconds(change.lag),
            }
            level = "warning" if reason is Reason.DRIFT_REPAIRED else "info"
            self._write(level, WRITTEN[reason], _names(change) | fields)

    def _state(self, change: StateChanged) -> None:
        after = change.after
        fields: dict[str, Any] = {
            "reason": leading_reason(after),
            "reasons": list(after.reasons) if len(after.reasons) > 1 else None,
            "kept": after.version,
            "remote": change.remote,
            "fields": list(change.fields) or None,
        }
        if after.refusals:
            first, *others = after.refusals
            fields |= {
                "where": first.where,
                "problem": first.message,
                "remedy": first.remedy,
                "origin": str(first.origin) if first.origin else None,
                "also": [refusal.text for refusal in others] or None,
            }
        self._write(_LEVELS[after.state], str(after.state).lower(), _names(change) | fields)
        if after.state in (State.SUSPENDED, State.RETAINED):
            self._placements.drop(after.placement)
            return
        self._placements.told(after.placement, change)

    def _is_down(self, change: StateChanged) -> bool:
        """Tell whether the line of a store, or of the cluster, says it all already."""
        if Reason.CLUSTER_UNAVAILABLE in change.after.reasons:
            return self._cluster_down_since is not None
        return of_the_store(change.after) and any(store in self._down_since for store in change.stores)

    def _store_health(self, health: StoreHealth) -> None:
        if health.up:
            since = self._down_since.pop(health.store, None)
            self._stores.drop(health.store)
            if since is not None:
                self._log.info("store available", store=health.store, down=_seconds(self._now() - since))
            return
        known = self._stores.get(health.store)
        self._down_since.setdefault(health.store, self._now())
        if known is None or known.reason != health.reason:
            self._store_down(health)

    def _store_down(self, health: StoreHealth) -> None:
        fields = {
            "store": health.store,
            "reason": health.reason,
            "problem": health.message,
            "placements": sum(health.store in stores for stores in self._users.values()),
            "next_try": _seconds(health.next_try),
            "effect": "what was published stays in place",
        }
        self._write("error", "store unavailable", fields)
        self._stores.told(health.store, health)

    def _whole_mapping(self, event: MappingRead | PlanHeld) -> None:
        match event:
            case MappingRead():
                self._mapping_read(event)
            case PlanHeld():
                self._plan_held(event)

    def _mapping_read(self, read: MappingRead) -> None:
        known = self._mapping.get("")
        if read.stores is not None:
            for store in self._down_since.keys() - read.stores:
                del self._down_since[store]
                self._stores.drop(store)
        if read.valid and not read.warnings:
            if self._mapping.drop(""):
                self._log.info("mapping accepted", credentials=read.credentials)
            return
        if known is None or (known.problems, known.warnings) != (read.problems, read.warnings):
            self._mapping_problems(read)

    def _mapping_problems(self, read: MappingRead) -> None:
        effect = (
            f"{_KEPT}; {read.credentials} others unaffected" if read.accepted else f"nothing of it: {_KEPT}"
        )
        word = "mapping entry refused" if read.accepted else "mapping refused"
        for problem in read.problems:
            self._log.error(word, reason=str(Reason.MAPPING_INVALID), problem=problem, effect=effect)
        for warning in read.warnings:
            self._log.warning("mapping warning", problem=warning)
        self._mapping.told("", read)

    def _sweep_ended(self, sweep: SweepFinished | SweepFailed) -> None:
        match sweep:
            case SweepFinished():
                self._sweep_finished(sweep)
                self._remind()
            case SweepFailed():
                self._sweep_failed(sweep)

    def _sweep_finished(self, sweep: SweepFinished) -> None:
        fields = {
            "group": sweep.group,
            "seconds": round(sweep.seconds, 3),
            "placements": sweep.placements,
            "refused": sweep.refused,
            "writes": sweep.writes,
            "unchanged": sweep.unchanged,
        }
        self._sweeps.drop("")
        self._sweeps.drop(sweep.group)
        if self._cluster_down_since is not None:
            self._log.info("cluster available", down=_seconds(self._now() - self._cluster_down_since))
            self._cluster_down_since = None
        # In the steady state there is nothing to read.
        self._write("info" if sweep.writes else "debug", "sweep finished", fields)

    def _sweep_failed(self, failed: SweepFailed) -> None:
        """Tell it when it is news: the cluster's absence once for all groups, a bug once for each."""
        if failed.cause == "cluster":
            known = self._sweeps.get("")
            if self._cluster_down_since is None:
                self._cluster_down_since = self._now()
            if known is None or known.error != failed.error:
                effect = "what was published stays in place; tried again with growing pauses"
                self._log.error("cluster unavailable", problem=failed.error, effect=effect)
                self._sweeps.told("", failed)
            return
        known = self._sweeps.get(failed.group)
        if known is None or known.error != failed.error:
            self._log.error("sweep failed", group=failed.group, error=failed.error, remedy="please report it")
            self._sweeps.told(failed.group, failed)

    def _plan_held(self, held: PlanHeld) -> None:
        if not held.id:
            self._held.drop(held.kind)
            self._log.info("held no more", **{"class": held.kind})
            return
        fields = {
            "id": held.id,
            held.kind: held.count,
            "limit": held.limit,
            "effect": "all of them wait; everything else goes on",
            "confirm": f"syncd confirm {held.id}",
        }
        self._write("warning", "held", {"reason": str(Reason.HELD)} | fields)
        self._held.told(held.kind, held)

    def _gone(self, gone: PlacementGone) -> None:
        self._placements.drop(gone.placement)
        self._expiring.drop(gone.placement)
        self._users.pop(gone.placement, None)
        self._log.info(
            "no longer mapped", credential=gone.placement.credential, namespace=gone.placement.namespace
        )

    def _listener_failed(self, failed: ListenerFailed) -> None:
        self._log.error("telemetry failed", listener=failed.listener, error=failed.error)
        self._failures.told(failed, failed)

    def _remind(self) -> None:
        """Tell again what still stands after an hour."""
        for _, health in self._stores.due():
            self._store_down(health)
        for _, read in self._mapping.due():
            self._mapping_problems(read)
        for _, held in self._held.due():
            self._plan_held(held)
        for placement, change in self._placements.due():
            if self._is_down(change):
                self._placements.later(placement, change, self._now() + HOUR)
            else:
                self._state(change)
        for _, expiry in self._expiring.due():
            self._expires(expiry)
        for failed, _ in self._failures.due():
            self._failures.drop(failed)
        for key, _ in self._sweeps.due():
            self._sweeps.drop(key)

    def _detail(self, event: ObjectWritten | StoreRequest | StoreNotice | ApiRequest) -> None:
        match event:
            case ObjectWritten():
                fields: dict[str, Any] = {
                    "verb": event.verb,
                    "kind": event.kind,
                    "namespace": event.ref.namespace,
                    "name": event.ref.name,
                    "credentials": sorted({placement.credential for placement in event.placements}),
                    "values": list(event.values),
                    "shape": list(event.shape),
                }
                self._write("info" if event.kind == "ServiceAccount" else "debug", "object written", fields)
            case StoreRequest():
                self._log.debug(
                    "store request",
                    store=event.store,
                    operation=event.operation,
                    outcome=event.outcome,
                    seconds=round(event.seconds, 3),
                )
            case StoreNotice(store, message):
                self._log.warning("store notice", store=store, notice=message)
            case ApiRequest():
                self._log.debug(
                    "api request",
                    verb=event.verb,
                    resource=event.resource,
                    code=event.code,
                    seconds=round(event.seconds, 3),
                )

    def _write(self, level: str, word: str, fields: dict[str, Any]) -> None:
        said = {name: value for name, value in fields.items() if value is not None}
        getattr(self._log, level)(word, **said)


def _names(change: StateChanged) -> dict[str, Any]:
    """Return the fields that say which placement a line is about."""
    placement = change.after.placement
    names: dict[str, Any] = {"credential": placement.credential, "namespace": placement.namespace}
    return names | ({"secret": change.secret.name} if change.secret else {})


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{round(value)}s"
