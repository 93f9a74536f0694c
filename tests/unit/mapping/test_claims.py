"""Two that ask for one thing: the one in force keeps it."""

from __future__ import annotations

import pytest

from syncd.mapping.claims import Claim, conflicts, of_placement, settle
from syncd.mapping.credential import Placement
from syncd.mapping.read import read
from syncd.model.names import ObjectRef, PlacementId
from tests.unit.mapping.texts import document, mapping, only, reading, said

FROM = "from: {store: platform, secret: kv/a}"


def hub(name: str, target: str) -> str:
    """Return a Hugging Face credential with one target."""
    return f"{name}: {{{FROM}, huggingFace: {{}}, to: [{{{target}}}]}}"


def s3(name: str, target: str) -> str:
    """Return an S3 credential with one target."""
    return f"{name}: {{{FROM}, s3: {{region: eu-west-1}}, to: [{{{target}}}]}}"


def secret(name: str) -> Claim:
    """Return the claim on a Secret in namespace n."""
    return Claim("Secret", "n", name)


def test_the_same_secret_twice_names_both_places() -> None:
    """Of two newcomers the first in the file wins, and the second is told where the first is."""
    result = reading(
        "\n".join([hub("a", "namespaces: [n], secret: x"), hub("b", "namespaces: [m, n], secret: x")])
    )
    assert said(result) == [
        (
            "m.yaml:6:68: credentials.b.to[0]: Secret x in namespace n belongs to credential a (m.yaml:5:68);"
            " what is in force stays; give one of the two another name or namespace"
        )
    ]
    assert list(result.refused) == ["b"]


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (
            s3("a", "namespaces: [n], storageConfig: {key: $(namespace)}"),
            s3("b", "namespaces: [n], storageConfig: {key: n}"),
            "storage-config entry n in namespace n belongs to credential a",
        ),
        (
            s3("a", "namespaces: [n], serviceAccounts: [x, y]"),
            s3("b", "namespaces: [n], serviceAccounts: [y]"),
            "place on ServiceAccount y: s3 in namespace n belongs to credential a",
        ),
        (
            s3("a", "namespaces: [n], serviceAccounts: [y]"),
            (
                "b: {s3: {roleArn: 'arn:aws:iam::111122223333:role/r'},"
                " to: [{namespaces: [n], serviceAccounts: [y]}]}"
            ),
            "place on ServiceAccount y: s3 in namespace n belongs to credential a",
        ),
        (
            hub("a", "namespaces: [n], serviceAccounts: [y], serviceAccountAnnotations: {c/d: e}"),
            hub("b", "namespaces: [n], serviceAccounts: [y], serviceAccountAnnotations: {c/d: f}"),
            "annotation of ServiceAccount y: c/d in namespace n belongs to credential a",
        ),
    ],
)
def test_what_only_one_can_have(one: str, other: str, words: str) -> None:
    """An entry, the place of an exclusive kind and an annotation have one owner in a namespace."""
    result = reading(f"{one}\n{other}")
    assert any(words in line for line in said(result)), said(result)
    assert list(result.refused) == ["b"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            hub("a", "namespaces: [n], serviceAccounts: [y]"),
            hub("b", "namespaces: [n], serviceAccounts: [y]"),
        ),
        (s3("a", "namespaces: [n], serviceAccounts: [y]"), hub("b", "namespaces: [n], serviceAccounts: [y]")),
        (s3("a", "namespaces: [n], serviceAccounts: [y]"), s3("b", "namespaces: [m], serviceAccounts: [y]")),
        (
            s3("a", "namespaces: [n], storageConfig: {key: $(label:syncd.dev/x)}"),
            s3("b", "namespaces: [n], storageConfig: {key: $(label:syncd.dev/x)}"),
        ),
        (
            s3("a", "namespaceSelector: {matchLabels: {syncd.dev/x: a}}, secret: x"),
            s3("b", "namespaces: [n], secret: x"),
        ),
    ],
)
def test_what_can_stand_side_by_side(one: str, other: str) -> None:
    """Kinds that break nothing share a ServiceAccount, and what only a cluster tells is left to it."""
    assert list(document(reading(f"{one}\n{other}")).credentials) == ["a", "b"]


def test_the_claim_in_force_wins_over_an_earlier_newcomer() -> None:
    """A credential that is in force keeps what it has, wherever the newcomer stands in the file."""
    before = document(reading(hub("old", "namespaces: [n], secret: x")))
    text = mapping(
        "\n".join([hub("new", "namespaces: [n], secret: x"), hub("old", "namespaces: [n], secret: x")])
    )
    result = read({"m.yaml": text}, before)
    assert list(result.refused) == ["new"]


