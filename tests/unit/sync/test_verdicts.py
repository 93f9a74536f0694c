"""What a look at the stores means for each secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from syncd.kserve.cluster_config import KServeConfig
from syncd.mapping.credential import Source
from syncd.mapping.settings import StoreSettings
from syncd.model.errors import AccessDenied, SecretNotFound
from syncd.model.names import CredentialId
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef, StoreName
from syncd.sync.look import Seen
from syncd.sync.needs import Need, Needs
from syncd.sync.verdicts import Verdict, forbidden, verdicts
from tests.unit.sync.builders import HUB, STORE, credential, placement, remote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.mapping.credential import Credential
    from syncd.stores.interface import Fetched

OTHER = StoreName("other")
REF = SecretRef(STORE, "kv/hub")
MADE = datetime(2026, 3, 1, tzinfo=UTC)


def need(one: Credential | None = None, *, whole: bool = True, suspended: bool = False) -> Need:
    """What this credential reads in nlp."""
    return Need(placement(one), ("nlp",), suspended, whole)


def judged(
    *needed: Need, fetched: Mapping[SecretRef, Fetched], refused: frozenset[SecretRef] = frozenset()
) -> dict[SecretRef, Verdict]:
    """The verdicts, by secret."""
    seen = {
        store: Seen((), {ref: answer for ref, answer in fetched.items() if ref.store == store}, {REF: MADE})
        for store in sorted({ref.store for ref in fetched}, reverse=True)
    }
    return {one.ref: one for one in verdicts(Needs(needed, ()), seen, refused, KServeConfig())}


def two_secrets() -> Credential:
    """A dockerConfig credential: the user name of one secret, the password of another store's."""
    return credential(
        "dockerConfig",
        sources={
            "username": Source(REF, "property", "user", written=True),
            "password": Source(SecretRef(OTHER, "pw"), "whole"),
        },
        settings={"registry": "registry.example.com"},
    )


def test_all_is_well() -> None:
    """A secret that is read and has what its kind needs has no reason against it."""
    found = judged(need(), fetched={REF: remote('{"token": "t"}', version="7")})[REF]
    assert (found.worst, found.well, found.rendered) == (None, True, frozenset({HUB}))
    assert (found.version, found.created) == ("7", MADE)


def test_the_words_are_those_of_a_sweep() -> None:
    """A missing field is told with its reason, the names that are there, and what to do."""
    source = Source(REF, "property", "tokken", written=True)
    found = judged(need(credential(sources={"token": source})), fetched={REF: remote('{"token": "t"}')})[REF]
    (refusal,) = found.refusals
    assert found.worst is refusal.reason is Reason.PROPERTY_NOT_FOUND
    assert "it has token" in refusal.message
    assert refusal.where == "credentials.hub.huggingFace.token"
    assert refusal.remedy


@pytest.mark.parametrize(
    ("payload", "reason"),
    [('{"token": ""}', Reason.EMPTY_VALUE), ('{"token": {"a": "b", "a": 1}}', Reason.INVALID_PAYLOAD)],
)
def test_values_that_a_sweep_would_refuse(payload: str, reason: Reason) -> None:
    """What is there and cannot be published is refused here too."""
    sources = {"token": Source(REF, "property", "token", written=True)}
    found = judged(need(credential(sources=sources)), fetched={REF: remote(payload)})[REF]
    assert found.worst is reason


def test_a_secret_that_cannot_be_read() -> None:
    """The store's own words are kept, and nothing is said of its fields."""
    found = judged(need(), fetched={REF: AccessDenied("it takes read on kv/data/hub")})[REF]
    assert (found.reason, found.message) == (Reason.ACCESS_DENIED, "it takes read on kv/data/hub")
    assert (found.refusals, found.rendered, found.well) == ((), frozenset(), False)


@pytest.mark.parametrize(("optional", "well"), [(True, True), (False, False)])
def test_a_missing_secret(*, optional: bool, well: bool) -> None:
    """A missing secret is well only where it may be missing."""
    found = judged(need(credential(optional=optional)), fetched={REF: SecretNotFound("gone")})[REF]
    assert (found.reason, found.well) == (Reason.SECRET_NOT_FOUND, well)
    assert "Create the secret" in found.remedy


def test_a_missing_secret_that_only_one_can_do_without() -> None:
    """A secret that another credential needs may not be missing."""
    other = credential(id=CredentialId("other"))
    found = judged(need(credential(optional=True)), need(other), fetched={REF: SecretNotFound("gone")})[REF]
    assert not found.well
    assert [use.credential for use in found.uses] == ["hub", "other"]


def test_one_of_two_secrets_cannot_be_read() -> None:
    """The other one is still looked at; whether the kind has all of it is not known."""
    pair = need(two_secrets())
    unread = AccessDenied("no")
    right = judged(pair, fetched={REF: remote('{"user": "me"}'), SecretRef(OTHER, "pw"): unread})
    assert (right[REF].worst, right[REF].rendered) == (None, frozenset())
    wrong = judged(pair, fetched={REF: remote('{"usr": "me"}'), SecretRef(OTHER, "pw"): unread})
    assert wrong[REF].worst is Reason.PROPERTY_NOT_FOUND
    assert wrong[SecretRef(OTHER, "pw")].worst is Reason.ACCESS_DENIED
    assert wrong[SecretRef(OTHER, "pw")].refusals == ()


def test_a_store_that_was_not_looked_at() -> None:
    """With some of the stores only, their secrets alone are judged, and nothing is rendered."""
    found = judged(need(two_secrets()), fetched={REF: remote('{"user": "me"}')})
    assert list(found) == [REF]
    assert found[REF].rendered == frozenset()


def test_a_need_that_is_not_whole() -> None:
    """Where others of its secrets are not known by name, nothing is said of fields."""
    found = judged(need(whole=False), fetched={REF: remote("{}")})[REF]
    assert (found.worst, found.rendered) == (None, frozenset())


def test_a_secret_that_may_not_be_asked_for() -> None:
    """What is outside allowedSecrets is told in the words of a sweep."""
    stores = {STORE: StoreSettings(STORE, "file", None, allowed_secrets=("kv/ml/*",))}
    needed = Needs((need(),), ())
    assert forbidden(needed, stores) == frozenset({REF})
    seen = {STORE: Seen((), {}, {})}
    (found,) = verdicts(needed, seen, frozenset({REF}), KServeConfig())
    assert found.reason is Reason.FORBIDDEN
    assert "outside allowedSecrets of store vault" in found.message
    assert "allowedSecrets" in found.remedy
    allowed = {STORE: StoreSettings(STORE, "file", None, allowed_secrets=("kv/*",))}
    assert forbidden(needed, allowed) == frozenset()


def test_one_credential_in_different_states() -> None:
    """A use names every namespace, and is suspended only where nobody reads the secret."""
    paused = Need(placement(), ("a",), suspended=True)
    active = Need(placement(), ("b",), suspended=False)
    for order in ((paused, active), (active, paused)):
        (use,) = judged(*order, fetched={REF: remote('{"token": "t"}')})[REF].uses
        assert (sorted(use.namespaces), use.suspended) == (["a", "b"], False)
    (use,) = judged(paused, fetched={REF: remote('{"token": "t"}')})[REF].uses
    assert use.suspended


def test_secrets_stand_in_the_order_of_the_stores() -> None:
    """Verdicts go by store as they were looked at, then by name."""
    found = judged(
        need(two_secrets()), fetched={REF: remote('{"user": "me"}'), SecretRef(OTHER, "pw"): remote("x")}
    )
    assert [ref.store for ref in found] == [STORE, OTHER]
