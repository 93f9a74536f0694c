"""A pair of keys in two secrets is published as a pair: HalfRotated holds half of it back."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from syncd.model.reasons import Reason, State
from tests.unit.sync.pairs import (
    IT,
    NEIGHBOUR,
    SETTLE,
    begun,
    is_half,
    look,
    pair,
    recorded,
    standing,
    version_of,
)
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sync.sweep import Swept


@pytest.fixture(params=[True, False], ids=["versions", "none"])
def versioned(request: pytest.FixtureRequest) -> bool:
    """Tell whether the stores have versions."""
    return bool(request.param)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world where the pair of generation 1 is published."""
    return begun(tmp_path)


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_half_waits_for_the_other(tmp_path: Path, versioned: bool, first: str) -> None:
    """Whichever changes first: the pair that is published stays, and the new one comes as a pair."""
    world = begun(tmp_path, versioned=versioned)
    halves = {"a": {"id": "AKIA2"}, "b": {"key": "key-2"}}
    other = "b" if first == "a" else "a"
    world.shelf.put(first, **halves[first])
    assert is_half(look(world))
    assert is_half(look(world))
    assert standing(world) == ("1", "1")
    world.shelf.put(other, **halves[other])
    assert look(world).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "2")
    assert look(world).state is State.SYNCED


def test_both_at_once_are_published_at_once(tmp_path: Path, versioned: bool) -> None:
    """A rotation that is whole when it is seen waits for nothing."""
    world = begun(tmp_path, versioned=versioned)
    world.shelf.put("a", id="AKIA2")
    world.shelf.put("b", key="key-2")
    assert look(world).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "2")


def test_what_settled_is_published_as_it_is(tmp_path: Path, versioned: bool) -> None:
    """Ten minutes after a half was first seen it is all that there is, also when it changed meanwhile."""
    world = begun(tmp_path, versioned=versioned)
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world))
    world.shelf.put("a", id="AKIA3")
    assert is_half(look(world, SETTLE - 1))
    assert look(world, 1).reasons == (Reason.ROTATED,)
    assert standing(world) == ("3", "1")
    assert look(world).state is State.SYNCED


def test_the_other_half_that_comes_late_waits_again(tmp_path: Path, versioned: bool) -> None:
    """After one half was published alone, the other is a half of its own: nobody knows that it belongs."""
    world = begun(tmp_path, versioned=versioned)
    world.shelf.put("a", id="AKIA2")
    look(world)
    look(world, SETTLE)
    world.shelf.put("b", key="key-2")
    assert is_half(look(world))
    assert standing(world) == ("2", "1")
    look(world, SETTLE)
    assert standing(world) == ("2", "2")


def test_the_time_begins_anew_with_what_was_published(tmp_path: Path, versioned: bool) -> None:
    """A half that follows right after a publication gets its own ten minutes, seen whole between or not."""
    world = begun(tmp_path, versioned=versioned)
    world.shelf.put("a", id="AKIA2")
    look(world)
    look(world, SETTLE)
    world.shelf.put("a", id="AKIA3")
    assert is_half(look(world))
    assert is_half(look(world, SETTLE - 1))
    assert standing(world) == ("2", "1")


def test_a_half_that_was_taken_back_is_none(tmp_path: Path) -> None:
    """Once the old value stands there again nothing is to be published, whatever its version."""
    world = begun(tmp_path, versioned=False)
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world))
    world.shelf.put("a", id="AKIA1")
    assert look(world).state is State.SYNCED


def test_the_time_is_the_mapping_s(world: World) -> None:
    """`settle: 0s` publishes whatever is there; a longer time waits longer."""
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world, mapping=pair(", settle: 1h")))
    assert is_half(look(world, SETTLE, mapping=pair(", settle: 1h")))
    assert look(world, mapping=pair(", settle: 0s")).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "1")


