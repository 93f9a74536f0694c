"""What was released is shown as Retained until it is mapped again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.events import PlacementGone, StateChanged
from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

HUB = PlacementId(CredentialId("hub"), "nlp")
OTHER = "other: {from: {store: vault, secret: hub}, modelScope: {}, to: [{namespaces: [search]}]}"


def hub(policy: str) -> str:
    """Return a credential beside another one."""
    kept = f"deletionPolicy: {{whenUnmapped: {policy}}}"
    target = "{namespaces: [nlp], serviceAccounts: [models]}"
    return f"hub: {{from: {{store: vault, secret: hub}}, huggingFace: {{}}, {kept}, to: [{target}]}}\n{OTHER}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with one secret."""
    one = World(tmp_path)
    one.shelf.put("hub", token="hf_one")
    return one


def test_a_release_is_told_once_and_stays_shown(world: World) -> None:
    """Sweeps later it is still Retained, and the placement is not said to be gone."""
    world.sync(hub("Retain"))
    world.events.clear()
    for _ in range(3):
        world.sync(OTHER)
    told = [one.after for one in world.events if isinstance(one, StateChanged) and one.after.placement == HUB]
    assert [(one.state, one.reasons) for one in told] == [(State.RETAINED, (Reason.UNMAPPED,))]
    assert not [one for one in world.events if isinstance(one, PlacementGone)]
    assert world.engine.outcomes[HUB].state is State.RETAINED


def test_what_is_mapped_again_is_in_sync_and_may_leave_again(world: World) -> None:
    """Taken back it is Synced; released once more it is Retained once more."""
    world.sync(hub("Retain"))
    world.sync(OTHER)
    world.sync(hub("Retain"))
    assert world.engine.outcomes[HUB].state is State.SYNCED
    world.sync(OTHER)
    assert world.engine.outcomes[HUB].state is State.RETAINED


def test_what_was_deleted_is_gone(world: World) -> None:
    """Nothing is left to show."""
    world.sync(hub("Delete"))
    world.sync(OTHER)
    assert HUB not in world.engine.outcomes
    assert PlacementGone(HUB) in world.events
