"""syncd as a process of its own: the daemon, and the commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
import urllib3

from tests.e2e.canary import Canaries
from tests.e2e.planted import FORMS, TARGETS, bad, good
from tests.harness.processes import Child, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.planted import Plant, Remote
    from tests.e2e.workbench import Workbench

SYNCD: Final = (sys.executable, "-m", "syncd")

JUDGED: Final = (
    "s3.id",
    "s3.key",
    "gcs.private_key",
    "principal.client_secret",
    "account.key",
    "sas.sig",
    "hub.token",
    "bearer.token",
    "basic.password",
    "headers.a",
    "headers.b",
    "hadoop.keytab",
    "hadoop.headers",
)
"""Planted values that KServe v0.19.0 gives to a container."""


@dataclass(slots=True)
class Planted:
    """One credential of each kind in one namespace, with planted values, for a syncd of its own process."""

    bench: Workbench
    namespace: str
    canaries: Canaries = field(default_factory=Canaries)

    def put(self, remote: Callable[[str, Plant], Remote]) -> int:
        """Writes a new version of every remote secret; returns the number by which its values are known."""
        turn = len(self.canaries)
        for name in FORMS:
            self.bench.put(name, remote(name, partial(self._plant, name, turn)))
        return turn

    def _plant(self, name: str, turn: int, field_name: str) -> str:
        return self.canaries.plant(f"{name}.{field_name}.{turn}")

    def text(self) -> str:
        """The mapping; each secret is read every second."""
        return self.bench.text(
            "".join(
                f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n  {form}\n"
                "  schedule: {interval: 1s}\n"
                f"  to: [{{namespaces: [{self.namespace}], {TARGETS[name] % name}}}]\n"
                for name, form in FORMS.items()
            )
        )

    def judged(self, turn: int) -> bool:
        """Whether the judge sees every value of this turn."""
        shown = ""
        for name in sorted({name.partition(".")[0] for name in JUDGED}):
            judgement = self.bench.judge_account(self.namespace, name)
            assert judgement.error == ""
            shown += json.dumps(self.bench.env(self.namespace, judgement))
            for volume in judgement.volumes:
                shown += repr(self.bench.values(self.namespace, volume["secret"]["secretName"]))
        seen = {sighting.partition(" ")[0] for sighting in self.canaries.sightings({"pods": shown})}
        return {f"{name}.{turn}" for name in JUDGED} <= seen

    def environment(self) -> dict[str, str]:
        """For a process: as ours, with the cluster of the workbench and its names."""
        options = self.bench.options
        return {
            **os.environ,
            "KUBECONFIG": str(options.kubeconfig),
            "SYNCD_NAMESPACE": options.namespace,
            "SYNCD_INSTANCE": options.instance,
        }


@pytest.fixture
def planted(bench: Workbench) -> Planted:
    """Nothing is put into the store yet, and nothing is synced."""
    return Planted(bench, bench.new_namespace())


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running `syncd run`."""

    child: Child
    url: str

    @classmethod
    def start(cls, planted: Planted) -> Daemon:
        """Starts it with the log at debug level; its mapping is the ConfigMap `syncd` in its namespace."""
        port = free_port()
        command = [*SYNCD, "--log-level", "debug", "run", "--listen", f"127.0.0.1:{port}"]
        command += ["--mapping-poll", "0.2"]
        child = Child.start("syncd", command, folder=planted.bench.folder, env=planted.environment())
        return cls(child, f"http://127.0.0.1:{port}")

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page; 0 when nobody listens."""
        try:
            answer = urllib3.request("GET", self.url + path, retries=False, timeout=10)
        except urllib3.exceptions.HTTPError:
            return 0, ""
        return answer.status, answer.data.decode()

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits, and fails at once when the daemon has ended."""
        wait_for(what, condition, child=self.child)


@pytest.fixture
def daemon(planted: Planted) -> Iterator[Daemon]:
    """A daemon that finds its mapping at the start."""
    planted.put(good)
    admin, own = planted.bench.plane.admin, planted.bench.options.namespace
    body = {"metadata": {"name": "syncd"}, "data": {"mapping.yaml": planted.text()}}
    admin.must(admin.post(f"/api/v1/namespaces/{own}/configmaps", body))
    started = Daemon.start(planted)
    yield started
    started.child.kill()


def test_the_daemon_brings_every_rotation_to_kserve(planted: Planted, daemon: Daemon) -> None:
    """Without anyone touching the cluster the judge sees what OpenBao has, and never what is broken."""
    daemon.wait_for("the first sync", lambda: _exists(planted) and planted.judged(0))
    daemon.wait_for("readiness", lambda: daemon.get("/readyz")[0] == 200)
    assert daemon.get("/healthz")[0] == 200
    rotated = planted.put(good)
    daemon.wait_for("the rotation", lambda: planted.judged(rotated))
    planted.put(bad)
    refused = f'syncd_placements{{state="Refused"}} {float(len(FORMS))}'
    daemon.wait_for("the refusals", lambda: refused in daemon.get("/metrics")[1])
    assert planted.judged(rotated)
    metrics = daemon.get("/metrics")[1]
    events = f"/apis/events.k8s.io/v1/namespaces/{planted.namespace}/events"
    admin = planted.bench.plane.admin
    daemon.wait_for("the Events", lambda: "InvalidValue" in json.dumps(admin.get(events)[1]))
    assert daemon.child.stop() == 0
    log, notes = daemon.child.log.read_text(), json.dumps(admin.must(admin.get(events)))
    assert '"rotated"' in log
    assert '"Rotated"' in notes
    planted.canaries.plant("vault-token", text=(planted.bench.folder / "vault-token").read_text())
    seen = planted.canaries.sightings({"log": log, "metrics": metrics, "Events": notes})
    assert seen == []


def _exists(planted: Planted) -> bool:
    path = f"/api/v1/namespaces/{planted.namespace}/serviceaccounts/hadoop"
    return planted.bench.plane.admin.get(path)[0] == 200


def test_no_command_shows_a_value_unless_it_is_asked_to(planted: Planted) -> None:
    """plan, render and sync in all their forms show no value of any field; `render --values shown` does."""
    planted.put(good)
    mapping = planted.bench.folder / "mapping.yaml"
    mapping.write_text(planted.text())
    outputs: dict[str, str] = {}

    def run(command: str, *arguments: str) -> int:
        where = (str(mapping),) if command == "validate" else ("-f", str(mapping))
        result = subprocess.run(
            [*SYNCD, "--log-level", "debug", command, *arguments, *where],
            env=planted.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        outputs[f"{len(outputs)} {command}"] = result.stdout
        return result.returncode

    assert run("validate") == 0
    assert run("plan", "--offline", "-o", "wide") == 1
    assert run("plan", "--server", "-o", "json") == 1
    assert run("render", "s3") == 0
    assert run("sync", "-o", "wide") == 0
    assert planted.judged(0)
    assert run("plan") == 0
    planted.put(bad)
    assert run("plan", "-o", "json") == 3
    assert run("sync", "-o", "json") == 3
    assert run("render", "hub") == 3
    assert planted.judged(0)
    seen = planted.canaries.sightings(outputs)
    assert seen == []
    turn = planted.put(good)
    assert run("render", "hub", "--values", "shown") == 0
    shown = {sighting.partition(" ")[0] for sighting in planted.canaries.sightings(outputs)}
    assert shown == {f"hub.token.{turn}"}
