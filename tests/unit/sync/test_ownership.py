"""Whose an entry is: read from our record, once however many entries there are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.model.difference import entry_records
from syncd.model.names import Instance, ObjectRef, entries_annotation
from syncd.model.objects import ObservedSecret
from syncd.sync import ownership

if TYPE_CHECKING:
    import pytest

INSTANCE = Instance("syncd")


def storage_config(records: object) -> ObservedSecret:
    """Return a `storage-config` Secret with this record of our entries."""
    return ObservedSecret(
        ref=ObjectRef("team-a", "storage-config"),
        uid="1",
        resource_version="1",
        type="Opaque",
        immutable=False,
        deleting=False,
        labels={},
        annotations={entries_annotation(INSTANCE): json.dumps(records)},
        data={},
        sizes={},
        owner=None,
    )


def test_the_record_is_read_once_for_all_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for each of many entries reads the annotation once, and once more when it has changed."""
    read: list[str | None] = []
    original = entry_records

    def counting(annotation: str | None) -> dict[str, dict[str, str]]:
        read.append(annotation)
        return original(annotation)

    monkeypatch.setattr(ownership, "entry_records", counting)
    names = [f"entry-{number}" for number in range(100)]
    secret = storage_config({name: {"credential": name} for name in names})
    owners = [ownership.entries_of(secret, INSTANCE)[name]["credential"] for name in names]
    assert (owners, len(read)) == (names, 1)
    changed = replace(secret, annotations=storage_config({"other": {"credential": "x"}}).annotations)
    assert set(ownership.entries_of(changed, INSTANCE)) == {"other"}
    assert len(read) == 2
