"""What its store says has expired is refused, and when it will is told, where that is news."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from syncd.model.errors import StoreUnavailable
from syncd.model.events import Expiry
from syncd.model.names import CredentialId, ObjectRef, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.model.objects import Outcome

DAY: Final = 86_400.0
HUB: Final = (
    "hub: {from: {store: vault, secret: hub}, huggingFace: {}, to: [{namespaces: [nlp], secret: hub}]}"
)
IT: Final = PlacementId(CredentialId("hub"), "nlp")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world where a token is published that does not expire."""
    one = World(tmp_path)
    one.shelf.put("hub", token="hf_one")
    one.sync(HUB)
    return one


def expire(world: World, days: float, path: str = "hub") -> float:
    """Let a secret expire in so many days, and return when that is."""
    at = world.time + days * DAY
    world.shelf.expires[path] = datetime.fromtimestamp(at, UTC)
    return at


def told(world: World, mapping: str = HUB, settings: str = "") -> list[Expiry]:
    """Sweep, and return what was told of expiries."""
    world.events.clear()
    world.sync(mapping, settings=settings)
    return [event for event in world.events if isinstance(event, Expiry)]


def swept(world: World) -> Outcome:
    """Sweep, and return how the token came out."""
    return world.sync(HUB).outcomes[IT]


def test_what_has_expired_is_refused_and_the_last_good_one_stays(world: World) -> None:
    """The text says since when, and what to do; a new version is published again."""
    before = world.secret("hub")
    world.shelf.put("hub", token="hf_two")
    expire(world, -1)
    outcome = swept(world)
    assert (outcome.state, outcome.reasons) == (State.REFUSED, (Reason.EXPIRED,))
    assert outcome.refusals[0].message == (
        "vault:hub: its store says that it expired at 2023-11-13T22:13:20Z; write a new version, or move its"
        " expiry there"
    )
    assert bool(world.secret("hub") == before)
    del world.shelf.expires["hub"]
    assert swept(world).reasons == (Reason.ROTATED,)


def test_the_moment_itself_is_too_late(world: World) -> None:
    """It is valid until its time, and not at it."""
    at = expire(world, 1)
    world.time = at - 1
    assert swept(world).state is State.SYNCED
    world.time = at
    assert swept(world).reasons == (Reason.EXPIRED,)


def test_a_set_of_which_one_has_expired_is_refused_whole(world: World) -> None:
    """One secret of several is enough."""
    fields = "accessKeyId: {property: id}, secretAccessKey: {property: key, secret: b}"
    mapping = f"it: {{from: {{store: vault, secret: a}}, s3: {{{fields}}}, to: [{{namespaces: [nlp]}}]}}"
    world.shelf.put("a", id="AKIA1")
    world.shelf.put("b", key="key-1")
    expire(world, -1, "b")
    outcome = world.sync(mapping).outcomes[PlacementId(CredentialId("it"), "nlp")]
    assert outcome.reasons == (Reason.EXPIRED,)
    assert world.secret("it") is None


def test_what_never_expires_is_never_told(world: World) -> None:
    """Most secrets have no expiry: not an event for them."""
    assert told(world) == []


def test_when_it_expires_is_told_once(world: World) -> None:
    """Far away it is a time; nothing is said again while it is the same."""
    at = expire(world, 30)
    (event,) = told(world)
    assert (event.placement, event.expires, event.soon) == (IT, at, False)
    assert (event.secret, event.uid is not None) == (ObjectRef("nlp", "hub"), True)
    assert told(world) == []


def test_it_is_soon_within_the_mapping_s_warning(world: World) -> None:
    """Fourteen days before, unless the mapping says otherwise; over, it is soon no more."""
    at = expire(world, 30)
    told(world)
    world.time = at - 14 * DAY - 1
    assert told(world) == []
    world.time += 1
    assert [(event.expires, event.soon) for event in told(world)] == [(at, True)]
    assert [event.soon for event in told(world, settings="defaults: {expiryWarning: 7d}\n")] == [False]
    world.time = at - 7 * DAY
    assert [event.soon for event in told(world, settings="defaults: {expiryWarning: 7d}\n")] == [True]
    world.time = at
    assert [(event.expires, event.soon) for event in told(world)] == [(at, False)]


def test_a_new_version_ends_it(world: World) -> None:
    """With a later expiry it is told anew, with none that there is none."""
    expire(world, 1)
    assert [event.soon for event in told(world)] == [True]
    later = expire(world, 90)
    assert [(event.expires, event.soon) for event in told(world)] == [(later, False)]
    del world.shelf.expires["hub"]
    assert [(event.expires, event.soon) for event in told(world)] == [(None, False)]


def test_the_earliest_of_several_counts(world: World) -> None:
    """A set is good as long as its first secret."""
    fields = "accessKeyId: {property: id}, secretAccessKey: {property: key, secret: b}"
    mapping = f"it: {{from: {{store: vault, secret: a}}, s3: {{{fields}}}, to: [{{namespaces: [nlp]}}]}}"
    world.shelf.put("a", id="AKIA1")
    world.shelf.put("b", key="key-1")
    first = expire(world, 20, "a")
    expire(world, 30, "b")
    assert [event.expires for event in told(world, mapping)] == [first]


def test_an_outage_changes_nothing_about_it(world: World) -> None:
    """What a store does not say is not news: the warning stands."""
    expire(world, 1)
    told(world)
    world.shelf.down = StoreUnavailable("vault: no answer")
    assert told(world) == []
    world.shelf.down = None
    assert told(world) == []


def test_a_suspended_one_is_left_alone(world: World) -> None:
    """Its secret is not even read."""
    expire(world, 1)
    assert told(world, HUB.replace("huggingFace", "suspend: true, huggingFace")) == []


def test_what_is_not_mapped_does_not_expire(world: World) -> None:
    """What was left in place is nobody's concern any more; mapped again, it is told anew."""
    expire(world, 1)
    told(world)
    assert [(event.placement, event.expires, event.soon) for event in told(world, "")] == [(IT, None, False)]
    assert told(world, "") == []
    assert [event.soon for event in told(world)] == [True]


def test_a_restart_tells_it_anew(world: World) -> None:
    """What was told is in memory only."""
    expire(world, 1)
    told(world)
    world.again()
    assert [event.soon for event in told(world)] == [True]
