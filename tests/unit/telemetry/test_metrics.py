"""Which event moves which series, and which series go."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import parser

import syncd
from syncd.model.events import (
    ApiRequest,
    Freshness,
    ListenerFailed,
    MappingRead,
    ObjectWritten,
    PlacementGone,
    PlanHeld,
    StoreHealth,
    StoreRequest,
    SweepFailed,
    SweepFinished,
)
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason, State
from syncd.model.secret import StoreName
from syncd.telemetry import reference
from syncd.telemetry.metrics import Metrics
from syncd.telemetry.table import TABLE, Metric
from tests.unit.telemetry.samples import CANARY, PLACEMENT, STORE, changed, outcome, refusal

if TYPE_CHECKING:
    from tests.unit.telemetry.samples import Clock

WHO = {"credential": "models-s3", "namespace": "team-a"}
MAPPING = MappingRead(valid=False, accepted=True, credentials=299, refused=1, problems=(CANARY,))
UNITS = ("_seconds", "_info")
COUNTS = {
    "syncd_held_actions",
    "syncd_placement_state",
    "syncd_placements",
    "syncd_store_up",
    "syncd_mapping_valid",
    "syncd_mapping_credentials",
}
"""Gauges of things or of truths, which have no unit."""


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    """Return metrics that have heard nothing."""
    return Metrics(clock)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return the value of one series, None if it is not there."""
    return metrics.registry.get_sample_value(name, labels)


def state(metrics: Metrics, state: State, reason: str) -> float | None:
    """Return the value of the state series of PLACEMENT."""
    return value(metrics, "syncd_placement_state", **WHO, state=str(state), reason=reason)


def test_a_state_is_one_series_that_moves(metrics: Metrics) -> None:
    """A placement has one state series at a time, and the states are counted."""
    good, bad = outcome(Reason.PUBLISHED), outcome(Reason.EMPTY_VALUE)
    metrics(changed(good))
    assert state(metrics, State.SYNCED, "Published") == 1
    assert value(metrics, "syncd_placements", state="Synced") == 1
    metrics(changed(bad, good))
    assert state(metrics, State.SYNCED, "Published") is None
    assert state(metrics, State.REFUSED, "EmptyValue") == 1
    assert value(metrics, "syncd_placements", state="Synced") == 0
    assert value(metrics, "syncd_placements", state="Refused") == 1


def test_the_reason_is_that_of_the_state(metrics: Metrics) -> None:
    """A placement that was written and is refused shows the reason of the refusal."""
    metrics(changed(outcome(Reason.ROTATED, Reason.CONFLICT, state=State.REFUSED)))
    assert state(metrics, State.REFUSED, "Conflict") == 1


def test_rotations_start_at_zero_and_count(metrics: Metrics) -> None:
    """The counter is there from the first sight on, so that `increase` sees the first rotation."""
    metrics(changed(outcome(Reason.PUBLISHED, changed=("token",))))
    assert value(metrics, "syncd_rotations_total", **WHO) == 0
    metrics(changed(outcome(Reason.ROTATED, changed=("token",))))
    assert value(metrics, "syncd_rotations_total", **WHO) == 1


def test_freshness_is_two_time_stamps(metrics: Metrics) -> None:
    """Last success and stale-after are shown as told; what is None has no series."""
    metrics(Freshness(PLACEMENT, 100.0, 1060.0))
    assert value(metrics, "syncd_last_success_timestamp_seconds", **WHO) == 100
    assert value(metrics, "syncd_stale_after_timestamp_seconds", **WHO) == 1060
    metrics(Freshness(PLACEMENT, None, None))
    assert value(metrics, "syncd_last_success_timestamp_seconds", **WHO) is None
    assert value(metrics, "syncd_stale_after_timestamp_seconds", **WHO) is None