def test_the_refusal_says_which_half_and_until_when(world: World) -> None:
    """Who reads it learns what changed, what did not, when it ends, and what to do."""
    world.shelf.put("a", id="AKIA2")
    (refusal,) = look(world).refusals
    assert refusal.text == (
        "Secret nlp/models: vault:a changed, vault:b not; what is published stays until all of them have"
        " changed, or until 2023-11-14T22:24:20Z if syncd is not restarted before. Rotate the others too;"
        " from.settle says how long that may take, and with settle: 0s nothing waits"
    )


def test_the_refusal_counts_on_no_memory_where_the_store_tells_the_time(world: World) -> None:
    """When the new version was made outlives a restart, so the time that is told is sure."""
    world.shelf.put("a", id="AKIA2")
    world.shelf.made["a"] = datetime.fromtimestamp(world.time, UTC)
    (refusal,) = look(world).refusals
    assert "or until 2023-11-14T22:24:20Z." in refusal.text


def test_a_pinned_half_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """A pinned version does not change, so the other half is all that can."""
    mapping = pair(second="store: second, secret: b, version: '1'")
    world = begun(tmp_path, mapping=mapping)
    world.shelf.put("a", id="AKIA2")
    assert look(world, mapping=mapping).reasons == (Reason.ROTATED,)
    assert standing(world) == ("2", "1")


def test_an_edited_source_is_no_half(world: World) -> None:
    """Another path, or a pin, is what somebody wrote into the mapping: it is published at once."""
    world.shelf.put("c", key="key-3")
    assert look(world, mapping=pair(second="secret: c")).reasons == (Reason.ROTATED,)
    assert standing(world) == ("1", "3")


def test_two_fields_of_one_secret_are_no_pair(tmp_path: Path) -> None:
    """What comes from one secret is written by its owner in one go."""
    one = World(tmp_path)
    one.shelf.put("a", id="AKIA1", key="key-1")
    single = pair(second="secret: a")
    one.sync(single)
    one.shelf.put("a", id="AKIA2", key="key-1")
    assert look(one, mapping=single).reasons == (Reason.ROTATED,)
    assert standing(one) == ("2", "1")


def test_a_new_version_with_the_same_value_is_waited_for_in_silence(world: World) -> None:
    """It changes nothing, so nothing is refused; the other half completes it, or its version is recorded."""
    world.shelf.put("a", id="AKIA1")
    assert look(world).state is State.SYNCED
    assert version_of(world) == recorded(1, 1)
    world.shelf.put("b", key="key-2")
    assert look(world).reasons == (Reason.ROTATED,)
    assert standing(world) == ("1", "2")
    world.shelf.put("a", id="AKIA1")
    look(world)
    swept = settled_sweep(world)
    assert version_of(world) == recorded(3, 2)
    assert swept.outcomes[IT].changed == ()
    world.shelf.put("b", key="key-3")
    assert is_half(look(world))


def settled_sweep(world: World) -> Swept:
    """Sweep once the pair has settled."""
    world.time += SETTLE
    return world.sync(pair())


def test_unchanged_is_untouched(tmp_path: Path, versioned: bool) -> None:
    """A pair that stands as it should is written by no sweep."""
    world = begun(tmp_path, versioned=versioned)
    for _ in range(3):
        world.time += SETTLE
        assert not world.sync(pair()).plan


def test_drift_of_a_whole_pair_is_repaired(tmp_path: Path, versioned: bool) -> None:
    """Somebody's edit of the Secret is no rotation."""
    world = begun(tmp_path, versioned=versioned)
    have = world.secret("models") or {}
    have["data"]["AWS_ACCESS_KEY_ID"] = base64.b64encode(b"AKIA9").decode()
    world.write("secrets", "Secret", have["metadata"], {"type": have["type"], "data": have["data"]})
    assert look(world).reasons in {(Reason.DRIFT_REPAIRED,), (Reason.ROTATED,)}
    assert standing(world) == ("1", "1")


