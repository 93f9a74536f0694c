"""The metrics, declared once: from here come the series, docs/reference/metrics.md and the test of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["gauge", "counter", "histogram"]

_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SWEEP_BUCKETS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: `buckets` are upper bounds in seconds, for histograms only.

    Labels hold names from the mapping, states, reasons and words of ours; never a store's path or address.
    """

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


BUILD_INFO: Final = Metric(
    "syncd_build_info", "gauge", "Always 1; which syncd runs, on which Python.", ("version", "python")
)

PLACEMENT_STATE: Final = Metric(
    "syncd_placement_state",
    "gauge",
    "1 for the state that a placement is in, with the reason that put it there (empty: none).",
    ("credential", "namespace", "state", "reason"),
)
PLACEMENTS: Final = Metric("syncd_placements", "gauge", "How many placements are in each state.", ("state",))
STALE_AFTER: Final = Metric(
    "syncd_stale_after_timestamp_seconds",
    "gauge",
    "When somebody should be told that a placement was not synced in time: last success (or when it was first"
    " seen) plus three intervals, or the second next cron time, plus 60 s. None for a missing optional one.",
    ("credential", "namespace"),
)
LAST_SUCCESS: Final = Metric(
    "syncd_last_success_timestamp_seconds",
    "gauge",
    "When a placement was last found or made equal to its store. Absent before the first time.",
    ("credential", "namespace"),
)
SECRET_EXPIRY: Final = Metric(
    "syncd_secret_expiry_timestamp_seconds",
    "gauge",
    "When the first of a placement's remote secrets expires, as its store says. Absent where none does.",
    ("credential", "namespace"),
)
ROTATIONS: Final = Metric(
    "syncd_rotations_total",
    "counter",
    "New values of a remote secret that were published.",
    ("credential", "namespace"),
)

STORE_UP: Final = Metric(
    "syncd_store_up", "gauge", "1 if a store answers, 0 while its circuit breaker is open.", ("store",)
)
STORE_REQUESTS: Final = Metric(
    "syncd_store_requests_total",
    "counter",
    "Requests to a store; `outcome` is ok or a reason.",
    ("store", "operation", "outcome"),
)
STORE_SECONDS: Final = Metric(
    "syncd_store_request_duration_seconds",
    "histogram",
    "How long requests to a store took.",
    ("store", "operation"),
    _REQUEST_BUCKETS,
)

API_REQUESTS: Final = Metric(
    "syncd_api_requests_total",
    "counter",
    "Requests to the API server; `code` is the HTTP status, 0 when there was no answer.",
    ("verb", "resource", "code"),
)
API_SECONDS: Final = Metric(
    "syncd_api_request_duration_seconds",
    "histogram",
    "How long requests to the API server took.",
    ("verb", "resource"),
    _REQUEST_BUCKETS,
)
OBJECT_WRITES: Final = Metric(
    "syncd_object_writes_total", "counter", "Writes to the cluster that succeeded.", ("kind", "verb")
)

SWEEP_SECONDS: Final = Metric(
    "syncd_sweep_duration_seconds", "histogram", "How long sweeps took.", (), _SWEEP_BUCKETS
)
SWEEP_COMPLETED: Final = Metric(
    "syncd_sweep_last_completed_timestamp_seconds",
    "gauge",
    "When a sweep last came to its end. 0 before the first.",
)

SWEEP_FAILURES: Final = Metric(
    "syncd_sweep_failures_total",
    "counter",
    "Sweeps that came to no end: `cause` is cluster (the API server did not answer) or bug (see the log).",
    ("cause",),
)

MAPPING_VALID: Final = Metric(
    "syncd_mapping_valid",
    "gauge",
    "1 if the mapping as it was last read has no errors. 0 before it was read.",
)
MAPPING_CREDENTIALS: Final = Metric(
    "syncd_mapping_credentials",
    "gauge",
    "Entries of the mapping: accepted, or refused (their last accepted form stays in force).",
    ("state",),
)

HELD_ACTIONS: Final = Metric(
    "syncd_held_actions",
    "gauge",
    "Changes that wait for `syncd confirm`, over limits.removals or limits.reshapes.",
    ("class",),
)

LISTENER_FAILURES: Final = Metric(
    "syncd_listener_failures_total",
    "counter",
    "Times that a log line, a metric or a Kubernetes Event could not be made.",
    ("listener",),
)
KUBERNETES_EVENTS: Final = Metric(
    "syncd_kubernetes_events_total",
    "counter",
    "Kubernetes Events by what became of them: posted, failed, or dropped because too many were waiting.",
    ("outcome",),
)

TABLE: Final = (
    BUILD_INFO,
    PLACEMENT_STATE,
    PLACEMENTS,
    STALE_AFTER,
    LAST_SUCCESS,
    SECRET_EXPIRY,
    ROTATIONS,
    STORE_UP,
    STORE_REQUESTS,
    STORE_SECONDS,
    API_REQUESTS,
    API_SECONDS,
    OBJECT_WRITES,
    SWEEP_SECONDS,
    SWEEP_COMPLETED,
    SWEEP_FAILURES,
    MAPPING_VALID,
    MAPPING_CREDENTIALS,
    HELD_ACTIONS,
    LISTENER_FAILURES,
    KUBERNETES_EVENTS,
)
"""Every metric, in the order in which the reference lists them."""