def test_no_series_of_a_placement_outlives_it(metrics: Metrics) -> None:
    """When a placement goes, no sample with its namespace is left, and it is counted in no state."""
    metrics(changed(outcome(Reason.ROTATED, changed=("token",))))
    metrics(Freshness(PLACEMENT, 100.0, 1060.0))
    assert b"team-a" in metrics.exposition()[1]
    metrics(PlacementGone(PLACEMENT))
    assert b"team-a" not in metrics.exposition()[1]
    assert value(metrics, "syncd_placements", state="Synced") == 0


def test_a_placement_may_go_before_it_was_swept(metrics: Metrics) -> None:
    """A placement that had no series yet leaves none behind."""
    metrics(PlacementGone(PLACEMENT))
    assert b"team-a" not in metrics.exposition()[1]


def test_store_requests_are_counted_and_timed(metrics: Metrics) -> None:
    """A request to a store counts by operation and outcome, and its time goes into the histogram."""
    metrics(StoreRequest(STORE, "fetch", "StoreUnavailable", 0.2))
    labels = {"store": "platform", "operation": "fetch"}
    assert value(metrics, "syncd_store_requests_total", **labels, outcome="StoreUnavailable") == 1
    assert value(metrics, "syncd_store_request_duration_seconds_sum", **labels) == 0.2


@pytest.mark.parametrize("up", [True, False])
def test_store_up_follows_its_health(metrics: Metrics, up: bool) -> None:
    """A store is 1 while it answers and 0 while it does not."""
    metrics(StoreHealth(STORE, up=up, reason=None, message=CANARY, next_try=None))
    assert value(metrics, "syncd_store_up", store="platform") == up


def test_no_series_of_a_store_outlives_its_entry(metrics: Metrics) -> None:
    """When a store leaves the mapping its series go, and those of the others stay."""
    for store in (STORE, StoreName("other")):
        metrics(StoreHealth(store, up=False, reason=None, message="", next_try=None))
        metrics(StoreRequest(store, "fetch", "ok", 0.2))
    metrics(replace(MAPPING, stores=frozenset({StoreName("other")})))
    text = metrics.exposition()[1]
    assert b"platform" not in text
    assert b'syncd_store_up{store="other"} 0.0' in text


def test_api_requests_are_counted_and_timed(metrics: Metrics) -> None:
    """A request to the API server counts by verb, resource and status."""
    metrics(ApiRequest("patch", "secrets", 409, 0.1))
    assert value(metrics, "syncd_api_requests_total", verb="patch", resource="secrets", code="409") == 1
    labels = {"verb": "patch", "resource": "secrets"}
    assert value(metrics, "syncd_api_request_duration_seconds_count", **labels) == 1


def test_writes_are_counted(metrics: Metrics) -> None:
    """Each object that was written counts by kind and verb."""
    metrics(ObjectWritten("bind", "ServiceAccount", ObjectRef("a", "b"), (PLACEMENT,), (), ("secrets",)))
    assert value(metrics, "syncd_object_writes_total", kind="ServiceAccount", verb="bind") == 1


def test_sweeps_are_timed(metrics: Metrics, clock: Clock) -> None:
    """A sweep leaves its duration, and when it ended."""
    metrics(SweepFinished("platform every 5m", 2.0, 1, 0, 0, 1))
    assert value(metrics, "syncd_sweep_duration_seconds_sum") == 2
    assert value(metrics, "syncd_sweep_last_completed_timestamp_seconds") == clock.time


def test_the_mapping_is_shown_as_it_was_read(metrics: Metrics) -> None:
    """An invalid mapping is 0, with the numbers of accepted and refused entries."""
    metrics(MAPPING)
    assert value(metrics, "syncd_mapping_valid") == 0
    assert value(metrics, "syncd_mapping_credentials", state="accepted") == 299
    assert value(metrics, "syncd_mapping_credentials", state="refused") == 1


