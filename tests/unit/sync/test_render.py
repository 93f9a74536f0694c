"""render, records and leftovers: what should be in the cluster, and what nobody asks for any more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.kserve.cluster_config import KServeConfig
from syncd.mapping.credential import AccountChoice, Credential, DeletionPolicy, Source
from syncd.model.errors import StoreUnavailable
from syncd.model.names import LABEL_INSTANCE, CredentialId, PlacementId, entries_annotation
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef
from syncd.sync.leftovers import Mapped, leftovers
from syncd.sync.records import version_text
from syncd.sync.render import render
from tests.unit.sync.builders import (
    HUB,
    ME,
    STORE,
    as_written,
    credential,
    desired,
    entry_settings,
    observed,
    placement,
    ref,
    remote,
    target,
)

if TYPE_CHECKING:
    from syncd.stores.interface import Fetched

REF = SecretRef(STORE, "kv/hub")
CONFIG = KServeConfig()
NAMES = (CONFIG.storage_spec_secret_name,)
ADDRESSES = {STORE: "vault https://v:8200"}
S3_FIELDS = {
    "accessKeyId": Source(REF, "property", "id"),
    "secretAccessKey": Source(REF, "property", "key"),
}


def s3(**changes: Any) -> Credential:
    """Return an S3 credential with both keys from one secret."""
    return replace(credential("s3", sources=S3_FIELDS), **changes)


def test_a_secret_carries_what_a_later_daemon_must_know() -> None:
    """Target, credential, source, version and both policies stand on the object, as strings."""
    one = placement(credential(deletion=DeletionPolicy("Delete", "Retain")))
    state, refused = render([one], {REF: remote('{"token":"t"}')}, CONFIG, addresses=ADDRESSES)
    assert refused == ()
    assert state.secrets[ref()].records == {
        "syncd.dev/target": "nlp/hub",
        "syncd.dev/credential": "hub",
        "syncd.dev/source": '{"*":"vault https://v:8200 kv/hub"}',
        "syncd.dev/version": '{"*":"1"}',
        "syncd.dev/when-unmapped": "Delete",
        "syncd.dev/when-secret-not-found": "Retain",
    }


def test_a_set_from_two_secrets_records_each_field() -> None:
    """With two sources, source and version are told field by field; a pin is part of the source."""
    other = SecretRef(STORE, "kv/key", "7")
    one = placement(s3(sources={**S3_FIELDS, "secretAccessKey": Source(other, "whole")}))
    fetched = {REF: remote('{"id":"AKIA"}'), other: remote("secret", "kv/key", "7")}
    state, _ = render([one], fetched, CONFIG, addresses=ADDRESSES)
    records = state.secrets[ref()].records
    assert json.loads(records["syncd.dev/version"]) == {"accessKeyId": "1", "secretAccessKey": "7"}
    assert json.loads(records["syncd.dev/source"])["secretAccessKey"].endswith("kv/key@7")


def test_a_store_without_versions_records_none() -> None:
    """No version is no annotation, not an empty one."""
    fetched = {REF: remote('{"token":"t"}', version=None)}
    state, _ = render([placement()], fetched, CONFIG, addresses={})
    assert "syncd.dev/version" not in state.secrets[ref()].records


def test_half_a_pair_is_not_published() -> None:
    """One empty or missing value, and nothing of the credential is rendered: the last good one stays."""
    for payload, reason in (
        ('{"id":"AKIA","key":""}', Reason.EMPTY_VALUE),
        ('{"id":"AKIA"}', Reason.PROPERTY_NOT_FOUND),
        ('{"id":"AKIA","key":null}', Reason.EMPTY_VALUE),
    ):
        state, refused = render([placement(s3())], {REF: remote(payload)}, CONFIG, addresses={})
        assert state.secrets == {}
        assert state.accounts == {}
        assert [one.reason for one in refused] == [reason]
        assert state.kept == {PlacementId(HUB, "nlp")}


def test_one_dead_store_costs_its_own_placements_only() -> None:
    """The error of a store refuses what comes from it; its neighbour is rendered."""
    other = SecretRef(STORE, "kv/other")
    neighbour = placement(
        credential(id=CredentialId("other"), sources={"token": Source(other, "whole")}),
        secret=ref("other"),
    )
    fetched: dict[SecretRef, Fetched] = {
        REF: StoreUnavailable("vault: no answer"),
        other: remote("t", "kv/other"),
    }
    state, refused = render([placement(), neighbour], fetched, CONFIG, addresses={})
    assert list(state.secrets) == [ref("other")]
    assert [one.reason for one in refused] == [Reason.STORE_UNAVAILABLE]


def test_usual_names_that_are_missing_are_said_with_the_names_that_are_there() -> None:
    """The reason lists the properties of the secret, by name."""
    _, (refusal,) = render([placement()], {REF: remote('{"tokn":"t"}')}, CONFIG, addresses={})
    assert refusal.reason is Reason.PROPERTY_NOT_FOUND
    assert "tokn" in refusal.message


def test_bindings_and_annotations_of_all_credentials_meet_on_the_account() -> None:
    """One ServiceAccount is one desired value, created only if it was named."""
    choice = AccountChoice(("models",), create=True)
    one = placement(credential(targets=(target(accounts=choice),)), account_annotations={"a/b": "c"})
    two = placement(credential(id=CredentialId("two"), targets=(target(secret="two"),)), secret=ref("two"))
    state, _ = render([one, two], {REF: remote('{"token":"t"}')}, CONFIG, addresses={})
    account = state.accounts[ref("models")]
    assert [binding.secret for binding in account.bindings] == ["hub", "two"]
    assert account.create
    assert account.annotations["a/b"].credential == HUB


def test_two_credentials_do_not_set_one_annotation_to_two_values() -> None:
    """The first one holds; the newcomer is told who has it."""
    one = placement(account_annotations={"a/b": "c"})
    two = placement(
        credential(id=CredentialId("two"), targets=(target(secret="two"),)),
        id=PlacementId(CredentialId("two"), "nlp"),
        secret=ref("two"),
        account_annotations={"a/b": "d"},
    )
    state, (refusal,) = render([one, two], {REF: remote('{"token":"t"}')}, CONFIG, addresses={})
    assert state.accounts[ref("models")].annotations["a/b"].value == "c"
    assert (refusal.placement.credential, refusal.reason) == ("two", Reason.CONFLICT)


def test_a_keyless_credential_writes_no_secret() -> None:
    """S3 by role is annotations on the ServiceAccount, and nothing else."""
    role = "arn:aws:iam::111122223333:role/reader"
    one = placement(credential("s3", sources={}, settings={"roleArn": role}))
    state, refused = render([one], {}, CONFIG, addresses={})
    assert refused == ()
    assert state.secrets == {}
    annotations = state.accounts[ref("models")].annotations
    assert annotations["eks.amazonaws.com/role-arn"].value == role


def test_an_entry_goes_where_kserve_looks() -> None:
    """The name of storage-config is the cluster's own; the record says credential, source and version."""
    one = placement(s3(), entry=entry_settings("models", "b"))
    config = KServeConfig(storage_spec_secret_name="other-config")
    fetched = {REF: remote('{"id":"AKIA","key":"k"}')}
    state, _ = render([one], fetched, config, addresses=ADDRESSES)
    entry = state.entries[ref("other-config"), "models"]
    assert entry.record == {
        "credential": "hub",
        "namespace": "nlp",
        "source": '{"*":"vault https://v:8200 kv/hub"}',
        "version": '{"*":"1"}',
    }


