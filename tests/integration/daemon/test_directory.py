"""The daemon between a real OpenBao and a directory: what arrives, what stays, and how it ends."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.harness.fault_http import FaultProxy, Reply
from tests.harness.processes import wait_for
from tests.integration.daemon.directory import GROUP, NAMESPACE
from tests.integration.daemon.process import WITHIN

if TYPE_CHECKING:
    from tests.integration.daemon.conftest import Keep
    from tests.integration.daemon.directory import World

FIRST = "c4n4ry-first"
SECOND = "c4n4ry-second"
PLATFORM = GROUP.format(store="platform")


def test_a_rotation_arrives_and_no_value_is_told(world: World, keep: Keep) -> None:
    """A new version is published by itself; output and metrics hold no value; SIGTERM ends it with 0."""
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    wait_for("the first version", lambda: world.has("alpha", FIRST), within=WITHIN, child=daemon.child)
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=WITHIN, child=daemon.child)
    daemon.until_value(1, "syncd_rotations_total", credential="alpha", namespace=NAMESPACE)
    line = daemon.until_said("rotated")
    assert (line["version"], line["previous"]) == ("2", "1")
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz") == (200, "ok\n")
    exposition = daemon.get("/metrics")[1]
    assert daemon.child.stop() == 0
    daemon.until_said("ended")
    assert not [text for text in (daemon.output, exposition) if "c4n4ry" in text or "Traceback" in text]


def test_unchanged_is_untouched(world: World, keep: Keep) -> None:
    """Sweep after sweep without a change, no file is written and nothing is logged above debug."""
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    daemon.until_state("alpha", NAMESPACE, "Synced")
    before = world.file_of("alpha").stat()
    daemon.until_swept(PLATFORM, 3)
    writes = [line["writes"] for line in daemon.said("sweep finished") if line["group"] == PLATFORM]
    assert not any(writes[-3:])
    after = world.file_of("alpha").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_start_reads_each_secret_once(world: World, keep: Keep) -> None:
    """A start reads a secret once, and so does each change of the mapping that touches its group."""
    for name in ("alpha", "beta"):
        world.put(name, FIRST)
    world.add("alpha", schedule={"interval": "1000h"})
    before = world.bao.reads(world.mount)
    daemon = keep(world.start())
    daemon.until_state("alpha", NAMESPACE, "Synced")
    world.add("beta", schedule={"interval": "1000h"})
    world.write()
    daemon.until_state("beta", NAMESPACE, "Synced")
    # Alpha at the start, then both.
    assert world.bao.reads(world.mount) - before == 3


def test_a_typo_breaks_only_itself(world: World, keep: Keep) -> None:
    """The entry's last form stays in force and keeps rotating, its neighbours move on, and it shows."""
    for name in ("alpha", "beta"):
        world.put(name, FIRST)
        world.add(name)
    daemon = keep(world.start())
    for name in ("alpha", "beta"):
        daemon.until_state(name, NAMESPACE, "Synced")
    right = world.credentials["alpha"]
    world.credentials["alpha"] = {**right, "s3": {"endpiont": "https://minio.example.com"}}
    world.put("gamma", FIRST)
    world.add("gamma")
    world.write()
    daemon.until_value(0, "syncd_mapping_valid")
    daemon.until_state("gamma", NAMESPACE, "Synced")
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=WITHIN, child=daemon.child)
    line = daemon.until_said("mapping entry refused")
    assert "did you mean endpoint" in line["problem"]
    assert daemon.get("/readyz") == (200, "ok\n")
    world.credentials["alpha"] = right
    world.write()
    daemon.until_value(1, "syncd_mapping_valid")


def test_a_mapping_that_is_gone_changes_nothing(world: World, keep: Keep) -> None:
    """With its file deleted or broken, the last accepted mapping goes on, loudly."""
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    daemon.until_state("alpha", NAMESPACE, "Synced")
    world.mapping.unlink()
    daemon.until_value(0, "syncd_mapping_valid")
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=WITHIN, child=daemon.child)
    assert "cannot be read" in daemon.until_said("mapping refused")["problem"]
    world.mapping.write_text("stores: [")
    wait_for("the broken one", lambda: len(daemon.said("mapping refused")) > 1, within=WITHIN)
    world.write()
    daemon.until_value(1, "syncd_mapping_valid")
    assert daemon.state("alpha", NAMESPACE) is not None


def test_an_outage_loses_nothing(own_world: World, keep: Keep) -> None:
    """OpenBao stopped: the last version stays and the store is shown down; back: the next version arrives."""
    world = own_world
    world.put("alpha", FIRST)
    world.add("alpha")
    daemon = keep(world.start())
    daemon.until_state("alpha", NAMESPACE, "Synced")
    world.bao.kill()
    daemon.until_state("alpha", NAMESPACE, "Stale", "StoreUnavailable")
    daemon.until_value(0, "syncd_store_up", store="platform")
    assert world.has("alpha", FIRST)
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz") == (200, "ok\n")
    world.bao.restart()
    world.put("alpha", SECOND)
    wait_for("the rotation", lambda: world.has("alpha", SECOND), within=2 * WITHIN, child=daemon.child)
    daemon.until_value(1, "syncd_store_up", store="platform")
    daemon.until_state("alpha", NAMESPACE, "Synced")
    assert len(daemon.said("store unavailable")) == 1


