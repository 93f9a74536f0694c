"""A plan says when `adopt: true` is of no use any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from syncd.cli.adopted import adoptions_done
from syncd.mapping.read import read
from syncd.model.names import Instance
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "storageConfig: {key: s3, bucket: b}, "


def mapping(rest: str = "", namespaces: str = "nlp") -> str:
    """Return a credential that takes over what it finds."""
    to = f"to: [{{namespaces: [{namespaces}], {rest}adopt: true}}]"
    return f"s3: {{from: {{store: vault, secret: s3}}, s3: {{}}, {to}}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with the secret."""
    one = World(tmp_path)
    one.shelf.put("s3", access_key="AKIA", secret_key="sk")
    return one


def warnings(world: World, credentials: str) -> list[str]:
    """Return what a plan of this mapping warns of."""
    head = "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\nstores: {vault: {file: {directory: /nowhere}}}\n"
    found = read({"m.yaml": f"{head}credentials:\n  {credentials}\n"}).document
    assert found is not None
    swept = world.engine.preview(found, deadline=time.monotonic() + 30)
    return adoptions_done(swept, Instance("syncd"))


@pytest.mark.parametrize("rest", ["", ENTRY])
def test_what_is_ours_needs_no_adoption(world: World, rest: str) -> None:
    """Once Secret and entry of a target are ours, its `adopt` is said to be done, with its place."""
    world.sync(mapping(rest))
    (warning,) = warnings(world, mapping(rest))
    assert warning.startswith("m.yaml:5:")
    assert "credentials.s3.to[0]: adopt has done its work" in warning


def test_what_is_not_all_ours_may_need_it(world: World) -> None:
    """As long as a namespace or the entry of the target is not ours, nothing is said; nor without `adopt`."""
    assert warnings(world, mapping()) == []
    world.sync(mapping())
    assert warnings(world, mapping(namespaces="nlp, search")) == []
    assert warnings(world, mapping(namespaces="search, nlp")) == []
    assert warnings(world, mapping(ENTRY)) == []
    assert warnings(world, mapping().replace(", adopt: true", "")) == []
    world.sync(mapping(ENTRY.replace("s3", "other")))
    assert warnings(world, mapping(ENTRY)) == []
