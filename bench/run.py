"""One scene from start to end: cold, steady, everything rotated, and the bare script beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import urllib3

from bench.machine import INSTANCE, machine
from bench.process import BenchError, Usage, cpu_seconds, peak_mib, resident_mib, run_to_end
from bench.result import Phase, Result
from bench.scenes import MOUNT, mapping
from tests.harness.processes import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.machine import Machine
    from bench.scenes import Scene

_WITHIN: Final = 600.0
"""Seconds that the daemon has for its first sweeps."""
_SELDOM: Final = 1.0
_BARE: Final = Path(__file__).with_name("bare.py")
_WAYS_TO_READ: Final = ("urllib3", "wire", "hvac", "store")
_READS: Final = Path(__file__).with_name("reads.py")


@dataclass(frozen=True, slots=True)
class Options:
    """How a scene is run: `requests` of the store, sweeps of the steady part, seconds between two of them."""

    requests: Mapping[str, int]
    sweeps: int
    interval: int


def run(scene: Scene, options: Options, folder: Path, say: Callable[[str], None]) -> Result:
    """Run one scene on servers of its own.

    Raises:
        BenchError: when syncd or the bare script does not do its work.
        HarnessError: when a server does not start.

    """
    load, _, _ = os.getloadavg()
    say(f"{scene.title}: starting and filling the servers")
    with machine(scene, folder) as on:
        files = folder / "mapping.yaml"
        interval = f"{options.interval}s"
        files.write_text(
            mapping(
                scene,
                address=on.bao.url,
                token_file=str(on.token_file),
                interval=interval,
                requests=options.requests,
            )
        )
        # The first start compiles what was not compiled yet; an image is shipped compiled.
        run_to_end([sys.executable, "-m", "syncd", "--version"], folder / "version.log", _environment())
        phases = {}
        for name in ("cold", "again", "rotated"):
            if name == "rotated":
                on.rotate(scene)
            say(f"{scene.title}: {name}")
            phases[name] = _sync(on, files, name)
        say(f"{scene.title}: steady, {options.sweeps} sweeps")
        phases["steady"] = _steady(on, files, options)
        say(f"{scene.title}: the bare script, and the reads alone")
        phases["bare"] = _measured(on, [str(_BARE), str(on.job(scene, "POST"))], folder / "bare.log")
        by_apply = [str(_BARE), str(on.job(scene, "APPLY"))]
        phases["bare, by apply"] = _measured(on, by_apply, folder / "bare-apply.log")
        modes = _WAYS_TO_READ if len(scene.secrets) > 1 else ()
        reads = {mode: _reads(on, scene, mode, options) for mode in modes}
    return Result(scene.name, scene.title, scene.refreshes, load, phases, reads)


def _sync(on: Machine, files: Path, name: str) -> Phase:
    return _measured(on, ["-m", "syncd", "sync", *_flags(on, files), "-o", "name"], on.folder / f"{name}.log")


def _flags(on: Machine, files: Path) -> list[str]:
    flags = ["-f", str(files), "--kubeconfig", str(on.kubeconfig), "-n", INSTANCE]
    return [*flags, "--instance", INSTANCE]


def _measured(on: Machine, arguments: Sequence[str], log: Path) -> Phase:
    before = on.counts()
    usage = run_to_end([sys.executable, *arguments], log, _environment())
    return Phase(usage, 1, on.counts().since(before))


def _steady(on: Machine, files: Path, options: Options) -> Phase:
    """Let the daemon sweep what is in step already; what it takes to get there is not counted."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = on.folder / "daemon.log"
    command = [sys.executable, "-m", "syncd", "run", *_flags(on, files), "--listen", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=_environment())
    try:
        # The hourly sweep is one, the first of the store another, and the window begins just after a third:
        # then no sweep is near either end of it.
        wait_for("the first sweeps", lambda: _swept(daemon, url, 3), within=_WITHIN)
        before, sweeps = on.counts(), _sweeps(url)
        cpu = cpu_seconds(daemon.pid)
        # Sweeps come at a fixed phase, so so many intervals hold so many sweeps. Nobody scrapes meanwhile.
        time.sleep(options.sweeps * options.interval)
        used = cpu_seconds(daemon.pid) - cpu
        counts, done = on.counts().since(before), _sweeps(url) - sweeps
        if done != options.sweeps:
            raise BenchError(
                f"{done} sweeps in {options.sweeps} intervals of {options.interval} s: take longer ones"
            )
        usage = Usage(options.interval, used, peak_mib(daemon.pid))
        phase = Phase(usage, done, counts, resident_mib(daemon.pid))
    finally:
        daemon.terminate()
        daemon.wait(30)
    return phase


def _swept(daemon: subprocess.Popen[bytes], url: str, sweeps: int) -> bool:
    """Tell whether the daemon has done so many sweeps; asked seldom, since telling costs it time."""
    if daemon.poll() is not None:
        raise BenchError(f"the daemon ended with {daemon.returncode}")
    time.sleep(_SELDOM)
    return _sweeps(url) >= sweeps


def _sweeps(url: str) -> int:
    try:
        text = urllib3.request("GET", f"{url}/metrics", retries=False, timeout=30).data.decode()
    except urllib3.exceptions.HTTPError:
        return 0
    found = re.search(r"^syncd_sweep_duration_seconds_count (\S+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def _reads(on: Machine, scene: Scene, mode: str, options: Options) -> float:
    """Return the CPU seconds that reading every secret takes in this way, and nothing else."""
    concurrency = str(options.requests.get("concurrency", 8))
    log = on.folder / f"reads-{mode}.log"
    arguments = [str(_READS), mode, on.bao.url, str(on.token_file), concurrency]
    paths = on.folder / "paths"
    paths.write_text("\n".join(f"{MOUNT}/{secret}" for secret in scene.secrets))
    run_to_end([sys.executable, *arguments, str(paths)], log, _environment())
    return float(log.read_text().split()[-1])


def _environment() -> dict[str, str]:
    """Return our environment without what it says of stores, in which `bench` and `syncd` are found.

    Memory is bounded as in the image.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "KUBE"))}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[1]), "NO_COLOR": "1", "MALLOC_ARENA_MAX": "2"}
