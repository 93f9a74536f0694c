"""`sync --prune` beside a daemon that accepted a newer mapping."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.processes import wait_for
from tests.integration.cli.command import syncd
from tests.integration.daemon.directory import NAMESPACE, World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.openbao import OpenBao
    from tests.integration.cli.command import Ended


@pytest.fixture
def world(tmp_path: Path, openbao: OpenBao) -> World:
    """A directory in which a daemon had alpha and beta in force."""
    world = World.create(tmp_path, openbao)
    for name in ("alpha", "beta"):
        world.add(name)
        world.put(name, "c4n4ry")
    daemon = world.start()
    try:
        for name in ("alpha", "beta"):
            daemon.until_state(name, NAMESPACE, "Synced")
        kept = world.folder / "cluster" / "syncd" / "configmaps" / "syncd-last-valid.yaml"
        wait_for("the mapping to be kept", kept.exists, child=daemon.child)
    finally:
        daemon.child.stop()
    return world


def prune(world: World) -> Ended:
    """Sync by the mapping's file, with --prune."""
    directory = str(world.folder / "cluster")
    return syncd("sync", "-f", str(world.mapping), "--prune", "--directory", directory)


def test_older_files_remove_nothing(world: World) -> None:
    """Files from before what the daemon accepted are refused as a whole; with an edit of now they prune."""
    before = world.file_of("beta").read_bytes()
    del world.credentials["beta"]
    world.write()
    os.utime(world.mapping, (1_600_000_000.0,) * 2)
    refused = prune(world)
    assert refused.code == 2
    assert "--prune: the mapping in the cluster was accepted at" in refused.err
    assert world.file_of("beta").read_bytes() == before
    os.utime(world.mapping)
    done = prune(world)
    assert done.code == 0, done.err
    assert b"syncd.dev/released: syncd" in world.file_of("beta").read_bytes()
