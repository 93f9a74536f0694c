"""What comes from two stores comes as a set: one that fails holds all of it, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreUnavailable
from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.pairs import (
    IT,
    NEIGHBOUR,
    SETTLE,
    is_half,
    look,
    pair,
    standing,
)
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path


TWO_STORES: Final = pair(second="store: second, secret: b")


def test_one_dead_store_holds_the_whole_set(tmp_path: Path) -> None:
    """If one of two stores fails, no field is published; others go on; then both halves come together."""
    mapping = f"{TWO_STORES}\n{NEIGHBOUR}"
    world = World(tmp_path)
    world.shelf.put("a", id="AKIA1")
    world.second.put("b", key="key-1")
    world.shelf.put("hub", token="hf_1")
    world.sync(mapping)
    world.second.down = StoreUnavailable("second: no answer")
    world.shelf.put("a", id="AKIA2")
    world.shelf.put("hub", token="hf_2")
    outcomes = world.sync(mapping).outcomes
    assert (outcomes[IT].state, outcomes[IT].reasons) == (State.STALE, (Reason.STORE_UNAVAILABLE,))
    assert outcomes[PlacementId(CredentialId("hub"), "search")].reasons == (Reason.ROTATED,)
    assert standing(world) == ("1", "1")
    world.second.down = None
    assert is_half(look(world, mapping=mapping))
    world.second.put("b", key="key-2")
    look(world, mapping=mapping)
    assert standing(world) == ("2", "2")


def test_a_set_is_never_begun_without_all_of_it(tmp_path: Path) -> None:
    """Nothing is published of a new credential while one of its secrets cannot be read."""
    world = World(tmp_path)
    world.shelf.put("a", id="AKIA1")
    world.second.down = StoreUnavailable("second: no answer")
    outcome = world.sync(TWO_STORES).outcomes[IT]
    assert (outcome.state, outcome.reasons) == (State.PENDING, (Reason.STORE_UNAVAILABLE,))
    assert world.secret("models") is None
    assert world.secret("storage-config") is None


def test_an_outage_does_not_stop_the_time(tmp_path: Path) -> None:
    """A half that waited before a store died has settled when the store is back."""
    world = World(tmp_path)
    world.shelf.put("a", id="AKIA1")
    world.second.put("b", key="key-1")
    world.sync(TWO_STORES)
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world, mapping=TWO_STORES))
    world.second.down = StoreUnavailable("second: no answer")
    look(world, SETTLE, TWO_STORES)
    assert standing(world) == ("1", "1")
    world.second.down = None
    assert look(world, mapping=TWO_STORES).reasons == (Reason.ROTATED,)
