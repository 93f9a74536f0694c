"""What was measured, as values, as JSON and as text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.machine import Counts
    from bench.process import Usage

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
COLUMNS: Final = (
    "phase",
    "seconds",
    "CPU s",
    "peak MiB",
    "API reads",
    "API writes",
    "store reads",
    "to bare",
)


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a scene; CPU and counts are of all its `sweeps` together.

    Of the daemon, `usage.seconds` is the time between two sweeps, and `resident_mib` its memory at the end.
    """

    usage: Usage
    sweeps: int
    counts: Counts
    resident_mib: float | None = None

    @property
    def writes(self) -> int:
        """How many requests were writes."""
        return sum(count for (verb, _), count in self.counts.api.items() if verb in WRITES)

    @property
    def reads(self) -> int:
        """How many requests were reads of single objects or lists."""
        return sum(self.counts.api.values()) - self.writes


@dataclass(frozen=True, slots=True)
class Result:
    """All of one scene, in a cluster and a store of its own.

    `reads` are the CPU seconds of reading every secret once, by the way of reading. `load` is how many
    processes wanted a CPU in the minute before: on a machine that is busy with other things no second is
    worth much, and only ratios are.
    """

    scene: str
    title: str
    refreshes: int
    load: float
    phases: Mapping[str, Phase]
    reads: Mapping[str, float]

    @property
    def ratio(self) -> float:
        """How many times as long as the bare script a cold start takes."""
        return self.phases["cold"].usage.seconds / self.phases["bare"].usage.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds of the daemon for a thousand refreshes that change nothing."""
        steady = self.phases["steady"]
        return steady.usage.cpu * 1000 / (steady.sweeps * self.refreshes)

    def share(self, more: str, less: str | None = None) -> float | None:
        """Return which part of a cold start's CPU time one way of reading takes, or takes more than another.

        None where there is a single secret to read.
        """
        if more not in self.reads:
            return None
        seconds = self.reads[more] - (self.reads[less] if less is not None else 0.0)
        return round(seconds / self.phases["cold"].usage.cpu, 3)


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as what JSON can hold."""
    return {
        "scene": result.scene,
        "title": result.title,
        "refreshes": result.refreshes,
        "loadBefore": round(result.load, 2),
        "coldToBare": round(result.ratio, 2),
        "cpuSecondsPerThousandRefreshes": round(result.cpu_per_thousand, 3),
        "hvacShareOfColdCpu": result.share("hvac", "wire"),
        "readingShareOfColdCpu": result.share("store"),
        "cpuSecondsOfReads": {name: round(seconds, 3) for name, seconds in result.reads.items()},
        "phases": {name: _phase(phase) for name, phase in result.phases.items()},
    }


def as_text(result: Result) -> str:
    """Return a result as a table, with a line below for what has no column."""
    rows = [COLUMNS, *(_row(name, phase, result) for name, phase in result.phases.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [result.title, *("  " + _aligned(row, widths) for row in rows), ""]
    return "\n".join([*lines, *(f"  {line}" for line in _notes(result))])


def _phase(phase: Phase) -> dict[str, Any]:
    usage = phase.usage
    known = {
        "seconds": round(usage.seconds, 3),
        "cpuSeconds": round(usage.cpu, 3),
        "peakMiB": round(usage.peak_mib, 1),
        "sweeps": phase.sweeps,
        "storeReads": phase.counts.store,
        "apiRequests": {f"{verb} {what}": count for (verb, what), count in sorted(phase.counts.api.items())},
    }
    return known if phase.resident_mib is None else {**known, "residentMiB": round(phase.resident_mib, 1)}


def _row(name: str, phase: Phase, result: Result) -> tuple[str, ...]:
    usage = phase.usage
    bare = result.phases["bare"].usage.seconds
    return (
        name,
        f"{usage.seconds:.2f}",
        f"{usage.cpu / phase.sweeps:.2f}",
        f"{usage.peak_mib:.0f}",
        f"{phase.reads / phase.sweeps:.0f}",
        f"{phase.writes / phase.sweeps:.0f}",
        f"{phase.counts.store / phase.sweeps:.0f}",
        "" if phase.resident_mib is not None else f"{usage.seconds / bare:.1f}",
    )


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def _notes(result: Result) -> Iterator[str]:
    steady = result.phases["steady"]
    yield f"{result.load:.1f} processes wanted a CPU in the minute before"
    yield f"steady: each of {steady.sweeps} sweeps by the daemon, so many seconds apart"
    yield f"steady: {result.cpu_per_thousand:.2f} CPU s for 1,000 unchanged refreshes"
    if steady.resident_mib is not None:
        yield f"steady: {steady.resident_mib:.0f} MiB resident at the end"
    hvac, reading = result.share("hvac", "wire"), result.share("store")
    if hvac is not None and reading is not None:
        yield "reads alone, CPU s: " + ", ".join(f"{way} {cpu:.2f}" for way, cpu in result.reads.items())
        yield f"of the CPU time of the cold start, hvac is {hvac:.0%}, all of reading {reading:.0%}"
    for name, phase in result.phases.items():
        asked = ", ".join(
            f"{verb} {what} {count}" for (verb, what), count in sorted(phase.counts.api.items())
        )
        yield f"API of {name}: {asked or 'nothing'}"