def test_names_that_are_swapped_are_refused_both() -> None:
    """Two credentials that want each other's name both keep their own."""
    before = document(
        reading("\n".join([hub("a", "namespaces: [n], secret: x"), hub("b", "namespaces: [n], secret: y")]))
    )
    swapped = mapping(
        "\n".join([hub("a", "namespaces: [n], secret: y"), hub("b", "namespaces: [n], secret: x")])
    )
    result = read({"m.yaml": swapped}, before)
    assert set(result.refused) == {"a", "b"}
    assert "Secret y in namespace n belongs to credential b" in said(result)[0]


def test_who_moves_away_sets_its_name_free() -> None:
    """A name can be taken in the same edit in which its owner leaves it, in either order."""
    before = document(reading(hub("b", "namespaces: [n], secret: x")))
    text = mapping(
        "\n".join([hub("a", "namespaces: [n], secret: x"), hub("b", "namespaces: [n], secret: z")])
    )
    result = read({"m.yaml": text}, before)
    assert said(result) == []


def test_who_left_the_mapping_claims_nothing() -> None:
    """A credential that is gone from the mapping does not keep its name from others."""
    before = document(reading(hub("old", "namespaces: [n], secret: x")))
    result = read({"m.yaml": mapping(hub("new", "namespaces: [n], secret: x"))}, before)
    assert said(result) == []


def test_a_refused_credential_keeps_its_claims() -> None:
    """A credential with a mistake stays in force, and nobody takes what it has."""
    before = document(reading(hub("old", "namespaces: [n], secret: x")))
    broken = hub("old", "namespaces: [n], secrets: x")
    result = read({"m.yaml": mapping("\n".join([hub("new", "namespaces: [n], secret: x"), broken]))}, before)
    assert set(result.refused) == {"new", "old"}
    assert "Secret x in namespace n belongs to credential old (m.yaml:5:" in said(result)[0]


def test_claims_are_granted_all_or_none() -> None:
    """Whoever cannot have one thing gets nothing of what it wanted, and keeps what it had."""
    wanted = {"a": [secret("x"), secret("y")], "b": [secret("y")], "c": [secret("x")], "d": [secret("z")]}
    in_force = {"b": [secret("y")], "a": [secret("z")], "gone": [secret("x")]}
    assert settle(wanted, in_force) == {
        "a": {secret("x"): "c", secret("y"): "b"},
        "d": {secret("z"): "a"},
    }


def test_a_chain_of_moves_is_granted() -> None:
    """Each takes the name that the next one leaves, whatever their order."""
    wanted = {"a": [secret("2")], "b": [secret("3")], "c": [secret("4")]}
    in_force = {"a": [secret("1")], "b": [secret("2")], "c": [secret("3")]}
    assert settle(wanted, in_force) == {}


def test_what_two_had_before_is_kept_by_the_one_who_holds_it() -> None:
    """When two were in force with one name, who leaves it does not take it from the other."""
    wanted = {"a": [secret("y")], "b": [secret("x")], "c": [secret("x")]}
    in_force = {"a": [secret("x")], "b": [secret("x")]}
    assert settle(wanted, in_force) == {"c": {secret("x"): "b"}}


def placement(name: str, target: str, namespace: str = "n") -> Placement:
    """Return the placement of an S3 credential in a namespace."""
    credential = only(s3(name, target))
    (to,) = credential.targets
    return Placement(
        id=PlacementId(credential.id, namespace),
        credential=credential,
        target=to,
        secret=ObjectRef(namespace, to.secret),
        accounts=to.accounts.names,
        sources=credential.sources,
        settings=credential.settings,
        account_annotations={},
        entry=to.storage_config,
        suspended=False,
    )


def test_placements_claim_secret_and_entry() -> None:
    """A placement claims its Secret and its entry; its ServiceAccounts are judged binding by binding."""
    one = placement("a", "namespaces: [n], serviceAccounts: [y], storageConfig: {key: k}")
    assert of_placement(one) == {secret("a"), Claim("storage-config entry", "n", "k")}


def test_placements_in_conflict_are_told_apart() -> None:
    """Of two placements that want one Secret the one in force has it, and the other is told who."""
    one = placement("a", "namespaceSelector: {matchLabels: {syncd.dev/a: b}}, secret: x")
    other = placement("b", "namespaceSelector: {matchLabels: {syncd.dev/a: c}}, secret: x")
    elsewhere = placement("b", "namespaceSelector: {matchLabels: {syncd.dev/a: c}}, secret: x", "m")
    assert conflicts([one, other, elsewhere]) == {other.id: {secret("x"): one.id}}
    assert conflicts([one, other], in_force=[other]) == {one.id: {secret("x"): other.id}}
