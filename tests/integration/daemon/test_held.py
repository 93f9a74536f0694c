"""What is held on a real API server: told, kept over a restart, and let go by `syncd confirm`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.processes import wait_for
from tests.integration.cli.command import syncd
from tests.integration.daemon.kubernetes import CONFIG_MAP, ClusterWorld
from tests.integration.daemon.process import WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.openbao import OpenBao
    from tests.integration.daemon.conftest import Keep

FIRST = "c4n4ry-first"
SECOND = "c4n4ry-second"
PLATFORM = "platform every 1s"
STATE = "syncd-state"


@pytest.fixture
def world(control_plane: ControlPlane, openbao: OpenBao, tmp_path: Path) -> Iterator[ClusterWorld]:
    """A world of this test's own."""
    world = ClusterWorld.create(control_plane, openbao, tmp_path)
    yield world
    world.close()


def add_both(world: ClusterWorld) -> None:
    """Two credentials, of which only alpha is bound: two of S3 would refuse each other."""
    for name in ("alpha", "beta"):
        world.put(name, FIRST)
    world.add("alpha")
    world.add("beta", to=[{"namespaces": [world.team]}])


def state(world: ClusterWorld) -> dict[str, Any]:
    """What syncd remembers."""
    path = f"/api/v1/namespaces/{world.own}/configmaps/{STATE}"
    data = world.plane.admin.must(world.plane.admin.get(path))["data"]
    return {key: json.loads(text) for key, text in data.items()}


def labels(world: ClusterWorld, name: str) -> dict[str, str]:
    """The labels of a Secret."""
    path = f"/api/v1/namespaces/{world.team}/secrets/{name}"
    found: dict[str, str] = world.plane.admin.must(world.plane.admin.get(path))["metadata"]["labels"]
    return found


def confirm(world: ClusterWorld, identity: str) -> int:
    """The exit code of `syncd confirm`, with no more rights than the daemon's."""
    ended = syncd("confirm", identity, "--kubeconfig", str(world.kubeconfig), "--namespace", world.own)
    return ended.code


def test_a_held_removal_is_told_survives_a_restart_and_goes_when_confirmed(
    world: ClusterWorld, keep: Keep
) -> None:
    """One id from log, ConfigMap and Event; nothing is written while it waits, and neighbours rotate."""
    add_both(world)
    world.apply(limits={"removals": 0})
    daemon = keep(world.start())
    for name in ("alpha", "beta"):
        daemon.until_state(name, world.team, "Synced")
    del world.credentials["alpha"]
    world.apply(limits={"removals": 0})
    line = daemon.until_said("held")
    assert (line["removals"], line["limit"], line["reason"]) == (1, "0", "Held")
    daemon.until_state("alpha", world.team, "Pending", "Held")
    daemon.until_value(1, "syncd_held_actions", **{"class": "removals"})
    (event,) = wait_for("the Event", lambda: world.events(world.own, "Held") or None, within=WITHIN)
    assert (event["regarding"]["name"], event["type"]) == (CONFIG_MAP, "Warning")
    assert line["confirm"] in event["note"]
    before = world.config_map_version(STATE)
    daemon.until_swept(PLATFORM, 2)
    assert daemon.child.stop() == 0
    daemon = keep(world.start())
    assert daemon.until_said("held")["id"] == line["id"]
    world.put("beta", SECOND)
    wait_for("the rotation", lambda: world.has("beta", SECOND), within=WITHIN, child=daemon.child)
    assert world.config_map_version(STATE) == before
    assert "syncd.dev/instance" in labels(world, "alpha")
    assert confirm(world, "zzzzzzzz") == 2
    assert confirm(world, str(line["id"])) == 0
    daemon.until_state("alpha", world.team, "Retained", "Unmapped")
    daemon.until_value(0, "syncd_held_actions", **{"class": "removals"})
    assert labels(world, "alpha")["syncd.dev/released"] == world.own
    assert world.bound() == ["alpha"]
    assert (state(world)["held"], state(world)["confirmed"]) == ({}, [])
    assert confirm(world, str(line["id"])) == 2


def test_without_the_right_to_remember_nothing_is_removed(world: ClusterWorld, keep: Keep) -> None:
    """Where syncd-state cannot be written a removal waits, and everything else goes on."""
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{world.own}/rolebindings/memory"
    world.plane.admin.must(world.plane.admin.delete(path))
    add_both(world)
    world.apply()
    daemon = keep(world.start())
    for name in ("alpha", "beta"):
        daemon.until_state(name, world.team, "Synced")
    del world.credentials["alpha"]
    world.apply()
    daemon.until_state("alpha", world.team, "Pending", "ClusterUnavailable")
    world.put("beta", SECOND)
    wait_for("the rotation", lambda: world.has("beta", SECOND), within=WITHIN, child=daemon.child)
    assert "syncd.dev/instance" in labels(world, "alpha")
