"""The daemon between a real OpenBao and a real API server, under a ServiceAccount's own rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.fault_http import Reply
from tests.harness.processes import wait_for
from tests.integration.daemon.kubernetes import ClusterWorld
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


@pytest.fixture
def world(control_plane: ControlPlane, openbao: OpenBao, tmp_path: Path) -> Iterator[ClusterWorld]:
    """A world of this test's own."""
    world = ClusterWorld.create(control_plane, openbao, tmp_path)
    yield world
    world.close()


def test_it_waits_for_its_mapping_and_then_rotates(world: ClusterWorld, keep: Keep) -> None:
    """Alive and not ready without a ConfigMap; with one it publishes, binds, rotates and posts an Event."""
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    assert "does not exist" in daemon.until_said("mapping refused")["problem"]
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz") == (503, "no mapping was accepted yet\n")
    world.apply()
    daemon.until_state("alpha", world.team, "Synced")
    assert daemon.get("/readyz") == (200, "ok\n")
    assert world.has("alpha", FIRST)
    assert world.bound() == ["alpha"]
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=WITHIN, child=daemon.child)
    (event,) = wait_for("the Event", lambda: world.events(world.team, "Rotated") or None, within=WITHIN)
    assert (event["type"], event["regarding"]["kind"], event["regarding"]["name"]) == (
        "Normal",
        "Secret",
        "alpha",
    )
    assert daemon.value("syncd_kubernetes_events_total", outcome="failed") is None
    assert daemon.child.stop() == 0
    assert not [text for text in (daemon.output, str(event)) if "c4n4ry" in text or "Traceback" in text]


def test_its_rights_are_enough(world: ClusterWorld, keep: Keep) -> None:
    """No request of the daemon is forbidden: the least ClusterRole of these tests is enough."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.apply()
    daemon = keep(world.start())
    daemon.until_state("alpha", world.team, "Synced")
    daemon.until_swept(PLATFORM, 2)
    codes = {line["code"] for line in daemon.said("api request")}
    assert codes
    assert codes <= {200, 201, 404}


def test_unchanged_is_untouched(world: ClusterWorld, keep: Keep) -> None:
    """Sweep after sweep without a change, the API server sees no write, not even an Event."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.apply()
    daemon = keep(world.start())
    daemon.until_state("alpha", world.team, "Synced")
    wait_for("the Event", lambda: world.events(world.team, "Published") or None, within=WITHIN)
    world.until_kept()
    before = world.plane.requests()
    daemon.until_swept(PLATFORM, 5)
    assert not world.plane.writes(before)


def test_a_typo_is_told_where_the_mapping_is(world: ClusterWorld, keep: Keep) -> None:
    """The ConfigMap gets a Warning, the metric says invalid, and the last form goes on rotating."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.apply()
    daemon = keep(world.start())
    daemon.until_state("alpha", world.team, "Synced")
    right = world.credentials["alpha"]
    world.credentials["alpha"] = {**right, "s3": {"endpiont": "https://minio.example.com"}}
    world.apply()
    daemon.until_value(0, "syncd_mapping_valid")
    (event,) = wait_for("the Event", lambda: world.events(world.own, "MappingInvalid") or None, within=WITHIN)
    assert (event["type"], event["regarding"]["kind"]) == ("Warning", "ConfigMap")
    assert "did you mean endpoint" in event["note"]
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=WITHIN, child=daemon.child)


def test_an_absent_api_server_is_waited_for(world: ClusterWorld, keep: Keep) -> None:
    """One line says that it is away, what was in sync is stale; when it is back the next version arrives."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.apply()
    daemon = keep(world.start())
    daemon.until_state("alpha", world.team, "Synced")
    world.proxy.answer("", Reply(ending="hang up"))
    daemon.until_state("alpha", world.team, "Stale", "ClusterUnavailable")
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz") == (200, "ok\n")
    world.put("alpha", SECOND)
    world.proxy.clear()
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=2 * WITHIN, child=daemon.child)
    daemon.until_state("alpha", world.team, "Synced")
    daemon.until_said("cluster available")
    assert len(daemon.said("cluster unavailable")) == 1
    assert not daemon.said("stale")


def test_it_starts_while_the_api_server_is_away(world: ClusterWorld, keep: Keep) -> None:
    """Without an API server it is alive, not ready, and begins by itself as soon as there is one."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.apply()
    world.proxy.answer("", Reply(ending="hang up"))
    daemon = keep(world.start())
    daemon.until_said("mapping cannot be read")
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz")[0] == 503
    world.proxy.clear()
    wait_for("the first version", lambda: world.has("alpha", FIRST), within=WITHIN, child=daemon.child)
