"""Who has a name keeps it over a restart, wherever the newcomer stands in the mapping."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

SELECTED = "namespaceSelector: {matchLabels: {syncd.dev/models: 'true'}}"


def credential(name: str, target: str) -> str:
    """Return S3 keys for the selected namespaces; only a sweep can see that two of them meet."""
    return f"{name}: {{from: {{store: vault, secret: {name}}}, s3: {{}}, to: [{{{SELECTED}, {target}}}]}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world in which namespace nlp is selected."""
    one = World(tmp_path)
    (tmp_path / "nlp" / "namespace.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: nlp, labels: {syncd.dev/models: 'true'}}\n"
    )
    for name in ("newcomer", "holder"):
        one.shelf.put(name, access_key=f"AK-{name}", secret_key="sk")
    return one


def outcome(world: World, name: str) -> tuple[State, tuple[Reason, ...]]:
    """Return how a credential came out in nlp."""
    found = world.engine.outcomes[PlacementId(CredentialId(name), "nlp")]
    return found.state, found.reasons


@pytest.mark.parametrize("target", ["secret: shared", "storageConfig: {key: shared}"])
def test_who_has_a_name_keeps_it_over_a_restart(world: World, target: str) -> None:
    """The newcomer is refused though it stands first in the mapping, and the holder goes on rotating."""
    world.sync(credential("holder", target))
    both = f"{credential('newcomer', target)}\n{credential('holder', target)}"
    for _ in range(2):
        world.again()
        world.shelf.put("holder", access_key="AK-holder", secret_key="rotated")
        world.sync(both)
        assert outcome(world, "holder") == (State.SYNCED, (Reason.ROTATED,))
        assert outcome(world, "newcomer") == (State.REFUSED, (Reason.CLAIMED_BY,))
        world.shelf.put("holder", access_key="AK-holder", secret_key="again")
        world.sync(both)
        assert outcome(world, "holder") == (State.SYNCED, (Reason.ROTATED,))
    config = world.secret("storage-config")
    if config is not None:
        records = json.loads(config["metadata"]["annotations"]["syncd.dev/entries.syncd"])
        assert records["shared"]["credential"] == "holder"


def test_of_two_newcomers_the_first_in_the_mapping_gets_the_name(world: World) -> None:
    """Where nobody has it, the order of the mapping decides, after a restart too."""
    both = f"{credential('newcomer', 'secret: shared')}\n{credential('holder', 'secret: shared')}"
    for _ in range(2):
        world.again()
        world.sync(both)
        assert outcome(world, "newcomer")[0] is State.SYNCED
        assert outcome(world, "holder") == (State.REFUSED, (Reason.CLAIMED_BY,))
