"""What is accepted, across restarts: a broken entry, a mapping that is gone, an included file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.processes import wait_for
from tests.integration.daemon.directory import GROUP
from tests.integration.daemon.kubernetes import CONFIG_MAP, ClusterWorld
from tests.integration.daemon.process import WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.openbao import OpenBao
    from tests.integration.daemon.conftest import Keep
    from tests.integration.daemon.directory import World
    from tests.integration.daemon.process import Daemon

FIRST = "c4n4ry-first"
SECOND = "c4n4ry-second"
THIRD = "c4n4ry-third"
LAST_VALID = "syncd-last-valid"
PLATFORM = GROUP.format(store="platform")


@pytest.fixture
def cluster(control_plane: ControlPlane, openbao: OpenBao, tmp_path: Path) -> Iterator[ClusterWorld]:
    """A world in Kubernetes of this test's own."""
    world = ClusterWorld.create(control_plane, openbao, tmp_path)
    yield world
    world.close()


def until_has(world: World | ClusterWorld, daemon: Daemon, name: str, key: str) -> None:
    """Wait until a credential arrived."""
    wait_for(f"{name} to arrive", lambda: world.has(name, key), within=WITHIN, child=daemon.child)


def test_broken_entry_restart_rotation_in_a_directory(world: World, keep: Keep) -> None:
    """An entry with a typo keeps rotating in its last accepted form, also after a restart."""
    for name in ("alpha", "beta"):
        world.put(name, FIRST)
        world.add(name)
    daemon = keep(world.start())
    for name in ("alpha", "beta"):
        until_has(world, daemon, name, FIRST)
    kept = world.folder / "cluster" / "syncd" / "configmaps" / f"{LAST_VALID}.yaml"
    wait_for("the mapping to be kept", kept.exists, within=WITHIN, child=daemon.child)
    assert daemon.child.stop() == 0
    before = kept.read_bytes()
    world.credentials["alpha"]["s3"] = {"endpiont": "https://minio.example.com"}
    daemon = keep(world.start())
    daemon.until_value(0, "syncd_mapping_valid")
    for name in ("alpha", "beta"):
        world.put(name, SECOND)
    for name in ("alpha", "beta"):
        until_has(world, daemon, name, SECOND)
    assert daemon.child.stop() == 0
    assert b"endpiont" not in kept.read_bytes()
    assert b"c4n4ry" not in before + kept.read_bytes()


def test_a_mapping_that_is_no_yaml_after_a_restart(world: World, keep: Keep) -> None:
    """All of the last valid mapping goes on rotating, and it is loud."""
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    until_has(world, daemon, "alpha", FIRST)
    daemon.until_swept(PLATFORM, 1)
    assert daemon.child.stop() == 0
    daemon = keep(world.start("a: b: c"))
    line = daemon.until_said("mapping refused")
    assert "is no YAML" in line["problem"]
    world.put("alpha", SECOND)
    until_has(world, daemon, "alpha", SECOND)
    assert daemon.get("/readyz") == (200, "ok\n")
    assert daemon.value("syncd_mapping_valid") == 0
    assert daemon.child.stop() == 0


def test_broken_entry_restart_rotation_in_kubernetes(cluster: ClusterWorld, keep: Keep) -> None:
    """A broken entry, a restart, a rotation: it arrives, and what is kept is written once."""
    for name in ("alpha", "beta"):
        cluster.put(name, FIRST)
    cluster.add("alpha")
    cluster.add("beta", to=[{"namespaces": [cluster.team]}])
    cluster.apply()
    daemon = keep(cluster.start())
    for name in ("alpha", "beta"):
        until_has(cluster, daemon, name, FIRST)
    version = cluster.until_kept()
    daemon.until_swept(PLATFORM, 3)
    assert cluster.config_map_version(LAST_VALID) == version
    cluster.credentials["alpha"]["s3"] = {"endpiont": "https://minio.example.com"}
    cluster.apply()
    daemon.until_value(0, "syncd_mapping_valid")
    assert daemon.child.stop() == 0
    daemon = keep(cluster.start())
    daemon.until_value(0, "syncd_mapping_valid")
    cluster.put("alpha", SECOND)
    until_has(cluster, daemon, "alpha", SECOND)
    assert cluster.bound() == ["alpha"]
    cluster.delete_config_map(cluster.own, CONFIG_MAP)
    wait_for(
        "the missing mapping to be told",
        lambda: [line for line in daemon.said("mapping refused") if "does not exist" in line["problem"]],
        within=WITHIN,
    )
    assert daemon.child.stop() == 0
    daemon = keep(cluster.start())
    for name in ("alpha", "beta"):
        cluster.put(name, THIRD)
    for name in ("alpha", "beta"):
        until_has(cluster, daemon, name, THIRD)
    codes = {line["code"] for line in daemon.said("api request")}
    assert codes <= {200, 201, 404}
    assert daemon.child.stop() == 0


def test_an_included_file_in_kubernetes(cluster: ClusterWorld, keep: Keep) -> None:
    """A team's own ConfigMap is served within its bounds, and goes on in its last form when it is gone."""
    entry: dict[str, Any] = {
        "from": {"store": "platform", "secret": f"{cluster.mount}/alpha"},
        "s3": {"endpoint": "https://minio.example.com"},
        "to": [{"namespaces": [cluster.team], "serviceAccounts": ["models"]}],
        "schedule": {"interval": "1s"},
    }
    outside = {**entry, "to": [{"namespaces": [cluster.own]}]}
    text = json.dumps(
        {
            "apiVersion": "syncd.dev/v1alpha1",
            "kind": "Mapping",
            "credentials": {"alpha": entry, "outside": outside},
        }
    )
    cluster.put("alpha", FIRST)
    cluster.put_config_map(cluster.team, "credentials", {"credentials.yaml": text})
    include = {
        "configMap": f"{cluster.team}/credentials",
        "namespaces": [cluster.team],
        "secrets": {"platform": [f"{cluster.mount}/*"]},
    }
    cluster.apply(include=[include])
    daemon = keep(cluster.start())
    until_has(cluster, daemon, "alpha", FIRST)
    assert "is not one of those that" in daemon.until_said("mapping entry refused")["problem"]
    cluster.until_kept()
    cluster.delete_config_map(cluster.team, "credentials")
    assert daemon.child.stop() == 0
    daemon = keep(cluster.start())
    cluster.put("alpha", SECOND)
    until_has(cluster, daemon, "alpha", SECOND)
    assert "include not checked" in daemon.output
    assert daemon.child.stop() == 0
