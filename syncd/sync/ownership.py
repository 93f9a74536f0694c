"""Whose an object, an annotation or an entry is, by the records on it; pure (rule 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from syncd.model.difference import entry_records
from syncd.model.names import (
    CREDENTIAL,
    LABEL_INSTANCE,
    TARGET,
    CredentialId,
    annotations_annotation,
    entries_annotation,
)

if TYPE_CHECKING:
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedAccount, ObservedSecret


def owner_of(have: ObservedSecret, instance: Instance) -> CredentialId | None:
    """Return the credential that a Secret of ours was written for; None when it is not ours."""
    ours = have.labels.get(LABEL_INSTANCE) == instance and have.annotations.get(TARGET) == str(have.ref)
    return CredentialId(have.annotations.get(CREDENTIAL, "")) if ours else None


def entries_of(have: ObservedSecret, instance: Instance) -> dict[str, dict[str, str]]:
    """Return our record of the entries of a `storage-config` Secret: key → its record."""
    return entry_records(have.annotations.get(entries_annotation(instance)))


def account_record(have: ObservedAccount | None, instance: Instance) -> dict[str, CredentialId]:
    """Return which annotations of a ServiceAccount are ours: annotation → credential.

    KServe copies annotations to the ServiceAccounts that it generates, so a record that names another
    ServiceAccount is a copy and says nothing.
    """
    text = have.annotations.get(annotations_annotation(instance)) if have is not None else None
    try:
        tree = json.loads(text or "null")
    except ValueError:
        return {}
    if have is None or not isinstance(tree, dict) or tree.get("name") != have.ref.name:
        return {}
    annotations = tree.get("annotations")
    if not isinstance(annotations, dict):
        return {}
    return {str(name): CredentialId(str(credential)) for name, credential in annotations.items()}
