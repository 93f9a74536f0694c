"""Whatever is in a mapping, reading answers; and it repeats nothing that could be a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.kserve.kinds import KINDS
from syncd.mapping.explain import explain
from syncd.mapping.load import ALIAS_BUDGET
from syncd.mapping.read import read
from tests.unit.mapping.texts import HEADER, mapping, said

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"
CANARY = "Canary/7f3a+x"

words = st.sampled_from(
    [
        "apiVersion",
        "syncd.dev/v1alpha1",
        "kind",
        "Mapping",
        "stores",
        "credentials",
        "from",
        "to",
        "s3",
        "vault",
        "namespaces",
        "secret",
        "schedule",
        "cron",
        "*",
        "&a",
        "*a",
        "<<",
        ":",
        "'",
        '"',
        "|",
        ">",
        "!!",
        "#",
        "---",
        "$(",
        "~",
        "%",
        "{",
        "}",
        "[",
        "]",
    ]
)
spaces = st.sampled_from(["- ", "\n", "  ", "\t", " "])
trees = st.recursive(
    st.none() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | words, inner, max_size=4),
    max_leaves=12,
)


@given(st.text() | st.lists(words | spaces, max_size=60).map("".join))
@example("[" * 5_000)
@example(HEADER + "credentials: {a: {from: {store: a, secret: '$($('}, gcs: {}, to: []}}")
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    """No text raises anything: it is accepted, or there are problems with their places."""
    result = read({"m.yaml": text})
    assert result.document is not None or result.problems
    assert all(problem.origin.line > 0 for problem in result.problems)


@given(st.sampled_from(["stores", "credentials", "defaults", "include", "limits"]), trees)
@settings(max_examples=200, deadline=None)
def test_any_tree_is_answered(section: str, tree: object) -> None:
    """No tree in place of a part raises anything."""
    result = read({"m.yaml": HEADER + yaml.safe_dump({section: {"a": tree}}, allow_unicode=True)})
    assert result.document is not None or result.problems


def scalars(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all scalars of a tree."""
    if isinstance(tree, dict):
        return [found for key, value in tree.items() for found in scalars(value, (*path, key))]
    if isinstance(tree, list):
        return [found for index, value in enumerate(tree) for found in scalars(value, (*path, index))]
    return [path]


def planted(text: str, path: tuple[str | int, ...]) -> str:
    """Return the text with the canary in place of the value at a path."""
    tree = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # BaseLoader makes nothing but text
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = CANARY
    return yaml.safe_dump(tree, sort_keys=False)


@pytest.mark.parametrize(
    "file", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda file: file.relative_to(EXAMPLES).as_posix()
)
def test_no_value_is_repeated(file: Path) -> None:
    """A literal in place of any value of any example appears in no problem, though most are refused."""
    text = file.read_text(encoding="utf-8")
    refused = 0
    for path in scalars(yaml.load(text, Loader=yaml.BaseLoader)):  # noqa: S506  # the same
        result = read({"m.yaml": planted(text, path)})
        assert not any(CANARY in line for line in said(result)), path
        refused += bool(result.problems)
    assert refused


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_of_a_kind_repeats_its_value(kind: str) -> None:
    """A literal in any field of any kind, nested ones too, appears in no problem."""
    for path in fields_below(f"credentials.{kind}"):
        part: object = CANARY
        for key in reversed(path):
            part = {key: part}
        text = yaml.safe_dump({kind: part, "to": [{"namespaces": ["n"]}]})
        result = read({"m.yaml": mapping("a:\n" + "".join(f"  {line}\n" for line in text.splitlines()))})
        assert not any(CANARY in line for line in said(result)), path


def fields_below(place: str) -> list[list[str]]:
    """Return the paths of all fields below a place, but those of sources."""
    found = []
    for field in explain(place).fields:
        below = [] if "source" in field.type else fields_below(f"{place}.{field.name}")
        found += [[field.name], *([field.name, *path] for path in below)]
    return found


def test_three_hundred_teams_are_read() -> None:
    """Two thousand credentials, aliases and all, are read, and one mistake refuses one of them."""
    credential = """\
  team-{0}:
    <<: *team
    from: {{store: platform, secret: kv/teams/{0}/s3}}
    s3: {{endpoint: "https://minio.minio.svc:9000", region: us-east-1}}
    to: [{{namespaces: [team-{0}], serviceAccounts: [models], storageConfig: {{key: s3, bucket: models}}}}]
"""
    text = (
        mapping("", settings="x-team: &team {suspend: false, schedule: {interval: 1m}}\n") + "credentials:\n"
    )
    text += "".join(credential.format(number) for number in range(2_000))
    result = read({"m.yaml": text.replace("team-77, ", "").replace("[team-1234]", "[Team]")})
    assert len(said(result)) == 1
    assert result.document is not None
    assert len(result.document.credentials) == 1_999
    assert ALIAS_BUDGET > 2_000
