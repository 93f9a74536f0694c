"""How one Secret differs from what it should be; names only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.names import BOUND_TO, KSERVE_PREFIX, LABEL_INSTANCE, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.names import Instance
    from syncd.model.objects import DesiredEntry, DesiredSecret, ObservedSecret


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of what differs.

    `values`: data keys whose bytes differ. `shape`: what can make KServe roll pods by itself (key names,
    annotations, labels, type). `records`: our own bookkeeping, which KServe never sees.
    """

    values: frozenset[str] = frozenset()
    shape: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.values or self.shape or self.records)


NO_DIFFERENCE: Final = Difference()


def secret_difference(
    want: DesiredSecret, have: ObservedSecret, *, instance: Instance, digest_key: bytes
) -> Difference:
    """Compare a Secret that is with the one that should be.

    Another version of the store with equal values is no difference: a write is skipped because all digests
    are equal, and the version is brought up to date with the next write. It is one where `want.versioned`.
    """
    values = {
        name
        for name, value in want.data.items()
        if name in have.data and have.data[name] != value.digest(digest_key)
    }
    shape = {f"data.{name}" for name in want.data.keys() ^ have.data.keys()}
    shape |= {f"annotations.{name}" for name in _unequal(want.annotations, have.annotations)}
    shape |= {
        f"annotations.{name}"
        for name in have.annotations
        if name.startswith(KSERVE_PREFIX) and name not in want.annotations
    }
    shape |= {f"labels.{name}" for name in _unequal(want.labels, have.labels)}
    if want.type != have.type:
        shape.add("type")
    records = _unequal(want.records, have.annotations) - (set() if want.versioned else {VERSION})
    if have.labels.get(LABEL_INSTANCE) != instance:
        records.add(LABEL_INSTANCE)
    if want.bound_to != bound_to(have.annotations):
        records.add(BOUND_TO)
    return Difference(frozenset(values), frozenset(shape), frozenset(records))


def entry_difference(
    want: DesiredEntry, have: ObservedSecret, record: Mapping[str, str], *, digest_key: bytes
) -> Difference:
    """Compare one key of a `storage-config` Secret, and our record of it, with what they should be."""
    if want.key not in have.data:
        return Difference(shape=frozenset({want.key}))
    values = frozenset({want.key}) if have.data[want.key] != want.value.digest(digest_key) else frozenset()
    # Also what is on the record and no longer wanted: a policy of Delete, or that it was released.
    unequal = _unequal(want.record, record) | (record.keys() - want.record.keys())
    unequal -= set() if want.versioned else {"version"}
    records = frozenset(f"{want.key}.{name}" for name in unequal)
    return Difference(values=values, records=records)


def bound_to(annotations: Mapping[str, str]) -> frozenset[str]:
    """Return what the `syncd.dev/bound-to` annotation says; nothing where it is missing or unreadable."""
    names = _json(annotations.get(BOUND_TO))
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )


def entry_records(annotation: str | None) -> dict[str, dict[str, str]]:
    """Return the record of our entries on a `storage-config` Secret: key → its record."""
    records = _json(annotation)
    if not isinstance(records, dict):
        return {}
    return {key: record for key, record in records.items() if isinstance(record, dict)}


def _json(text: str | None) -> object:
    """Read JSON that we wrote and anybody can edit; None when it is none."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _unequal(want: Mapping[str, str], have: Mapping[str, str]) -> set[str]:
    return {name for name, value in want.items() if have.get(name) != value}
