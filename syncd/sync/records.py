"""What is written on our objects so that a later daemon knows: pure, all strings, sorted JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal

from syncd.model.errors import StoreError
from syncd.model.names import (
    CREDENTIAL,
    SOURCE,
    TARGET,
    VERSION,
    WHEN_SECRET_NOT_FOUND,
    WHEN_UNMAPPED,
)
from syncd.model.secret import canonical_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched

_ALL = "*"
_DELETE: Final = "Delete"

ENTRY_POLICY: Final = "whenUnmapped"
"""In the record of an entry: what happens when it leaves the mapping; written only when it is Delete."""
ENTRY_NAMESPACE: Final = "namespace"
"""In the record of an entry: where it was written."""
RELEASED: Final = "released"
"""In the record of an entry: `true` when it was released, and is written no more."""


def json_text(names: Collection[str]) -> str:
    """Return names as a sorted JSON list."""
    return json.dumps(sorted(names), separators=(",", ":"))


def policy_of(text: str | None) -> Literal["Retain", "Delete"]:
    """Return a recorded policy; what cannot be read is Retain."""
    return "Delete" if text == _DELETE else "Retain"


def secret_records(
    placement: Placement, fetched: Mapping[SecretRef, Fetched], addresses: Mapping[StoreName, str]
) -> dict[str, str]:
    """Return the `syncd.dev/` annotations of one Secret; `bound-to` is the plan's.

    Args:
        placement: what the Secret is for.
        fetched: for the versions.
        addresses: store → what tells it from every other (address, region or project, namespace).

    """
    policy = placement.credential.deletion
    records = {
        TARGET: str(placement.secret),
        CREDENTIAL: placement.id.credential,
        WHEN_UNMAPPED: policy.when_unmapped,
        WHEN_SECRET_NOT_FOUND: policy.when_secret_not_found,
    }
    if placement.sources:
        records[SOURCE] = sources(placement, addresses)
    version = versions(placement, fetched)
    return records | ({VERSION: version} if version else {})


def entry_record(
    placement: Placement, fetched: Mapping[SecretRef, Fetched], addresses: Mapping[StoreName, str]
) -> dict[str, str]:
    """Return what our record says of one entry: credential, namespace, source, version, a policy of Delete.

    The namespace tells the record from one in a copy that somebody made of the whole object.
    """
    record = {"credential": str(placement.id.credential), ENTRY_NAMESPACE: placement.id.namespace}
    if placement.credential.deletion.when_unmapped == _DELETE:
        record[ENTRY_POLICY] = _DELETE
    if placement.sources:
        record["source"] = sources(placement, addresses)
    version = versions(placement, fetched)
    return record | ({"version": version} if version else {})


def sources(placement: Placement, addresses: Mapping[StoreName, str]) -> str:
    """Return field → reference as sorted JSON; `*` when one remote secret serves all fields."""
    return _by_field({name: _reference(source.ref, addresses) for name, source in placement.sources.items()})


def versions(placement: Placement, fetched: Mapping[SecretRef, Fetched]) -> str:
    """Return field → version as sorted JSON; empty when no store involved has versions."""
    found: dict[str, str] = {}
    for name, source in placement.sources.items():
        answer = fetched.get(source.ref)
        if answer is not None and not isinstance(answer, StoreError) and answer.token is not None:
            found[name] = answer.token
    if len({source.ref for source in placement.sources.values()}) > 1:
        return _json(found) if found else ""
    return _by_field(found) if found else ""


def recorded_versions(record: str) -> dict[str, str]:
    """Return field → version, of a record that `versions` made for several secrets."""
    try:
        tree = json.loads(record or "null")
    except ValueError:
        return {}
    return {str(name): str(version) for name, version in tree.items()} if isinstance(tree, dict) else {}


def version_text(record: str | None) -> str | None:
    """Return a recorded version for people: `7`, or `accessKeyId=7 secretAccessKey=3`; None for none."""
    try:
        tree = json.loads(record or "null")
    except ValueError:
        return None
    if not isinstance(tree, dict):
        return None
    if tree.keys() == {_ALL}:
        return str(tree[_ALL])
    return " ".join(f"{name}={version}" for name, version in sorted(tree.items())) or None


def _reference(ref: SecretRef, addresses: Mapping[StoreName, str]) -> str:
    pinned = f"@{ref.version}" if ref.version else ""
    return f"{addresses.get(ref.store, ref.store)} {ref.secret}{pinned}"


def _by_field(texts: Mapping[str, str]) -> str:
    if len(set(texts.values())) == 1:
        return _json({_ALL: next(iter(texts.values()))})
    return _json(texts)


def _json(tree: Mapping[str, str]) -> str:
    return canonical_json(tree).decode()
