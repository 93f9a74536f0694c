"""Half of a pair is known as such after a restart: by recorded versions, the store's times, the values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from syncd.model.names import VERSION
from syncd.model.reasons import Reason, State
from tests.unit.sync.pairs import (
    SETTLE,
    begun,
    is_half,
    look,
    standing,
)
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world where the pair of generation 1 is published."""
    return begun(tmp_path)


def test_a_restart_still_knows(world: World) -> None:
    """The recorded versions tell which half changed; without times of the store it waits from then."""
    world.shelf.put("a", id="AKIA2")
    look(world, 1)
    world.again()
    assert is_half(look(world, SETTLE))
    world.again()
    world.shelf.put("b", key="key-2")
    assert look(world).reasons == (Reason.ROTATED,)


def test_a_restart_counts_from_when_the_half_was_made(world: World) -> None:
    """The store says when the new version was made: a process that begins later waits for the rest only."""
    world.shelf.put("a", id="AKIA2")
    world.shelf.made["a"] = datetime.fromtimestamp(world.time, UTC)
    world.again()
    assert is_half(look(world, SETTLE - 1))
    assert look(world, 1).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "1")


def test_every_run_of_sync_comes_to_an_end_by_the_time_of_the_store(world: World) -> None:
    """A run that remembers nothing publishes a half that is ten minutes old."""
    world.shelf.put("a", id="AKIA2")
    world.shelf.made["a"] = datetime.fromtimestamp(world.time, UTC)
    for _ in range(2):
        world.again()
        assert is_half(look(world, SETTLE / 2 - 1))
    world.again()
    assert look(world, 2).reasons == (Reason.ROTATED,)


def test_an_old_version_that_becomes_current_is_new(world: World) -> None:
    """Who saw the pair whole counts from what it saw: the version may have been made long before."""
    world.shelf.put("a", id="AKIA2")
    world.shelf.made["a"] = datetime.fromtimestamp(world.time - 30 * SETTLE, UTC)
    assert is_half(look(world))
    assert is_half(look(world, SETTLE - 1))


def test_a_clock_of_the_store_that_is_ahead_counts_as_now(world: World) -> None:
    """A version from the future is not waited for longer than the mapping says."""
    world.shelf.put("a", id="AKIA2")
    world.shelf.made["a"] = datetime.fromtimestamp(world.time + 30 * SETTLE, UTC)
    world.again()
    assert is_half(look(world))
    assert look(world, SETTLE).reasons == (Reason.ROTATED,)


def test_a_restart_without_versions_looks_at_the_values(tmp_path: Path) -> None:
    """What stands in the Secret tells which half changed while nobody looked."""
    world = begun(tmp_path, versioned=False)
    world.again()
    assert look(world).state is State.SYNCED
    world.shelf.put("b", key="key-2")
    world.again()
    (refusal,) = look(world).refusals
    assert "vault:b changed, vault:a not;" in refusal.message
    world.shelf.put("a", id="AKIA2")
    world.again()
    assert look(world).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "2")


def test_what_cannot_be_told_apart_waits(tmp_path: Path) -> None:
    """After a restart, of a value made of both halves it is not known which changed: the time decides."""
    mapping = (
        "it: {from: {store: vault, secret: a}, dockerConfig: {registry: r.io, username: {property: id},"
        " password: {property: key, secret: b}}, to: [{namespaces: [nlp], secret: models}]}"
    )
    world = World(tmp_path)
    world.shelf.versioned = False
    world.shelf.put("a", id="AKIA1")
    world.shelf.put("b", key="key-1")
    world.sync(mapping)
    world.shelf.put("a", id="AKIA2")
    world.shelf.put("b", key="key-2")
    world.again()
    outcome = look(world, mapping=mapping)
    assert is_half(outcome)
    assert (
        "of vault:a and vault:b it is not known, as the store has no versions;" in outcome.refusals[0].message
    )
    assert look(world, SETTLE, mapping).reasons == (Reason.ROTATED,)


def test_an_unreadable_record_is_no_version(world: World) -> None:
    """What somebody wrote over our record says nothing: the values do."""
    have = world.secret("models") or {}
    for text in ("no json", "[1]"):
        have["metadata"]["annotations"][VERSION] = text
        world.write("secrets", "Secret", have["metadata"], {"type": have["type"], "data": have["data"]})
        world.again()
        assert look(world).state is State.SYNCED
        assert standing(world) == ("1", "1")
