"""`renamedFrom`: the former name of one credential that is gone, and of no other."""

from __future__ import annotations

import pytest

from syncd.mapping.read import read
from syncd.mapping.reload import accept
from tests.unit.mapping.texts import HUB, document, mapping, reading, said


def entry(name: str, former: str | None = None, namespace: str | None = None) -> str:
    """Return a credential in a namespace called as it is."""
    renamed = "" if former is None else f", renamedFrom: {former}"
    to = f"to: [{{namespaces: [{namespace or name}]}}]"
    return f"{name}: {{from: {{store: platform, secret: kv/{name}}}, huggingFace: {{}}, {to}{renamed}}}"


@pytest.mark.parametrize(
    ("entries", "words", "refused"),
    [
        ([entry("a", "a")], ["credentials.a.renamedFrom: is the credential's own name"], ["a"]),
        (
            [entry("a"), entry("b", "a")],
            ["credentials.b.renamedFrom: names a credential that is still there (m.yaml:5:3)"],
            ["b"],
        ),
        (
            [entry("a", "b"), entry("b", "a")],
            ["credentials.a.renamedFrom: names a credential that is still", "credentials.b.renamedFrom"],
            ["a", "b"],
        ),
        (
            [entry("a", "old"), entry("b", "old")],
            ["credentials.b.renamedFrom: names a credential that a was before (m.yaml:5:3)"],
            ["b"],
        ),
        ([entry("a", "old"), entry("b", "older")], [], []),
    ],
)
def test_a_former_name_is_that_of_one_that_is_gone(
    entries: list[str], words: list[str], refused: list[str]
) -> None:
    """A name that is still used, the credential's own, or one that two claim, is refused with its place."""
    result = reading("\n".join(entries))
    assert len(said(result)) == len(words)
    assert all(word in line for word, line in zip(words, said(result), strict=True)), said(result)
    assert sorted(result.refused) == refused


def test_who_is_the_heir_already_stays_it() -> None:
    """A newcomer that stands before it does not take the former name from who has it in force."""
    before = document(reading(entry("b", "old")))
    again = read({"m.yaml": mapping(f"{entry('a', 'old')}\n{entry('b', 'old')}")}, before)
    assert list(again.refused) == ["a"]


def test_a_broken_rename_keeps_the_form_under_the_former_name() -> None:
    """A typo in the entry that was renamed does not take away what it was: nothing of that is left over."""
    before = document(reading(HUB))
    text = mapping(
        HUB.replace("hub:", "new:").replace("huggingFace: {}", "huggingFaze: {}, renamedFrom: hub")
    )
    broken = read({"m.yaml": text}, before)
    assert broken.document is not None
    assert broken.document.refused == {"new", "hub"}
    after = accept(before, broken)
    assert after is not None
    assert after.credentials == before.credentials
    assert after.refused == {"new"}
    corrected = accept(after, read({"m.yaml": text.replace("Faze", "Face")}, after))
    assert corrected is not None
    assert {name: one.renamed_from for name, one in corrected.credentials.items()} == {"new": "hub"}


def test_the_heir_has_the_claims_of_the_former_name() -> None:
    """Until the new name is accepted, nobody else gets what the old one has."""
    before = document(reading(entry("a", namespace="nlp")))
    taker = entry("taker", namespace="nlp").replace("[nlp]", "[nlp], secret: a")
    heir = entry("b", "a", "nlp").replace("huggingFace: {}", "huggingFaze: {}")
    result = read({"m.yaml": mapping(f"{taker}\n{heir}")}, before)
    assert "Secret a in namespace nlp belongs to credential b" in str(said(result))
    fine = read({"m.yaml": mapping(f"{taker}\n{entry('b', 'a', 'nlp')}")}, before)
    assert said(fine) == []


def test_a_former_name_that_another_entry_has_now_is_not_reserved() -> None:
    """A refused entry keeps nothing under a name that another entry uses or rightly takes over."""
    before = document(reading(entry("old")))
    text = mapping(f"{entry('a', 'old')}\n{entry('b', 'old')}")
    after = accept(before, read({"m.yaml": text}, before))
    assert after is not None
    assert list(after.credentials) == ["a"]
    assert after.refused == {"b"}
