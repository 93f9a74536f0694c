"""What is made of the numbers."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bench.machine import Counts
from bench.process import Usage, cpu_of, peak_of
from bench.result import Phase, Result, as_json, as_text

ASKED = Counter({("LIST", "secrets"): 4, ("APPLY", "secrets"): 20})


def result(reads: dict[str, float]) -> Result:
    """Return a scene of ten refreshes: a cold start of 6 s beside a bare script of 3 s."""
    phases = {
        "cold": Phase(Usage(6.0, 4.0, 90.0), 1, Counts(ASKED, 10)),
        "steady": Phase(Usage(15.0, 0.06, 100.0), 3, Counts(Counter({("LIST", "secrets"): 6}), 30), 95.0),
        "bare": Phase(Usage(3.0, 1.0, 30.0), 1, Counts(Counter({("POST", "secrets"): 10}), 10)),
    }
    return Result("separate", "ten credentials", 10, 0.5, phases, reads)


READS = {"urllib3": 0.5, "wire": 0.8, "hvac": 1.0, "store": 1.2}


def test_shares_ratio_and_cost() -> None:
    """The share of hvac is what it adds to the wire under it; the daemon's cost is for 1,000 refreshes."""
    measured = result(READS)
    assert (measured.share("hvac", "wire"), measured.share("store")) == (0.05, 0.3)
    assert measured.ratio == 2.0
    assert measured.cpu_per_thousand == pytest.approx(2.0)


def test_reads_and_writes_are_told_apart() -> None:
    """An apply is a write, a list is none."""
    cold = result(READS).phases["cold"]
    assert (cold.reads, cold.writes) == (4, 20)


def test_json_has_every_number() -> None:
    """The JSON can be written, and has requests by verb and resource; an unmeasured share is null."""
    tree = json.loads(json.dumps(as_json(result({}))))
    assert tree["phases"]["cold"]["apiRequests"] == {"APPLY secrets": 20, "LIST secrets": 4}
    assert (tree["coldToBare"], tree["hvacShareOfColdCpu"]) == (2.0, None)
    assert tree["phases"]["steady"]["residentMiB"] == 95.0
    assert "residentMiB" not in tree["phases"]["cold"]


def test_the_table_is_aligned_and_per_sweep() -> None:
    """Each phase is a row; of several sweeps it shows what one costs."""
    lines = as_text(result(READS)).splitlines()
    assert lines[0] == "ten credentials"
    assert lines[2].split() == ["cold", "6.00", "4.00", "90", "4", "20", "10", "2.0"]
    assert lines[3].split() == ["steady", "15.00", "0.02", "100", "2", "0", "10"]
    assert any("hvac is 5%" in line for line in lines)
    assert not any("hvac" in line for line in as_text(result({})).splitlines())


def test_what_the_kernel_says_is_read() -> None:
    """A program's name may hold blanks and parentheses; a process that has ended has no peak."""
    stat = "12 (a) b) S 1 1 1 0 -1 4194560 100 0 0 0 70 30 0 0 20 0"
    assert cpu_of(stat) == 100
    assert peak_of("Name:\tx\nVmHWM:\t   2048 kB\n") == 2.0
    assert peak_of("Name:\tx\nState:\tZ (zombie)\n") == 0.0
