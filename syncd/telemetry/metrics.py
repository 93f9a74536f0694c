"""Events as Prometheus series, in a registry of their own; a placement's series go when it goes."""

from __future__ import annotations

import platform
import threading
from typing import TYPE_CHECKING, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

import syncd
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
    StoreRequest,
    SweepFailed,
    SweepFinished,
)
from syncd.model.reasons import Reason, State
from syncd.telemetry import table
from syncd.telemetry.words import leading_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client.metrics import MetricWrapperBase

    from syncd.model.events import Event
    from syncd.model.names import PlacementId
    from syncd.telemetry.table import Metric

_BY_STORE: Final = tuple(metric for metric in table.TABLE if metric.labels[:1] == ("store",))


class Metrics:
    """Keeps the series; thread-safe."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start with no placement; `now` is a clock in Unix seconds."""
        # A second series for each counter that nobody asked for: when it was made.
        disable: Callable[[], None] = prometheus_client.disable_created_metrics
        disable()
        self._now = now
        self._lock = threading.Lock()
        self._placements: dict[PlacementId, tuple[str, str]] = {}
        self._stores: set[str] = set()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._gauges = {
            metric: Gauge(metric.name, metric.help, metric.labels, registry=self.registry)
            for metric in table.TABLE
            if metric.type == "gauge"
        }
        self._counters = {
            metric: Counter(metric.name, metric.help, metric.labels, registry=self.registry)
            for metric in table.TABLE
            if metric.type == "counter"
        }
        self._histograms = {
            metric: Histogram(
                metric.name, metric.help, metric.labels, registry=self.registry, buckets=metric.buckets
            )
            for metric in table.TABLE
            if metric.type == "histogram"
        }
        self._all: Mapping[Metric, MetricWrapperBase] = {**self._gauges, **self._counters, **self._histograms}
        self._gauge(table.BUILD_INFO, syncd.__version__, platform.python_version()).set(1)
        for state in State:
            self._gauge(table.PLACEMENTS, str(state)).set(0)
        for kind in ("removals", "reshapes"):
            self._gauge(table.HELD_ACTIONS, kind).set(0)

    def __call__(self, event: Event) -> None:
        """Account for one event."""
        with self._lock:
            self._hear(event)

    def exposition(self, accept: str = "") -> tuple[str, bytes]:
        """Return content type and body of `/metrics`, in the format that the `Accept` header asks for."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)

    def count_notice(self, outcome: str) -> None:
        """Count a Kubernetes Event: `posted`, `failed` or `dropped`."""
        self._counter(table.KUBERNETES_EVENTS, outcome).inc()

    def _hear(self, event: Event) -> None:
        match event:
            case StoreRequest() | ApiRequest():
                self._request(event)
            case StoreHealth(store, up):
                self._stores.add(store)
                self._gauge(table.STORE_UP, store).set(up)
            case ObjectWritten(verb, kind):
                self._counter(table.OBJECT_WRITES, kind, verb).inc()
            case StateChanged():
                self._state_changed(event)
            case Freshness() | Expiry():
                self._times(event)
            case PlacementGone(placement):
                self._gone(placement)
            case SweepFinished() | SweepFailed():
                self._sweep(event)
            case MappingRead() | PlanHeld():
                self._whole_mapping(event)
            case ListenerFailed(listener):
                self._counter(table.LISTENER_FAILURES, listener).inc()

    def _request(self, request: StoreRequest | ApiRequest) -> None:
        match request:
            case StoreRequest(store, operation, outcome, seconds):
                self._counter(table.STORE_REQUESTS, store, operation, outcome).inc()
                self._histogram(table.STORE_SECONDS, store, operation).observe(seconds)
                if outcome == "ok" and store not in self._stores:
                    # Health is told when it changes: a store that never failed is known by its first answer.
                    self._stores.add(store)
                    self._gauge(table.STORE_UP, store).set(1)
            case ApiRequest(verb, resource, code, seconds):
                self._counter(table.API_REQUESTS, verb, resource, str(code)).inc()
                self._histogram(table.API_SECONDS, verb, resource).observe(seconds)

    def _sweep(self, sweep: SweepFinished | SweepFailed) -> None:
        match sweep:
            case SweepFinished():
                self._histogram(table.SWEEP_SECONDS).observe(sweep.seconds)
                self._gauge(table.SWEEP_COMPLETED).set(self._now())
            case SweepFailed(_, cause):
                self._counter(table.SWEEP_FAILURES, cause).inc()

    def _state_changed(self, change: StateChanged) -> None:
        after = change.after
        who = (after.placement.credential, after.placement.namespace)
        what = (str(after.state), leading_reason(after) or "")
        before = self._placements.get(after.placement)
        if before != what:
            self._leave(after.placement)
            self._gauge(table.PLACEMENT_STATE, *who, *what).set(1)
            self._gauge(table.PLACEMENTS, what[0]).inc()
            self._placements[after.placement] = what
        rotations = self._counter(table.ROTATIONS, *who)
        if Reason.ROTATED in after.reasons and after.changed:
            rotations.inc()

    def _times(self, event: Freshness | Expiry) -> None:
        times: dict[Metric, float | None]
        match event:
            case Freshness(_, last_success, stale_after):
                times = {table.STALE_AFTER: stale_after, table.LAST_SUCCESS: last_success}
            case Expiry(_, expires):
                times = {table.SECRET_EXPIRY: expires}
        who = (event.placement.credential, event.placement.namespace)
        for metric, value in times.items():
            if value is None:
                self._gauges[metric].remove(*who)
            else:
                self._gauge(metric, *who).set(value)

    def _gone(self, placement: PlacementId) -> None:
        who = (placement.credential, placement.namespace)
        self._leave(placement)
        self._gauges[table.STALE_AFTER].remove(*who)
        self._gauges[table.LAST_SUCCESS].remove(*who)
        self._gauges[table.SECRET_EXPIRY].remove(*who)
        self._counters[table.ROTATIONS].remove(*who)

    def _leave(self, placement: PlacementId) -> None:
        """Take a placement out of the state that it was in."""
        what = self._placements.pop(placement, None)
        if what is None:
            return
        self._gauges[table.PLACEMENT_STATE].remove(placement.credential, placement.namespace, *what)
        self._gauge(table.PLACEMENTS, what[0]).dec()

    def _whole_mapping(self, event: MappingRead | PlanHeld) -> None:
        match event:
            case MappingRead():
                self._mapping_read(event)
            case PlanHeld(kind, _, count):
                self._gauge(table.HELD_ACTIONS, kind).set(count)

    def _mapping_read(self, read: MappingRead) -> None:
        self._gauge(table.MAPPING_VALID).set(read.valid)
        self._gauge(table.MAPPING_CREDENTIALS, "accepted").set(read.credentials)
        self._gauge(table.MAPPING_CREDENTIALS, "refused").set(read.refused)
        if read.stores is None:
            return
        self._stores &= read.stores
        for metric in _BY_STORE:
            series = self._all[metric]
            used = {
                tuple(sample.labels[label] for label in metric.labels)
                for family in series.collect()
                for sample in family.samples
            }
            for labels in used:
                if labels[0] not in read.stores:
                    series.remove(*labels)

    def _gauge(self, metric: Metric, *labels: str) -> Gauge:
        series = self._gauges[metric]
        return series.labels(*labels) if labels else series

    def _counter(self, metric: Metric, *labels: str) -> Counter:
        return self._counters[metric].labels(*labels)

    def _histogram(self, metric: Metric, *labels: str) -> Histogram:
        series = self._histograms[metric]
        return series.labels(*labels) if labels else series