def test_what_was_never_published_has_no_half(tmp_path: Path) -> None:
    """The first publication takes what is there."""
    world = World(tmp_path)
    world.shelf.put("a", id="AKIA2")
    world.shelf.put("b", key="key-1")
    assert world.sync(pair()).outcomes[IT].state is State.SYNCED
    assert standing(world) == ("2", "1")


def test_a_secret_that_is_released_is_taken_back_as_a_pair(world: World) -> None:
    """Its records still say which versions it has."""
    world.sync("")
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world))
    assert standing(world) == ("1", "1")


def test_a_new_entry_waits_with_its_secret(tmp_path: Path) -> None:
    """An entry that is mapped while a half waits is not made of one old and one new half."""
    without = pair().replace(", storageConfig: {key: k}", "")
    world = World(tmp_path)
    world.shelf.put("a", id="AKIA1")
    world.shelf.put("b", key="key-1")
    world.sync(without)
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world))
    assert world.secret("storage-config") is None
    world.shelf.put("b", key="key-2")
    look(world)
    assert standing(world) == ("2", "2")


def test_the_entry_tells_when_the_secret_is_gone(world: World) -> None:
    """A Secret that somebody deleted in the middle of a rotation comes back whole, when the pair is."""
    world.shelf.put("a", id="AKIA2")
    (world.root / "nlp" / "secrets" / "models.yaml").unlink()
    assert is_half(look(world))
    world.shelf.put("b", key="key-2")
    look(world)
    assert standing(world) == ("2", "2")


def test_a_plan_shows_the_half(world: World) -> None:
    """`syncd plan` says so too, and plans no write."""
    world.shelf.put("a", id="AKIA2")
    assert world.document is not None
    swept = world.engine.preview(world.document, deadline=0)
    assert is_half(swept.outcomes[IT])
    assert not swept.plan.actions


def test_a_placement_that_is_gone_is_forgotten(world: World) -> None:
    """Nothing is remembered of what the mapping no longer has."""
    halves = world.engine._around.halves
    assert halves._known.keys() == {IT}
    world.sync(NEIGHBOUR)
    assert halves._known == {}


def test_a_secret_that_gives_nothing_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """`from` may say how long to wait and which store it is, while every field has a secret of its own."""
    fields = "accessKeyId: {property: id, secret: a}, secretAccessKey: {property: key, secret: b}"
    target = "{namespaces: [nlp], secret: models, storageConfig: {key: k}}"
    mapping = f"it: {{from: {{store: vault, secret: c}}, s3: {{{fields}}}, to: [{target}]}}"
    world = World(tmp_path)
    world.shelf.put("c", note="nothing of use")
    world.shelf.put("a", id="AKIA1")
    world.shelf.put("b", key="key-1")
    world.sync(mapping)
    world.shelf.put("a", id="AKIA2")
    assert is_half(look(world, mapping=mapping))
    world.shelf.put("b", key="key-2")
    assert look(world, mapping=mapping).reasons == (Reason.ROTATED,)


def test_a_write_that_fails_keeps_what_settled(world: World) -> None:
    """What settled and was refused for another reason is tried again without waiting anew."""
    world.shelf.put("a", id="AKIA2")
    look(world)
    have = world.secret("models") or {}
    world.write(
        "secrets", "Secret", have["metadata"], {"type": have["type"], "data": have["data"], "immutable": True}
    )
    assert Reason.SECRET_IMMUTABLE in look(world, SETTLE).reasons
    world.write("secrets", "Secret", have["metadata"], {"type": have["type"], "data": have["data"]})
    assert look(world).state is State.SYNCED
    assert standing(world) == ("2", "1")


def test_versions_are_recorded_for_every_source(world: World) -> None:
    """Each field has the version of its own secret on the record."""
    world.shelf.put("b", key="key-2")
    look(world)
    assert look(world, SETTLE).version == "accessKeyId=1 secretAccessKey=2 sessionToken=1"
    assert version_of(world) == recorded(1, 2)
