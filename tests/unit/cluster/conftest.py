"""A directory cluster in a temporary folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.model.names import Instance
from syncd.testing.cluster import DIGEST_KEY, Subject
from tests.unit.cluster.directory_world import DirectoryWorld

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    """A directory, somebody who edits it, and syncd."""
    world = DirectoryWorld(tmp_path)
    kserve_namespace = world.namespace()
    instance = Instance("contract")
    cluster = DirectoryCluster(
        tmp_path, instance=instance, kserve_namespace=kserve_namespace, digest_key=DIGEST_KEY, timeout=30
    )
    return Subject(cluster, world, instance, kserve_namespace)
