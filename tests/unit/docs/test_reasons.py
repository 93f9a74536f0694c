"""The runbook has every reason, under its state, and tells those that this release never gives."""

from __future__ import annotations

import ast
import re
from typing import Final

from syncd.model.reasons import Reason, State
from tests.unit.docs.pages import ROOT, anchors, text_of

PAGE: Final = ROOT / "docs" / "reasons.md"

_SILENT: Final = ("syncd/model/reasons.py", "syncd/telemetry/", "syncd/testing/")
"""Where a reason is only named: its definition, its words, the contract for others."""


def sections() -> dict[str, dict[str, str]]:
    """Return state → reason → text, as the page has them."""
    found: dict[str, dict[str, str]] = {}
    for chapter in re.split(r"^## State ", text_of(PAGE), flags=re.MULTILINE)[1:]:
        state, _, body = chapter.partition("\n")
        parts = re.split(r"^### ", body, flags=re.MULTILINE)[1:]
        found[state] = {name: text.strip() for name, _, text in (part.partition("\n") for part in parts)}
    return found


def given() -> set[Reason]:
    """Return the reasons that some module gives to a placement."""
    return {
        Reason[node.attr]
        for path in (ROOT / "syncd").rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(_SILENT)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }


def test_every_reason_has_a_section_under_its_state() -> None:
    """The page has a heading for each reason, under the state that it belongs to, and no other."""
    expected: dict[str, set[str]] = {state.value: set() for state in State}
    for reason in Reason:
        expected[reason.state.value].add(reason.value)
    assert {state: set(reasons) for state, reasons in sections().items()} == expected


def test_the_word_is_the_anchor() -> None:
    """A reason is found at the anchor that is its own word in lower case."""
    assert {reason.value.lower() for reason in Reason} - anchors(PAGE) == set()


def test_what_is_never_given_is_said_to_be_reserved() -> None:
    """Exactly the reasons that no module gives are called reserved."""
    reserved = {
        reason
        for reasons in sections().values()
        for reason, text in reasons.items()
        if text.startswith("Reserved: ")
    }
    assert reserved == {reason.value for reason in set(Reason) - given()}


def test_a_section_is_a_paragraph_at_least() -> None:
    """No section is empty: each says what it means and what to do."""
    short = [
        name for reasons in sections().values() for name, text in reasons.items() if len(text.split()) < 10
    ]
    assert short == []
