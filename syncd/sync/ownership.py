"""Whose an object, an annotation or an entry is, by the records on it; pure (rule 2)."""

from __future__ import annotations

import json
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from syncd.model.difference import entry_records
from syncd.model.names import (
    CREDENTIAL,
    LABEL_INSTANCE,
    LABEL_RELEASED,
    TARGET,
    CredentialId,
    annotations_annotation,
    entries_annotation,
)
from syncd.model.secret import canonical_json
from syncd.sync.records import ENTRY_NAMESPACE, ENTRY_POLICY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import ObservedAccount, ObservedSecret


def owner_of(have: ObservedSecret, instance: Instance) -> CredentialId | None:
    """Return the credential that a Secret of ours was written for; None when it is not ours."""
    ours = have.labels.get(LABEL_INSTANCE) == instance and have.annotations.get(TARGET) == str(have.ref)
    return CredentialId(have.annotations.get(CREDENTIAL, "")) if ours else None


def released_by(have: ObservedSecret, instance: Instance) -> CredentialId | None:
    """Return the credential that a Secret which we released was written for; None when it is none of those.

    The same credential takes it back without being told to adopt it.
    """
    released = have.labels.get(LABEL_RELEASED) == instance and LABEL_INSTANCE not in have.labels
    ours = released and have.annotations.get(TARGET) == str(have.ref)
    return CredentialId(have.annotations.get(CREDENTIAL, "")) if ours else None


def entries_of(have: ObservedSecret, instance: Instance) -> Mapping[str, Mapping[str, str]]:
    """Return our record of the entries of a `storage-config` Secret: key → its record.

    A record that was written in another namespace came with a copy of the object: its entry is foreign.
    """
    records = _records(have.annotations.get(entries_annotation(instance)))
    here = have.ref.namespace
    if all(record.get(ENTRY_NAMESPACE, here) == here for record in records.values()):
        return records
    return {key: record for key, record in records.items() if record.get(ENTRY_NAMESPACE, here) == here}


@lru_cache(maxsize=64)
def _records(annotation: str | None) -> Mapping[str, Mapping[str, str]]:
    """Read a record once, though each of its entries is asked for by itself: that would be quadratic."""
    return MappingProxyType(entry_records(annotation))


def account_record(have: ObservedAccount | None, instance: Instance) -> dict[str, CredentialId]:
    """Return which annotations of a ServiceAccount are ours: annotation → credential.

    KServe copies annotations to the ServiceAccounts that it generates, so a record that names another
    ServiceAccount is a copy and says nothing.
    """
    annotations = _account_tree(have, instance).get("annotations")
    if not isinstance(annotations, dict):
        return {}
    return {str(name): CredentialId(str(credential)) for name, credential in annotations.items()}


def account_policies(have: ObservedAccount | None, instance: Instance) -> dict[CredentialId, str]:
    """Return credential → what happens to its annotations when they leave the mapping, if recorded."""
    policies = _account_tree(have, instance).get(ENTRY_POLICY)
    if not isinstance(policies, dict):
        return {}
    return {CredentialId(str(credential)): str(policy) for credential, policy in policies.items()}


def account_text(
    ref: ObjectRef, owners: Mapping[str, CredentialId], policies: Mapping[CredentialId, str]
) -> str:
    """Return the text of the record: annotation → credential, the account's name, policies of Delete."""
    if not owners:
        return ""
    left = set(owners.values())
    deleting = {name: policy for name, policy in policies.items() if name in left and policy != "Retain"}
    tree: dict[str, object] = {"annotations": dict(owners), "name": ref.name}
    if deleting:
        tree[ENTRY_POLICY] = deleting
    return canonical_json(tree).decode()


def _account_tree(have: ObservedAccount | None, instance: Instance) -> dict[str, object]:
    text = have.annotations.get(annotations_annotation(instance)) if have is not None else None
    try:
        tree = json.loads(text or "null")
    except ValueError:
        return {}
    if have is None or not isinstance(tree, dict) or tree.get("name") != have.ref.name:
        return {}
    return tree
