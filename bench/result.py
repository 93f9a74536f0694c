"""What was measured, as values, as JSON and as text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.machine import Counts
    from bench.process import Usage

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
COLUMNS: Final = ("phase", "seconds", "CPU s", "peak MiB", "API reads", "API writes", "store reads", "to bare")


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a scene; its `usage` and `counts` are of all its `sweeps` together, but `usage.seconds`.

    `usage.seconds` are those of one sweep; of the daemon, the time between two. `resident_mib` is the memory
    at the end, of a process that goes on.
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
    """All of one scene. `reads` are the CPU seconds of reading every secret once, by the way of reading."""

    scene: str
    title: str
    refreshes: int
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

    @property
    def hvac_share(self) -> float:
        """Which part of the CPU time of a cold start hvac adds to the HTTP session under it."""
        return (self.reads["hvac"] - self.reads["session"]) / self.phases["cold"].usage.cpu

    @property
    def reading_share(self) -> float:
        """Which part of the CPU time of a cold start reading the store is, the session and the guard included."""
        return self.reads["store"] / self.phases["cold"].usage.cpu


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as what JSON can hold."""
    return {
        "scene": result.scene,
        "title": result.title,
        "refreshes": result.refreshes,
        "coldToBare": round(result.ratio, 2),
        "cpuSecondsPerThousandRefreshes": round(result.cpu_per_thousand, 3),
        "hvacShareOfColdCpu": round(result.hvac_share, 3),
        "readingShareOfColdCpu": round(result.reading_share, 3),
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
        f"{usage.cpu:.2f}",
        f"{usage.peak_mib:.0f}",
        str(phase.reads),
        str(phase.writes),
        str(phase.counts.store),
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
    yield f"steady: {steady.sweeps} sweeps by the daemon; seconds are between two, the rest is of all of them"
    yield f"steady: {result.cpu_per_thousand:.2f} CPU s for 1,000 unchanged refreshes"
    if steady.resident_mib is not None:
        yield f"steady: {steady.resident_mib:.0f} MiB resident at the end"
    reads = ", ".join(f"{name} {seconds:.2f}" for name, seconds in result.reads.items())
    yield f"reads alone, CPU s: {reads}"
    yield f"hvac adds {result.hvac_share:.0%} of the CPU time of the cold start; all of reading is {result.reading_share:.0%}"
    for name, phase in result.phases.items():
        asked = ", ".join(f"{verb} {what} {count}" for (verb, what), count in sorted(phase.counts.api.items()))
        yield f"API of {name}: {asked or 'nothing'}"
