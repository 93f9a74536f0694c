"""From text to a tree with places."""

from __future__ import annotations

import pytest

from syncd.mapping.load import ALIAS_BUDGET, DEEPEST, Loaded, Start, load


def one(text: str) -> Loaded:
    """Load a text from a file called f."""
    return load(text, Start("f"))


def tree(text: str) -> object:
    """Return the plain tree of a text of one document without problems."""
    loaded = one(text)
    assert loaded.problems == ()
    assert loaded.documents is not None
    (document,) = loaded.documents
    return document.plain()


def problem(text: str) -> str:
    """Return the only problem of a text that cannot be read."""
    loaded = one(text)
    assert loaded.documents is None
    ((found, _),) = loaded.problems
    return str(found)


@pytest.mark.parametrize(
    "scalar", ["no", "on", "0012", "12345678901234567890123456789012", "1e3", "2020-01-01"]
)
def test_scalars_stay_what_was_written(scalar: str) -> None:
    """No scalar becomes a boolean, a number or a date."""
    assert tree(f"a: {scalar}") == {"a": scalar}


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_plain_nulls_are_nothing(nothing: str) -> None:
    """A plain null, tilde or nothing at all is None."""
    assert tree(f"a: {nothing}") == {"a": None}


@pytest.mark.parametrize("text", ["'null'", '"~"', "!!str null", "! ~", "''"])
def test_a_quoted_null_is_text(text: str) -> None:
    """Whoever quotes null means the word."""
    assert isinstance(tree(f"[{text}]"), list)
    assert tree(f"[{text}]") != [None]


def test_places_are_those_of_keys_and_values() -> None:
    """Every key and every value knows its line and column, counted from 1."""
    loaded = one("a:\n  - b: c\n")
    assert loaded.documents is not None
    (node,) = loaded.documents
    assert str(node.locate(("a", 0, "b"))) == "f:2:8"
    assert str(node.locate(("a", 0, "b"), at_key=True)) == "f:2:5"
    assert str(node.locate(("a", 0, "x", "y"))) == "f:2:5"
    assert str(node.locate(("a", 7))) == "f:2:3"
    assert node.child(0) is None
    assert node.text("a") is None


def test_an_embedded_text_is_placed_in_its_file() -> None:
    """Lines and columns of an embedded text count from the top of the file around it."""
    loaded = load("a: b: c", Start("f", 10, 4))
    assert str(loaded.problems[0][0]).startswith("f:11:9")
    assert str(load("\x07", Start("f", 10, 4)).problems[0][0]).startswith("f:11:5")


def test_a_key_that_stands_twice_names_both_places() -> None:
    """Equal keys are a problem, at the second, with the place of the first, which is kept."""
    loaded = one("a:\n  b: 1\n  c: 2\n  b: 3\n")
    ((found, path),) = loaded.problems
    assert str(found) == "f:4:3: a.b: stands here twice; the first is at f:2:3; keep one of the two"
    assert path == ("a", "b")
    assert loaded.documents is not None
    assert loaded.documents[0].plain() == {"a": {"b": "1", "c": "2"}}


def test_aliases_stand_for_their_anchors() -> None:
    """An alias is the value of its anchor, with the place of the anchor."""
    assert tree("x: &a {b: c}\ny: *a") == {"x": {"b": "c"}, "y": {"b": "c"}}


def test_an_alias_may_be_a_key() -> None:
    """An alias of a text can be a key, as YAML allows."""
    assert tree("x: &a name\n*a : 1") == {"x": "name", "name": "1"}


def test_merge_keys_bring_in_what_is_not_written() -> None:
    """`<<` takes the fields of one or more maps; the first wins, and what is beside it wins over all."""
    text = "x: &a {p: 1, q: 1}\ny: &b {q: 2, r: 2}\nz: {<<: [*a, *b], p: 3}\nw: {<<: *b}"
    merged = tree(text)
    assert isinstance(merged, dict)
    assert merged["z"] == {"p": "3", "q": "1", "r": "2"}
    assert merged["w"] == {"q": "2", "r": "2"}


def test_a_quoted_merge_key_is_a_key() -> None:
    """Whoever quotes `<<` means a key of that name."""
    assert tree("{'<<': a}") == {"<<": "a"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: {<<: [b]}",
            "f:1:9: a['<<']: is a merge key, and merges maps only; write `<<: *anchor-of-a-map`",
        ),
        ("a: b: c", "f:1:5: is no YAML: mapping values are not allowed in this context"),
        (
            "a: *b",
            "f:1:4: a: is an alias of an anchor that does not stand before it; anchors are marked with &",
        ),
        ("a: &b [*b]", "f:1:8: a[0]: is an alias of an anchor that does not stand before it; anchors are"),
        ("? [a]\n: b", "f:1:3: has a key that is not text"),
        ("'': b", "f:1:1: has a key that is not text"),
        ("x: &a [b]\n*a : c", "f:2:1: has a key that is not text"),
        (
            "a: !!binary aGk=",
            "f:1:4: a: has a YAML tag; values are text, and their field says what they mean",
        ),
        (
            "a: !secret {b: c}",
            "f:1:4: a: has a YAML tag; values are text, and their field says what they mean",
        ),
        ("a: b\n\tc: d", "this line with a tab"),
        ("a: \x00", "f:1:4: has a character that YAML forbids"),
        ("é: 1\na: b\x07", "f:2:5: has a character that YAML forbids"),
        ("a: \ud800", "f:1:4: has a character that YAML forbids"),
        ("a: [b", "is no YAML: while parsing a flow sequence"),
        ("%YAML 2.0\n---\na: b", "f:1:1: is no YAML: found incompatible YAML document"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, words: str) -> None:
    """A text that is no YAML, or that says what YAML here does not say, has a place and a reason."""
    assert words in problem(text)


def test_nesting_has_a_limit() -> None:
    """Forty levels are read and the next one is refused, by brackets and by aliases."""
    assert tree("[" * DEEPEST + "]" * DEEPEST) is not None
    assert f"nested deeper than {DEEPEST} levels" in problem("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2))
    half = DEEPEST // 2 + 1
    deep = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}"
    assert f"nested deeper than {DEEPEST} levels" in problem(deep)


def test_a_line_of_brackets_does_not_end_the_process() -> None:
    """A hundred thousand brackets are an error like any other; PyYAML's own composer would crash."""
    assert "nested deeper" in problem("[" * 100_000)


def test_aliases_have_a_budget() -> None:
    """Aliases of aliases cannot grow a small text into millions of values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert f"more than {ALIAS_BUDGET:,} values" in problem("\n".join(lines))


def test_documents_without_content_are_left_out() -> None:
    """A text of comments has no document, and empty documents between separators are none."""
    assert one("# nothing\n").documents == ()
    loaded = one("---\n---\na: b\n---\n")
    assert loaded.documents is not None
    assert [node.plain() for node in loaded.documents] == [{"a": "b"}]


def test_a_byte_order_mark_is_no_content() -> None:
    """A mark at the beginning, as some editors write it, changes nothing."""
    assert tree("\ufeffa: b") == {"a": "b"}
