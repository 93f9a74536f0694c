"""The reference of metrics, made from their table.

`python -m syncd.telemetry.reference docs/reference/metrics.md` writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from syncd.telemetry.table import TABLE, Metric

_HEAD: Final = """\
# Metrics

<!-- Made by `python -m syncd.telemetry.reference docs/reference/metrics.md`; a test compares. -->

`/metrics` answers in Prometheus' text format, or in OpenMetrics if the request asks for it. Besides these
there are the `process_*` metrics that every Prometheus client has. Durations are in seconds, time stamps are
Unix times.

A label holds a name from the mapping, a namespace, a state or reason ([reasons](../reasons.md)), or a fixed
word; never a value, and never a path or an address of a store. The series of a placement (one credential in
one namespace) go when it is no longer mapped, those of a store when it leaves the mapping.

| metric | type | labels | meaning |
|---|---|---|---|
"""
_TAIL: Final = """
## Not synced in time

```promql
max by (credential, namespace) (max_over_time(syncd_stale_after_timestamp_seconds[10m])) < time()
```

The schedule of each credential is in the number already, so one rule serves all of them; the ten minutes
bridge a restart.
"""


def page() -> str:
    """Return docs/reference/metrics.md."""
    return _HEAD + "".join(_row(metric) for metric in TABLE) + _TAIL


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.help} |\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
