"""Placeholders, trusted labels, and paths of secrets."""

from __future__ import annotations

import pytest

from syncd.mapping import placeholders
from syncd.mapping.placeholders import PlaceholderError, check, fill, is_trusted
from syncd.mapping.secret_paths import allowed, is_normal

TRUSTED = ("syncd.dev/*", "team")


def test_placeholders_are_filled_in() -> None:
    """The namespace and its labels stand where their placeholders were."""
    text = "kv/$(namespace)/$(label:team)/$(namespace)"
    assert fill(text, "recsys", {"team": "ml_1.x"}) == "kv/recsys/ml_1.x/recsys"


def test_text_without_placeholders_stays() -> None:
    """A dollar sign alone is no placeholder."""
    assert fill("kv/$x/(a)", "recsys", {}) == "kv/$x/(a)"
    assert not placeholders.present("kv/$x/(a)")


@pytest.mark.parametrize("labels", [{}, {"team": ""}])
def test_a_missing_label_is_said(labels: dict[str, str]) -> None:
    """A namespace without the label, or with an empty one, is named with the label."""
    with pytest.raises(PlaceholderError, match="namespace recsys has no value for label team"):
        fill("kv/$(label:team)", "recsys", labels)


@pytest.mark.parametrize("value", ["..", "a..b", "a/b", "-a", "a ", "a" * 64])
def test_a_label_cannot_leave_its_segment(value: str) -> None:
    """What could be read as another path is refused, and not repeated in the message."""
    with pytest.raises(PlaceholderError, match="label team of namespace recsys") as error:
        fill("kv/$(label:team)", "recsys", {"team": value})
    assert repr(value) not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kv/$(namespace)/$(label:syncd.dev/x)/$(label:team)", None),
        ("kv/plain", None),
        ("kv/$(name)", "unknown placeholder"),
        ("kv/$()", "unknown placeholder"),
        ("kv/$(namespace", "a placeholder that does not end"),
        ("kv/$(name$(space))", "a placeholder that does not end"),
        ("kv/$(label:owner)", "trustedNamespaceLabels does not list (syncd.dev/*, team)"),
        ("kv/$(label:syncd.dev/)", "trustedNamespaceLabels does not list"),
    ],
)
def test_placeholders_are_checked(text: str, words: str | None) -> None:
    """Only known placeholders of trusted labels are accepted."""
    problem = check(text, TRUSTED)
    assert problem is None if words is None else problem is not None and words in problem


def test_labels_are_not_judged_without_a_list() -> None:
    """When the mapping's settings cannot be read, no label is called untrusted."""
    assert check("$(label:anything)", None) is None
    assert is_trusted("anything", None)


def test_no_label_is_trusted_by_an_empty_list() -> None:
    """An empty list trusts nothing, and says so."""
    assert "(none)" in str(check("$(label:team)", ()))


def test_placeholders_can_be_stood_in_for() -> None:
    """Paths are checked around placeholders, and namespaces that are known are filled in alone."""
    assert placeholders.stand_in("kv/$(namespace)/$(label:team)") == "kv/x/x"
    assert placeholders.for_namespace("$(namespace)-$(label:a)", "n") == "n-$(label:a)"


@pytest.mark.parametrize(
    ("secret", "patterns", "expected"),
    [
        ("kv/ml/s3", ["kv/ml/*"], True),
        ("kv/ml/a/b/c", ["kv/ml/*"], True),
        ("kv/teams/s3", ["kv/ml/*", "kv/teams/*"], True),
        ("kv/ML/s3", ["kv/ml/*"], False),
        ("kv/mlops/s3", ["kv/ml/*"], False),
        ("anything", [], True),
        ("/absolute", [], True),
        ("kv/ml/../admin", ["kv/ml/*"], False),
        ("kv/ml/%2e%2e/admin", ["kv/ml/*"], False),
        ("kv/ml/..%2fadmin", ["kv/ml/*"], False),
        ("kv/ml/..\\admin", ["kv/ml/*"], False),
        ("kv/ml/./s3", ["kv/ml/*"], False),
        ("kv/ml//s3", ["kv/ml/*"], False),
        ("kv/ml/", ["kv/ml/*"], False),
        ("kv/ml/a\n", ["kv/ml/*"], False),
        (" kv/ml/a", ["*"], False),
        ("", [], False),
    ],
)
def test_only_allowed_secrets_are_allowed(secret: str, patterns: list[str], expected: bool) -> None:
    """Patterns are matched against the plain path, and a path that can be read otherwise is never allowed."""
    assert allowed(secret, patterns) is expected
    assert is_normal(secret) or not expected