def test_what_kserve_would_mistake_is_refused() -> None:
    """A cluster whose detection keys make our Secret another kind gets no such Secret."""
    config = KServeConfig(gcs_credential_file_name="HF_TOKEN")
    state, refused = render([placement()], {REF: remote('{"token":"t"}')}, config, addresses={})
    assert state.secrets == {}
    assert [one.reason for one in refused] == [Reason.INVALID_VALUE]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ('{"*":"7"}', "7"),
        ('{"a":"1","b":"2"}', "a=1 b=2"),
        (None, None),
        ("[]", None),
        ("{", None),
        ("{}", None),
    ],
)
def test_a_recorded_version_is_shown_to_people(record: str | None, text: str | None) -> None:
    """One version as it is, several by field, and nothing of what cannot be read."""
    assert version_text(record) == text


def test_what_left_the_mapping_is_reported() -> None:
    """A Secret, an entry and a binding that nobody asks for are named, each with its credential."""
    mine = as_written(replace(desired(), bound_to=frozenset({"secrets/old", "secrets/models"})))
    lost = as_written(desired(name="lost", credential="lost"))
    copy = as_written(desired(name="copy"), ref=ref("copy-of"))
    config = as_written(
        desired({"gone": "{}", "hub": "{}"}, name="storage-config"),
        labels={},
        annotations={entries_annotation(ME): json.dumps({"gone": {"credential": "x"}, "hub": {}})},
    )
    one = placement(entry=entry_settings("hub"))
    found = leftovers(Mapped((one,)), observed(mine, lost, copy, config), NAMES, ME)
    assert [(left.where, left.ref.name, left.placement.credential) for left in found] == [
        ("ServiceAccount", "old", "hub"),
        ("Secret", "lost", "lost"),
        ("storage-config entry", "storage-config", "x"),
    ]
    assert copy.labels[LABEL_INSTANCE] == ME
