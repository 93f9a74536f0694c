"""What is remembered of removals: read back as it was written, and harmless where somebody broke it."""

from __future__ import annotations

import json
import re

import pytest

from syncd.model.names import CredentialId, PlacementId
from syncd.sync.ledger import (
    Charge,
    HeldSet,
    Ledger,
    Mark,
    confirmation,
    digest,
    ledger_of,
    texts,
)

HUB = PlacementId(CredentialId("hub"), "nlp")


def mark(name: str, *, rendered: bool = False) -> Mark:
    """Return one thing of a placement."""
    return Mark(digest(name), HUB, rendered)


FULL = Ledger(
    (
        Charge(1_700_000_000, "removals", frozenset({digest("a")})),
        Charge(1_700_000_001, "reshapes", frozenset({digest("b")}), confirmed=True),
    ),
    {
        "removals": HeldSet("abcdefgh", frozenset({mark("c"), mark("d")}), "10%", ("c", "d")),
        "reshapes": HeldSet("hgfedcba", frozenset({mark("e", rendered=True)}), "3", ("e",)),
    },
    frozenset({"abcdefgh"}),
)


@pytest.mark.parametrize("ledger", [Ledger(), FULL], ids=["empty", "full"])
def test_what_is_written_is_read_back(ledger: Ledger) -> None:
    """A restart knows what the process before it knew."""
    assert ledger_of(texts(ledger)) == ledger


@pytest.mark.parametrize("key", ["history", "held", "confirmed"])
@pytest.mark.parametrize("broken", ["", "{", "null", "7", '"x"', "[7]", '{"removals": 7}', '[{"at": "x"}]'])
def test_a_broken_key_is_empty_and_leaves_the_others(key: str, broken: str) -> None:
    """Somebody edited the ConfigMap: nothing fails, and the other keys count."""
    data = {**texts(FULL), key: broken}
    after = ledger_of(data)
    if key != "history":
        assert after.history == FULL.history
    if key != "held":
        assert after.held == FULL.held
    if key != "confirmed":
        assert after.confirmed == FULL.confirmed


def test_a_held_set_with_parts_that_are_none_is_read_as_far_as_it_goes() -> None:
    """Digests that are no list are left out, and so is a listing that is none."""
    seen = {"hub": {"nlp": ["0123456789"], "search": "no list"}, "other": 7}
    data = {"held": json.dumps({"removals": {"id": "x", "limit": "1", "listing": 7, "seen": seen}})}
    marks = frozenset({Mark("0123456789", HUB, rendered=False)})
    assert ledger_of(data).held == {"removals": HeldSet("x", marks, "1", ())}


def test_what_is_older_than_an_hour_does_not_count() -> None:
    """The hour ends to the second."""
    (old, young) = FULL.history
    assert FULL.recent(old.at + 3599) == (old, young)
    assert FULL.recent(old.at + 3600) == (young,)
    assert FULL.recent(old.at + 3601) == ()


def test_an_id_is_eight_letters_that_nobody_confuses() -> None:
    """No i, l or o; another for each set and class, the same in any order."""
    one = confirmation("removals", ["a", "b"])
    assert re.fullmatch(r"[a-hjkmnp-z]{8}", one)
    assert one == confirmation("removals", ["b", "a"])
    assert len({one, confirmation("reshapes", ["a", "b"]), confirmation("removals", ["a"])}) == 3


def test_ten_thousand_things_fit_into_a_config_map() -> None:
    """A ConfigMap takes 1 MiB."""
    marks = frozenset(
        Mark(
            digest(str(number)), PlacementId(CredentialId("models-s3"), f"team-{number // 2}"), rendered=False
        )
        for number in range(10_000)
    )
    went = Charge(1_700_000_000, "removals", frozenset(one.digest for one in marks))
    held = HeldSet("abcdefgh", marks, "10%", ("x" * 500,) * 20)
    data = texts(Ledger((went,), {"removals": held}, frozenset()))
    assert sum(map(len, data.values())) < 700_000