def test_a_store_that_hangs_delays_no_other(world: World, keep: Keep) -> None:
    """While one store answers nothing, credentials of another are read every second as ever."""
    with FaultProxy(world.bao.url) as proxy:
        proxy.answer("", Reply(200, delay=300))
        world.add_store("hanging", proxy.url)
        world.put("alpha", FIRST)
        world.add("alpha")
        world.put("beta", FIRST)
        world.add("beta", store="hanging")
        daemon = keep(world.start())
        wait_for("the hanging store to be asked", lambda: bool(proxy.seen()), within=WITHIN)
        daemon.until_state("alpha", NAMESPACE, "Synced")
        daemon.until_swept(PLATFORM, 3)
        assert not [line for line in daemon.said("sweep finished") if line["group"].startswith("hanging")]
        assert daemon.get("/readyz") == (200, "ok\n")


def test_a_second_signal_ends_at_once(world: World, keep: Keep) -> None:
    """The first SIGTERM waits for the sweep under way, and is not ready; the second does not wait."""
    with FaultProxy(world.bao.url) as proxy:
        proxy.answer("", Reply(200, delay=300))
        world.add_store("platform", proxy.url)
        world.add("alpha")
        daemon = keep(world.start())
        wait_for("the hanging store to be asked", lambda: bool(proxy.seen()), within=WITHIN)
        daemon.child.popen.terminate()
        daemon.until_said("ending")
        status, why = daemon.get("/readyz")
        assert (status, "it is ending" in why) == (503, True)
        assert daemon.get("/healthz") == (200, "ok\n")
        assert daemon.child.running()
        daemon.child.popen.terminate()
        assert daemon.child.popen.wait(WITHIN) == 128 + signal.SIGTERM


def test_the_end_does_not_wait_for_ever(world: World, keep: Keep) -> None:
    """A sweep that hangs is left behind after 20 s: the exit code is 0, and nothing was written by halves."""
    with FaultProxy(world.bao.url) as proxy:
        proxy.answer("", Reply(200, delay=300))
        world.add_store("platform", proxy.url)
        world.add("alpha")
        world.stores["platform"]["requests"] = {"timeout": "5m"}
        daemon = keep(world.start())
        wait_for("the hanging store to be asked", lambda: bool(proxy.seen()), within=WITHIN)
        assert daemon.child.stop(within=WITHIN) == 0
        daemon.until_said("ended before a sweep did")
        assert not world.file_of("alpha").exists()


def test_observing_writes_nothing(world: World, keep: Keep) -> None:
    """With mode observe nothing is written, and what would be is not said to be in sync."""
    world.put("alpha", FIRST)
    world.add("alpha")
    world.mode = "observe"
    daemon = keep(world.start())
    daemon.until_state("alpha", NAMESPACE, "Suspended")
    daemon.until_swept(PLATFORM, 2)
    assert not world.file_of("alpha").exists()
    assert daemon.value("syncd_last_success_timestamp_seconds", credential="alpha") is None
    world.mode = "enforce"
    world.write()
    wait_for("the first version", lambda: world.has("alpha", FIRST), within=WITHIN, child=daemon.child)
    daemon.until_state("alpha", NAMESPACE, "Synced")


def test_pausing_asks_nobody(world: World, keep: Keep) -> None:
    """With mode paused no store is asked, and the daemon is ready; unpaused, everything is swept at once."""
    with FaultProxy(world.bao.url) as proxy:
        world.add_store("platform", proxy.url)
        world.put("alpha", FIRST)
        world.add("alpha")
        world.mode = "paused"
        daemon = keep(world.start())
        wait_for("the daemon to be ready", lambda: daemon.get("/readyz")[0] == 200, within=WITHIN)
        assert not proxy.seen()
        world.mode = "enforce"
        world.write()
        wait_for("the first version", lambda: world.has("alpha", FIRST), within=WITHIN, child=daemon.child)


def test_an_entry_that_left_the_mapping_stays_in_the_cluster(world: World, keep: Keep) -> None:
    """Its Secret and binding stay and are shown as Retained, and its neighbours go on."""
    for name in ("alpha", "beta"):
        world.put(name, FIRST)
        world.add(name)
    daemon = keep(world.start())
    for name in ("alpha", "beta"):
        daemon.until_state(name, NAMESPACE, "Synced")
    del world.credentials["alpha"]
    world.write()
    daemon.until_state("alpha", NAMESPACE, "Retained", "Unmapped")
    world.put("beta", SECOND)
    wait_for("the rotation", lambda: world.has("beta", SECOND), within=WITHIN, child=daemon.child)
    assert world.has("alpha", FIRST)
