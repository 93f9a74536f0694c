"""The scenes: each mapping is valid, and means exactly the work that the bare script is given."""

from __future__ import annotations

import pytest

from bench.scenes import SCENES, mapping
from syncd.mapping.read import read

SIZE = 7


@pytest.mark.parametrize("name", SCENES)
def test_the_mapping_of_a_scene_is_valid(name: str) -> None:
    """Every credential of a scene is accepted, with the bounds that it is to be measured with."""
    scene = SCENES[name][0](SIZE)
    bounds = {"concurrency": 16, "perSecond": 10_000}
    text = mapping(scene, address="http://x:1", token_file="/t", interval="15s", requests=bounds)
    reading = read({"mapping.yaml": text})
    assert [str(problem) for problem in reading.problems] == []
    assert reading.document is not None
    assert len(reading.document.credentials) == len(scene.credentials)
    (store,) = reading.document.stores.values()
    assert (store.requests.concurrency, store.requests.per_second) == (16, 10_000)


@pytest.mark.parametrize(
    ("name", "secrets", "namespaces", "writes"),
    [("separate", 7, 20, 7), ("together", 7, 1, 7), ("placements", 1, 7, 7), ("entries", 7, 1, 8)],
)
def test_how_much_work_a_scene_is(name: str, secrets: int, namespaces: int, writes: int) -> None:
    """Reads, namespaces and creations are those that the title promises; entries share one object more."""
    scene = SCENES[name][0](SIZE)
    assert (len(scene.secrets), len(scene.namespaces), len(scene.writes)) == (secrets, namespaces, writes)
    assert scene.refreshes == SIZE
    assert {write.namespace for write in scene.writes} <= set(scene.namespaces)
    assert {secret for write in scene.writes for secret in write.secrets} == set(scene.secrets)
    assert len({(write.namespace, write.name) for write in scene.writes}) == writes
