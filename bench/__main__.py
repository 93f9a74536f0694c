"""``python -m bench [SCENE…]``: run the scenes, and print what they cost."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.result import as_json, as_text
from bench.run import Options, run
from bench.scenes import SCENES

AS_FAST_AS_IT_GOES: Final = {"concurrency": 16, "perSecond": 10_000}
"""The store's bounds while we measure: the defaults spread 2,000 reads over 40 s on purpose."""


def main() -> int:
    """Run what the arguments say; return the exit code."""
    chosen = _arguments()
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", choices=[[], *SCENES], help=", ".join(SCENES))
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
