"""How much memory the daemon keeps with the SDK of each store alone, and with all four."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import urllib3
import yaml

from bench.machine import machine
from bench.process import BenchError, peak_mib, resident_mib, run_to_end
from bench.scenes import ENDPOINT, FIELDS, MOUNT, Scene
from tests.harness.aws import AwsServer
from tests.harness.four_stores import STORES, FourStores, without_sdk_variables
from tests.harness.processes import free_port, wait_for
from tests.harness.tls import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.machine import Machine
    from tests.harness.four_stores import Store

CEILING_MIB: Final = 256.0
"""What the daemon may keep with all four stores and 2,000 credentials."""

_TEAMS: Final = 20
_INTERVAL: Final = 30
_SWEEPS: Final = 4
_WITHIN: Final = 900.0
_SELDOM: Final = 3.0
_FILLERS: Final = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """What one daemon kept, in MiB: `resident` after some sweeps, `peak` at any time."""

    stores: tuple[Store, ...]
    credentials: int
    resident: float
    peak: float

    @property
    def title(self) -> str:
        """What it read from."""
        return "all four" if len(self.stores) == len(STORES) else ", ".join(self.stores)


def measure(size: int, folder: Path, say: Callable[[str], None]) -> tuple[Kept, ...]:
    """Run a daemon with `size` credentials for each store alone, and one for all four.

    Raises:
        BenchError: when a daemon ends, or does not get to sweep.
        HarnessError: when a server does not start.

    """
    scene = Scene("memory", "", (), (), {}, (), size)
    groups: tuple[tuple[Store, ...], ...] = (*((store,) for store in STORES), STORES)
    with ExitStack() as stack:
        on = stack.enter_context(machine(scene, folder))
        aws = AwsServer.start(folder)
        stack.callback(aws.stop)
        authority = CertificateAuthority.create(folder / "authority")
        logins = folder / "logins"
        logins.mkdir()
        four = FourStores.start(on.bao, MOUNT, aws, authority, logins)
        stack.callback(four.close)
        for store in STORES:
            say(f"filling {store} with {size} secrets")
            _fill(four, store, size)
        kept = []
        for stores in groups:
            say(f"a daemon with {size} credentials from {', '.join(stores)}")
            kept.append(_kept(on, four, stores, size))
    return tuple(kept)


def as_text(kept: Sequence[Kept]) -> str:
    """Return a table."""
    rows = [("stores", "credentials", "resident MiB", "peak MiB")]
    rows += [
        (each.title, f"{each.credentials:,}", f"{each.resident:.0f}", f"{each.peak:.0f}") for each in kept
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def as_json(kept: Sequence[Kept]) -> list[dict[str, Any]]:
    """Return what JSON can hold."""
    return [
        {
            "stores": list(each.stores),
            "credentials": each.credentials,
            "residentMiB": round(each.resident, 1),
            "peakMiB": round(each.peak, 1),
        }
        for each in kept
    ]


def too_much(kept: Sequence[Kept]) -> list[Kept]:
    """Return those that kept more than the ceiling at any time."""
    return [each for each in kept if each.peak > CEILING_MIB]


def mapping(settings: Mapping[str, Any], secrets: Mapping[str, tuple[Store, str]], team: str) -> str:
    """Return a mapping in which each credential has a secret of its own.

    Args:
        settings: the part `stores`.
        secrets: credential → store and name of the secret.
        team: what the names of its namespaces begin with.

    """
    requests = {"concurrency": 16, "perSecond": 10_000}
    used = {store for store, _ in secrets.values()}
    document = {
        "apiVersion": "syncd.dev/v1alpha1",
        "kind": "Mapping",
        "defaults": {"schedule": {"interval": f"{_INTERVAL}s"}},
        "stores": {name: {**part, "requests": requests} for name, part in settings.items() if name in used},
        "credentials": {
            name: {
                "from": {"store": store, "secret": secret},
                "s3": {"endpoint": ENDPOINT, "region": "us-east-1"},
                "to": [{"namespaces": [f"{team}-{number % _TEAMS}"]}],
            }
            for number, (name, (store, secret)) in enumerate(secrets.items())
        },
    }
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def _names(size: int) -> list[str]:
    return [f"models-{number:04}" for number in range(size)]


def _fill(four: FourStores, store: Store, size: int) -> None:
    # moto falls over when two make a secret at once.
    with ThreadPoolExecutor(1 if store == "aws" else _FILLERS) as threads:
        list(
            threads.map(
                lambda name: four.put(store, name, {FIELDS[0]: f"AKIA-{name}", FIELDS[1]: "k" * 40}),
                _names(size),
            )
        )


def _kept(on: Machine, four: FourStores, stores: tuple[Store, ...], size: int) -> Kept:
    """Run one daemon in namespaces and under an instance of its own, so that it meets nothing of others."""
    name = f"syncd-{'-'.join(stores)}" if len(stores) == 1 else "syncd-all"
    on.plane.create_namespace(name)
    for number in range(_TEAMS):
        on.plane.create_namespace(f"{name}-team-{number}")
    secrets = {
        each: (stores[number % len(stores)], four.secret(stores[number % len(stores)], each))
        for number, each in enumerate(_names(size))
    }
    files = on.folder / f"{name}.yaml"
    files.write_text(mapping(four.settings, secrets, f"{name}-team"))
    environment = {
        **without_sdk_variables(),
        **four.environment,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "NO_COLOR": "1",
        # As in the image.
        "MALLOC_ARENA_MAX": "2",
    }
    port = free_port()
    flags = ["-f", str(files), "--kubeconfig", str(on.kubeconfig), "-n", name, "--instance", name]
    run_to_end(
        [sys.executable, "-m", "syncd", "validate", str(files)], on.folder / "validate.log", environment
    )
    command = [sys.executable, "-m", "syncd", "run", *flags, "--listen", f"127.0.0.1:{port}"]
    log = on.folder / f"{name}.log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        url = f"http://127.0.0.1:{port}/metrics"
        wait_for(
            "its sweeps",
            lambda: _settled(daemon, url, log, len(stores) * _SWEEPS, size),
            within=_WITHIN,
        )
        return Kept(stores, size, resident_mib(daemon.pid), peak_mib(daemon.pid))
    finally:
        daemon.terminate()
        daemon.wait(60)


def _settled(daemon: subprocess.Popen[bytes], url: str, log: Path, sweeps: int, placements: int) -> bool:
    """Tell whether all is in sync and was swept so often; asked seldom, since telling takes memory too."""
    if daemon.poll() is not None:
        raise BenchError(f"the daemon ended with {daemon.returncode}:\n{log.read_text()[-2000:]}")
    time.sleep(_SELDOM)
    try:
        text = urllib3.request("GET", url, retries=False, timeout=60).data.decode()
    except urllib3.exceptions.HTTPError:
        return False
    done = re.search(r"^syncd_sweep_duration_seconds_count (\S+)$", text, re.MULTILINE)
    synced = sum(
        float(value)
        for value in re.findall(r'^syncd_placements\{[^}]*state="Synced"[^}]*\} (\S+)$', text, re.MULTILINE)
    )
    return done is not None and float(done[1]) >= sweeps and synced == placements
