"""A secret value is hidden from everything that prints, hashes, copies or pickles."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import InvalidPayload
from syncd.model.secret import ChangeToken, RemoteSecret, SecretRef, SecretValue, StoreName, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary-7f3a"
VALUE = SecretValue(CANARY.encode())
REF = SecretRef(StoreName("vault"), "kv/a")
KEY = b"k" * 32


def remote(payload: str) -> RemoteSecret:
    """Return what a store answered."""
    return RemoteSecret(REF, ChangeToken("1"), SecretValue(payload.encode()))


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>40}".format, lambda value: f"{value!s}"])
def test_nothing_prints_the_value(show: Callable[[object], str]) -> None:
    """repr, str and every format are the same text for every value, alone and inside other values."""
    assert CANARY not in show(VALUE)
    assert CANARY not in show({"a": [VALUE]})
    assert CANARY not in show(remote(CANARY))


def test_the_value_is_not_serialised() -> None:
    """Pickle and JSON refuse; copies are the value itself."""
    with pytest.raises(TypeError):
        pickle.dumps(VALUE)
    with pytest.raises(TypeError):
        json.dumps({"a": VALUE})
    assert copy.copy(VALUE) is VALUE
    assert copy.deepcopy([VALUE])[0] is VALUE


@pytest.mark.parametrize("ask", [hash, len, iter, vars])
def test_the_value_has_no_hash_length_or_items(ask: Callable[[object], object]) -> None:
    """What would tell something of the content, or compare it in passing, is not there."""
    with pytest.raises(TypeError):
        ask(VALUE)


def test_values_compare_by_content_and_by_keyed_digest() -> None:
    """Equal bytes are equal and have one digest under one key; another key gives another digest."""
    same = SecretValue(CANARY.encode())
    assert same == VALUE
    assert same != SecretValue(b"other")
    assert VALUE != CANARY
    assert VALUE.digest(KEY) == same.digest(KEY)
    assert VALUE.digest(KEY) != VALUE.digest(b"j" * 32)
    assert VALUE.size() == len(CANARY)


@pytest.mark.parametrize(("raw", "full"), [(b"", False), (b" \n\t", False), (b" a\n", True), (b"\x00", True)])
def test_a_value_of_blanks_is_empty(raw: bytes, full: bool) -> None:
    """Truth means that there is more than white space; stripping takes off the ends only."""
    assert bool(SecretValue(raw)) is full
    assert SecretValue(b" a b\n").stripped() == SecretValue(b"a b")


def test_properties_are_texts_or_compact_json() -> None:
    """Text as it is, null as empty, everything else as JSON."""
    found = remote('{"a":"x","n":1,"z":null,"o":{"b":[true]}}').properties()
    assert {name: value.reveal() for name, value in found.items()} == {
        "a": b"x",
        "n": b"1",
        "z": b"",
        "o": b'{"b":[true]}',
    }


@pytest.mark.parametrize("payload", [CANARY, "[1]", '{"a":1,"a":2}', "[" * 100_000, '{"a":"\\ud800'])
def test_an_unreadable_payload_is_said_without_any_part_of_it(payload: str) -> None:
    """The error names the secret, and neither it nor what is behind it holds the payload."""
    with pytest.raises(InvalidPayload) as caught:
        remote(payload).properties()
    assert str(REF) in str(caught.value)
    assert payload not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_lone_surrogate_is_kept_as_bytes() -> None:
    """What JSON can say and UTF-8 cannot is no crash; the kind refuses it as text later."""
    (value,) = remote('{"a":"\\ud800"}').properties().values()
    assert value.size() == len("\ud800".encode("utf-8", "surrogatepass"))


def test_equal_trees_are_equal_bytes() -> None:
    """Canonical JSON is sorted, compact and ASCII."""
    assert canonical_json({"b": "ü", "a": 1}) == b'{"a":1,"b":"\\u00fc"}'


def test_references_are_shown_with_their_pin() -> None:
    """A reference names store and secret, and the version only where it is pinned."""
    assert str(REF) == "vault:kv/a"
    assert str(SecretRef(REF.store, "kv/a", "7")) == "vault:kv/a@7"


def test_references_can_be_sorted() -> None:
    """The same secret with a pinned version and without one, as two credentials may read it, has an order."""
    pinned, other = SecretRef(REF.store, "kv/a", "7"), SecretRef(REF.store, "kv/b")
    assert sorted([other, pinned, REF]) == [REF, pinned, other]
