"""Manifests whose values are hidden."""

from __future__ import annotations

from syncd.cluster.manifest import Undecodable, hidden, revealed, secret_data
from syncd.model.secret import SecretValue

CANARY = "canary-8812"
MANIFEST = {
    "kind": "Secret",
    "data": {"a": "Y2FuYXJ5LTg4MTI=", "wrapped": "Y2Fu\nYXJ5\r\n", "bad": CANARY, "empty": "", "null": None},
    "stringData": {"a": "plain", "new": "plain"},
}


def test_values_are_hidden() -> None:
    """Nothing of a value is in what is printed, decodable or not."""
    shown = repr(hidden(MANIFEST))
    assert (CANARY in shown, "Y2FuYXJ5" in shown) == (False, False)


def test_string_data_goes_into_data() -> None:
    """`stringData` wins over `data` and is no longer there, as an API server does it."""
    manifest = hidden(MANIFEST)
    assert set(manifest) == {"kind", "data"}
    assert manifest["data"]["a"] == manifest["data"]["new"] == SecretValue(b"plain")


def test_base64_is_read_as_go_reads_it() -> None:
    """Line breaks are let through, nothing and null are empty, anything else is kept as it is."""
    data = hidden(MANIFEST)["data"]
    assert data["wrapped"] == SecretValue(b"canary")
    assert data["empty"] == data["null"] == SecretValue(b"")
    assert isinstance(data["bad"], Undecodable)


def test_revealed_is_as_it_was() -> None:
    """What is stored again is the same base64, and what was none is left alone."""
    manifest = {"kind": "Secret", "data": {"a": "Y2FuYXJ5", "bad": CANARY}}
    assert (revealed(hidden(manifest)) == manifest) is True


def test_without_data() -> None:
    """A manifest without data is stored as it is."""
    assert revealed({"kind": "ServiceAccount"}) == {"kind": "ServiceAccount"}
    assert hidden({"kind": "Secret"}) == {"kind": "Secret", "data": {}}


def test_undecodable_values_are_no_data() -> None:
    """A reader of values does not get what is no base64."""
    assert set(secret_data(hidden(MANIFEST))) == {"a", "wrapped", "empty", "null", "new"}
