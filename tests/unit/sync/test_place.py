"""place: which namespaces and ServiceAccounts a credential goes to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.mapping.credential import AccountChoice, Source
from syncd.mapping.settings import StoreSettings
from syncd.model.names import PAUSED, CredentialId, PlacementId
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef
from syncd.sync.place import Placed, place
from tests.unit.sync.builders import (
    STORE,
    account,
    credential,
    entry_settings,
    namespace,
    ref,
    selector,
    survey,
    target,
)

if TYPE_CHECKING:
    from syncd.model.objects import ObservedAccount, ObservedNamespace


def placed(
    *objects: ObservedAccount | ObservedNamespace, patterns: tuple[str, ...] = (), **changes: Any
) -> Placed:
    """Place one credential with these changes."""
    stores = {STORE: StoreSettings(STORE, "vault", None, patterns)}
    one = credential(**changes)
    return place([one], survey(*objects), stores, own_namespace="syncd-system")


def test_a_listed_namespace_is_a_placement() -> None:
    """The Secret's place, the named ServiceAccounts and the sources are filled in."""
    (one,) = placed().placements
    assert one.id == PlacementId(CredentialId("hub"), "nlp")
    assert (one.secret, one.accounts) == (ref(), ("models",))
    assert one.refs == {SecretRef(STORE, "kv/hub")}


def test_a_listed_namespace_that_is_missing_is_pending() -> None:
    """It is said with the reason, where in the mapping, and what to do."""
    (refusal,) = placed(namespace("other")).refused
    assert refusal.reason is Reason.NAMESPACE_MISSING
    assert refusal.origin is not None


def test_a_selector_never_reaches_reserved_namespaces() -> None:
    """kube-*, openshift-* and the daemon's own namespace are left out, whatever their labels say."""
    chosen = target(namespaces=None, selector=selector(**{"syncd.dev/models": "true"}))
    labels = {"syncd.dev/models": "true"}
    names = ("kube-system", "openshift-x", "syncd-system", "search", "nlp")
    found = placed(*(namespace(name, labels=labels) for name in names), namespace("bare"), targets=(chosen,))
    assert [one.id.namespace for one in found.placements] == ["nlp", "search"]


def test_placeholders_are_filled_in_everywhere() -> None:
    """Remote secret, entry, bucket, settings and annotations get the namespace's name and labels."""
    chosen = target(
        storage_config=entry_settings("$(namespace)", "b-$(label:syncd.dev/team)"),
        account_annotations={"a/b": "$(namespace)@x"},
    )
    source = Source(SecretRef(STORE, "kv/$(namespace)"), "whole")
    labelled = namespace(labels={"syncd.dev/team": "blue"})
    (one,) = placed(
        labelled, targets=(chosen,), sources={"token": source}, settings={"roleArn": "r/$(namespace)"}
    ).placements
    assert one.entry == entry_settings("nlp", "b-blue")
    assert one.account_annotations == {"a/b": "nlp@x"}
    assert one.settings == {"roleArn": "r/nlp"}
    assert {str(each) for each in one.refs} == {"vault:kv/nlp"}
    (refusal,) = placed(targets=(chosen,)).refused
    assert refusal.reason is Reason.MAPPING_INVALID


def test_an_entry_without_bucket_stays_without() -> None:
    """No bucket is no empty bucket."""
    (one,) = placed(targets=(target(storage_config=entry_settings()),)).placements
    assert one.entry == entry_settings()


@pytest.mark.parametrize(("patterns", "allowed"), [((), True), (("kv/*",), True), (("team/*",), False)])
def test_allowed_secrets_hold_after_placeholders(patterns: tuple[str, ...], allowed: bool) -> None:
    """A secret outside the store's patterns is refused before anything is fetched."""
    found = placed(patterns=patterns)
    assert bool(found.placements) is allowed
    assert [refusal.reason for refusal in found.refused] == ([] if allowed else [Reason.FORBIDDEN])


def test_service_accounts_are_chosen_by_name_and_label() -> None:
    """Named ones come first, there or not; selected ones only where they are, in this namespace."""
    choice = AccountChoice(("models",), selector(**{"syncd.dev/bind": "true"}))
    labels = {"syncd.dev/bind": "true"}
    (one,) = placed(
        namespace(),
        account("b", labels=labels),
        account("a", labels=labels),
        account("models", labels=labels),
        account("else", namespace="search", labels=labels),
        account("bare"),
        targets=(target(accounts=choice),),
    ).placements
    assert one.accounts == ("models", "a", "b")


def test_two_targets_on_one_namespace_are_one_placement() -> None:
    """The first target holds, the second is refused."""
    found = placed(targets=(target(), target(secret="again")))
    assert [one.secret.name for one in found.placements] == ["hub"]
    assert [refusal.reason for refusal in found.refused] == [Reason.CONFLICT]


def test_suspended_by_the_mapping_or_by_the_namespace() -> None:
    """`suspend: true` and the annotation `syncd.dev/paused` both suspend."""
    (one,) = placed(suspended=True).placements
    (other,) = placed(namespace(annotations={PAUSED: "true"})).placements
    assert one.suspended
    assert other.suspended


def test_two_credentials_do_not_share_a_secret() -> None:
    """The first in the mapping holds the name, the newcomer is refused with the other's name."""
    other = credential(id=CredentialId("other"))
    stores = {STORE: StoreSettings(STORE, "vault", None)}
    found = place([credential(), other], survey(), stores, own_namespace="x")
    assert [one.id.credential for one in found.placements] == ["hub"]
    (refusal,) = found.refused
    assert refusal.reason is Reason.CLAIMED_BY
    assert "hub" in refusal.message


def test_two_credentials_do_not_share_an_entry() -> None:
    """The same key of storage-config twice in a namespace is refused for the newcomer."""
    one = credential(targets=(target(storage_config=entry_settings("k")),))
    other = replace(one, id=CredentialId("other"), targets=(replace(one.targets[0], secret="o"),))
    found = place([one, other], survey(), {}, own_namespace="x")
    assert [refusal.reason for refusal in found.refused] == [Reason.CLAIMED_BY]