def test_what_is_held_is_a_number_for_each_class(metrics: Metrics) -> None:
    """An alert reads how many changes wait, and both classes are there from the start."""
    assert value(metrics, "syncd_held_actions", **{"class": "reshapes"}) == 0
    metrics(PlanHeld("removals", "kqzvmrtb", 212, "10%"))
    assert value(metrics, "syncd_held_actions", **{"class": "removals"}) == 212
    metrics(PlanHeld("removals"))
    assert value(metrics, "syncd_held_actions", **{"class": "removals"}) == 0


def test_failures_of_telemetry_are_counted(metrics: Metrics) -> None:
    """A listener that failed and a Kubernetes Event that was not posted leave a trace."""
    metrics(ListenerFailed("log", "ValueError"))
    metrics.count_notice("dropped")
    assert value(metrics, "syncd_listener_failures_total", listener="log") == 1
    assert value(metrics, "syncd_kubernetes_events_total", outcome="dropped") == 1


def test_no_text_becomes_a_label(metrics: Metrics) -> None:
    """Paths in the texts of refusals, outages and mapping problems are found in no series."""
    metrics(changed(outcome(Reason.EMPTY_VALUE, refusals=(refusal(Reason.EMPTY_VALUE),))))
    metrics(StoreHealth(STORE, up=False, reason=Reason.STORE_UNAVAILABLE, message=CANARY, next_try=1.0))
    metrics(MAPPING)
    assert CANARY.encode() not in metrics.exposition()[1]


def test_the_exposition_can_be_read_by_prometheus(metrics: Metrics) -> None:
    """The answer of /metrics parses, says what runs, and holds process metrics."""
    content_type, body = metrics.exposition()
    families = {family.name for family in parser.text_string_to_metric_families(body.decode())}
    assert content_type.startswith("text/plain")
    assert {"syncd_build_info", "process_resident_memory_bytes"} <= families
    assert f'version="{syncd.__version__}"' in body.decode()


def test_openmetrics_is_spoken_on_request(metrics: Metrics) -> None:
    """Prometheus asks for OpenMetrics in its Accept header, and gets it."""
    content_type, body = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_two_sets_of_metrics_share_nothing(clock: Clock) -> None:
    """Each set has a registry of its own, so tests and embedders do not meet in a global one."""
    one, other = Metrics(clock), Metrics(clock)
    one(MAPPING)
    assert value(other, "syncd_mapping_credentials", state="accepted") is None


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    """Names are snake_case under syncd_, counters end in _total, others in their base unit or have none."""
    assert re.fullmatch(r"syncd_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.type == "counter")
    if metric.type == "histogram":
        assert metric.name.endswith("_duration_seconds")
        assert metric.buckets == tuple(sorted(metric.buckets))
    if metric.type == "gauge":
        assert metric.name.endswith(UNITS) != (metric.name in COUNTS)
    assert metric.help.endswith(".")
    assert not {"le", "quantile", "job", "instance"} & set(metric.labels)


def test_labels_are_bounded() -> None:
    """Labels are names, states, reasons and fixed words: nothing that grows with paths, versions or time."""
    used = {label for metric in TABLE for label in metric.labels}
    assert used == {
        *("credential", "namespace", "state", "reason", "store", "operation", "outcome", "cause"),
        *("verb", "resource", "code", "kind", "class", "listener", "version", "python"),
    }


def test_the_reference_is_up_to_date() -> None:
    """docs/reference/metrics.md is what the table says; its second line has the command that writes it."""
    path = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
    assert path.read_text(encoding="utf-8") == reference.page()


def test_sweeps_that_failed_are_counted_by_cause(metrics: Metrics) -> None:
    """An absent API server and a bug of ours are told apart; the text of neither is a label."""
    metrics(SweepFailed("platform every 300s", "cluster", CANARY))
    metrics(SweepFailed("platform every 300s", "bug", CANARY))
    metrics(SweepFailed("other every 300s", "bug", CANARY))
    assert value(metrics, "syncd_sweep_failures_total", cause="cluster") == 1
    assert value(metrics, "syncd_sweep_failures_total", cause="bug") == 2
