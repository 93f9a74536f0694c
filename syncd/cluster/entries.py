"""What is sent about entries of a `storage-config` Secret: ours that change, and our record of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.cluster.interface import Rejected
from syncd.kube.transport import FIELD_MANAGER
from syncd.model.difference import entry_records
from syncd.model.names import LABEL_MANAGED_BY, entries_annotation
from syncd.model.reasons import Reason
from syncd.model.secret import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.cluster.interface import EntryDrop
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import DesiredEntry, ObservedSecret
    from syncd.model.secret import SecretValue


def new_entries(ref: ObjectRef, want: Sequence[DesiredEntry], instance: Instance) -> dict[str, Any]:
    """Return the manifest of a `storage-config` Secret that is to be created.

    It does not carry our label: we own the entries on our record, not the object.
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {LABEL_MANAGED_BY: FIELD_MANAGER},
            "annotations": {entries_annotation(instance): merged_record(want, None)},
        },
        "type": "Opaque",
        "data": {entry.key: entry.value for entry in want},
    }


def entries_patch(
    want: Sequence[DesiredEntry],
    have: ObservedSecret,
    drop: Sequence[EntryDrop] = (),
    *,
    instance: Instance,
    digest_key: bytes,
) -> dict[str, Any]:
    """Return the JSON merge patch that sets and drops entries and their records, empty when all is so."""
    data: dict[str, SecretValue | None] = {
        entry.key: entry.value for entry in want if have.data.get(entry.key) != entry.value.digest(digest_key)
    }
    data |= {one.key: None for one in drop if one.record is None and one.key in have.data}
    name = entries_annotation(instance)
    record = merged_record(want, have.annotations.get(name), drop)
    annotations = {} if have.annotations.get(name) == record else {name: record}
    return ({"data": data} if data else {}) | (
        {"metadata": {"annotations": annotations}} if annotations else {}
    )


def merged_record(want: Sequence[DesiredEntry], today: str | None, drop: Sequence[EntryDrop] = ()) -> str:
    """Return the text of our record: today's entries, these, and none that is dropped; sorted JSON."""
    records = entry_records(today) | {entry.key: dict(entry.record) for entry in want}
    for one in drop:
        records.pop(one.key, None)
        if one.record is not None:
            records[one.key] = dict(one.record)
    return canonical_json(records).decode()


def record_lost(have: ObservedSecret, instance: Instance) -> Rejected | None:
    """Return a rejection when our record is there and unreadable: writing anew would disown its entries."""
    text = have.annotations.get(entries_annotation(instance))
    if text is None or text == "{}" or entry_records(text):
        return None
    return Rejected(
        Reason.OWNERSHIP_LOST,
        f"annotation {entries_annotation(instance)} of Secret {have.ref} is no longer the JSON that we wrote",
        "Restore it; or remove it together with the entries that it recorded",
    )
