"""``python -m bench [SCENE…]``: run the scenes, and print what they cost."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import memory
from bench.result import as_json, as_text
from bench.run import Options, run
from bench.scenes import SCENES

MEMORY: Final = "memory"
"""Not a scene: the daemon's memory with each SDK alone, and with all four; see `bench.memory`."""

_CREDENTIALS: Final = 2000

AS_FAST_AS_IT_GOES: Final = {"concurrency": 16, "perSecond": 10_000}
"""The store's bounds while we measure: the defaults spread 2,000 reads over 40 s on purpose."""


def main() -> int:
    """Run what the arguments say; return the exit code."""
    chosen = _arguments()
    if MEMORY in chosen.scenes:
        return _memory(chosen)
    requests = {} if chosen.default_bounds else AS_FAST_AS_IT_GOES
    options = Options(requests, chosen.sweeps, chosen.interval)
    results = []
    for name in chosen.scenes or SCENES:
        make, size = SCENES[name]
        scene = make(chosen.size or size)
        for number in range(chosen.runs):
            with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
                result = run(scene, options, Path(folder), _say)
            results.append({"run": number + 1, **as_json(result)})
            if not chosen.json:
                print(as_text(result), end="\n\n", flush=True)
    if chosen.json:
        print(json.dumps(results, indent=2))
    return 0


def _memory(chosen: argparse.Namespace) -> int:
    """Measure memory; fail when it is more than the ceiling."""
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        kept = memory.measure(chosen.size or _CREDENTIALS, Path(folder), _say)
    print(json.dumps(memory.as_json(kept), indent=2) if chosen.json else memory.as_text(kept))
    for each in memory.too_much(kept):
        _say(f"{each.title}: {each.peak:.0f} MiB, more than {memory.CEILING_MIB:.0f}")
    return 1 if memory.too_much(kept) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [*SCENES, MEMORY]
    parser.add_argument("scenes", nargs="*", metavar="SCENE", choices=[[], *names], help=", ".join(names))
    parser.add_argument("--size", type=int, metavar="N", help="another size than that of the scene")
    parser.add_argument(
        "--runs", type=int, default=1, metavar="N", help="each scene so often, on new servers"
    )
    parser.add_argument("--sweeps", type=int, default=4, metavar="N", help="sweeps of the steady part")
    parser.add_argument("--interval", type=int, default=15, metavar="SECONDS", help="between two of them")
    parser.add_argument("--default-bounds", action="store_true", help="requests of the store as by default")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
