"""The commands against a real API server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.processes import free_port
from tests.integration.cli.command import syncd
from tests.integration.daemon.kubernetes import ClusterWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.openbao import OpenBao
    from tests.integration.cli.command import Ended


@pytest.fixture
def world(control_plane: ControlPlane, openbao: OpenBao, tmp_path: Path) -> Iterator[ClusterWorld]:
    """A mapping in a ConfigMap, and an account with the daemon's rights."""
    world = ClusterWorld.create(control_plane, openbao, tmp_path)
    world.add("alpha")
    world.put("alpha", "canary-value")
    world.apply()
    yield world
    world.close()


def run(world: ClusterWorld, command: str, *arguments: str) -> Ended:
    """Run a command with the daemon's rights."""
    flags = ("--kubeconfig", str(world.kubeconfig), "-n", world.own)
    ended = syncd("--log-level", "debug", command, *arguments, *flags)
    assert not ended.prints("canary-value")
    return ended


def test_plan_sync_plan(world: ClusterWorld) -> None:
    """A plan is 1, a sync writes, and the next plan is empty, on a real API server."""
    assert run(world, "plan").code == 1
    assert run(world, "sync").code == 0
    assert world.has("alpha", "canary-value")
    assert world.bound() == ["alpha"]
    again = run(world, "plan")
    assert (again.code, again.out) == (0, "Plan: 2 unchanged\n")


def test_dry_run(world: ClusterWorld) -> None:
    """--server lets the API server check every write, and nothing of it stays."""
    ended = run(world, "plan", "--server")
    assert ended.code == 1, ended.out + ended.err
    assert "kept none" in ended.out
    assert not world.has("alpha", "canary-value")
    assert world.bound() == []


def test_dry_run_of_what_would_be_refused(world: ClusterWorld) -> None:
    """What the API server would refuse is told by --server alone."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"secrets": "0"}},
    }
    path = f"/api/v1/namespaces/{world.team}/resourcequotas/none"
    admin = world.plane.admin
    admin.must(admin.apply(path, quota, manager="tests", force=True))
    status = {"status": {"hard": {"secrets": "0"}, "used": {"secrets": "0"}}}
    admin.must(admin.apply(f"{path}/status", {**quota, **status}, manager="tests", force=True))
    assert run(world, "plan").code == 1
    ended = run(world, "plan", "--server")
    assert ended.code == 3, ended.out + ended.err
    assert "kubectl describe quota" in ended.out
    assert "Plan: 0 unchanged, 1 held back" in ended.out


def test_cluster_that_does_not_answer(world: ClusterWorld, tmp_path: Path) -> None:
    """A cluster that cannot be reached is 4, and one line."""
    content = json.loads(world.kubeconfig.read_text())
    content["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{free_port()}"}
    nowhere = tmp_path / "nowhere"
    nowhere.write_text(json.dumps(content))
    ended = syncd("plan", "--kubeconfig", str(nowhere), "-n", world.own)
    assert ended.code == 4
    assert ended.err.startswith("error: ")
