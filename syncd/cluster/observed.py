"""From manifests to what is observed: pure, the same for an API server's answers and for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from syncd.cluster.manifest import Undecodable, config_map_data
from syncd.cluster.owner import owner_of
from syncd.model.names import ObjectRef
from syncd.model.objects import (
    LIST_NAMES,
    ObservedAccount,
    ObservedConfigMap,
    ObservedNamespace,
    ObservedSecret,
)
from syncd.model.secret import Digest, SecretValue

if TYPE_CHECKING:
    from datetime import datetime

UNDECODABLE: Final = Digest("undecodable")
"""Stands for a value that is no base64: equal to the digest of nothing."""
_OPAQUE: Final = "Opaque"


def observed_secret(manifest: dict[str, Any], *, digest_key: bytes, now: datetime) -> ObservedSecret:
    """Return what a hidden manifest of a Secret says; `now` (UTC) tells which writers are recent."""
    metadata = manifest["metadata"]
    data = manifest["data"]
    return ObservedSecret(
        ref=_ref(metadata),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        type=manifest.get("type") or _OPAQUE,
        immutable=bool(manifest.get("immutable")),
        deleting=bool(metadata.get("deletionTimestamp")),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        data={key: _digest(value, digest_key) for key, value in data.items()},
        sizes={key: _size(value) for key, value in data.items()},
        owner=owner_of(metadata, now=now),
    )


def observed_account(manifest: dict[str, Any]) -> ObservedAccount:
    """Return what the manifest of a ServiceAccount says; the items of its lists whole and in their order."""
    metadata = manifest["metadata"]
    return ObservedAccount(
        ref=_ref(metadata),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        deleting=bool(metadata.get("deletionTimestamp")),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        items={name: tuple(manifest.get(name) or ()) for name in LIST_NAMES},
    )


def observed_config_map(manifest: dict[str, Any]) -> ObservedConfigMap:
    """Return what the manifest of a ConfigMap says."""
    metadata = manifest["metadata"]
    return ObservedConfigMap(
        _ref(metadata), metadata["uid"], metadata["resourceVersion"], config_map_data(manifest)
    )


def observed_namespace(manifest: dict[str, Any]) -> ObservedNamespace:
    """Return what the manifest of a Namespace says."""
    metadata = manifest["metadata"]
    return ObservedNamespace(
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        terminating=is_terminating(manifest),
    )


def is_terminating(namespace: dict[str, Any]) -> bool:
    """Tell whether the manifest of a Namespace says that it is being deleted."""
    phase = (namespace.get("status") or {}).get("phase")
    return bool(namespace["metadata"].get("deletionTimestamp")) or phase == "Terminating"


def listed_secrets(account: ObservedAccount) -> frozenset[ObjectRef]:
    """Return the Secrets that a ServiceAccount lists, on either list."""
    return frozenset(
        ObjectRef(account.ref.namespace, name)
        for list_name in LIST_NAMES
        for name in account.names(list_name)
    )


def _ref(metadata: dict[str, Any]) -> ObjectRef:
    return ObjectRef(metadata["namespace"], metadata["name"])


def _digest(value: SecretValue | Undecodable, key: bytes) -> Digest:
    return UNDECODABLE if isinstance(value, Undecodable) else value.digest(key)


def _size(value: SecretValue | Undecodable) -> int:
    return value.text.size() if isinstance(value, Undecodable) else value.size()
