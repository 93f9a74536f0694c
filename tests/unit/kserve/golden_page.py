"""docs/golden.md: `python -m tests.unit.kserve.golden_page` prints it."""

from __future__ import annotations

from typing import Final

from syncd.model.reasons import Reason
from tests.unit.kserve.golden_cases import CASES, VECTORS, Case

_HEAD: Final = """\
# The golden vectors

KServe's own credential builder was run over these inputs (`tests/golden/golden.jsonl`). The table says of
each whether a mapping produces that Secret or entry, produces it in a spelling that KServe reads the same way
or better, is refused and with which reason, or cannot ask for it. It is generated from what the tests run:
`python -m tests.unit.kserve.golden_page`.

| vector | input | syncd | reason | why |
|---|---|---|---|---|
"""


def page() -> str:
    """Return docs/golden.md."""
    return _HEAD + "".join(
        f"| {name} | {VECTORS[name]['note']} | {case.outcome} | {_reason(case)} | {case.why} |\n"
        for name, case in CASES.items()
    )


def _reason(case: Case) -> str:
    return Reason.CONFLICT if case.clash else case.reason or ""


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - it is what the module is run for
