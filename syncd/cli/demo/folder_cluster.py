"""The demo's cluster: a folder of manifests, and what is in it now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from syncd.app import KSERVE_NAMESPACE
from syncd.model.difference import entry_records
from syncd.model.names import CREDENTIAL, LABEL_INSTANCE, VERSION, Instance, entries_annotation
from syncd.model.objects import LIST_NAMES
from syncd.sync.records import version_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMESPACES: Final = ("recsys", "vision")
ACCOUNT: Final = "models"
STORAGE_CONFIG: Final = "storage-config"
INSTANCE: Final = Instance("syncd")

_SHIPPED: Final = {
    "storageSpecSecretName": STORAGE_CONFIG,
    "s3": {"s3AccessKeyIDName": "AWS_ACCESS_KEY_ID", "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY"},
    "gcs": {"gcsCredentialFileName": "gcloud-application-credentials.json"},
}
"""The names in KServe's inferenceservice-config (v0.19.0 config/configmap/inferenceservice.yaml)."""


@dataclass(frozen=True, slots=True)
class Published:
    """One Secret of ours, without its values; `digest` stands for the whole file."""

    namespace: str
    name: str
    credential: str
    keys: tuple[str, ...]
    annotations: tuple[str, ...]
    version: str | None
    digest: str


class FolderCluster:
    """Reads the folder that syncd writes to."""

    def __init__(self, root: Path) -> None:
        """Make namespaces with one ServiceAccount each, as a platform team would."""
        self.root = root
        for name in NAMESPACES:
            metadata = {"name": name, "labels": {"syncd.dev/models": "true"}}
            self._write(f"{name}/namespace.yaml", "Namespace", metadata)
            account = {"name": ACCOUNT, "namespace": name}
            self._write(f"{name}/serviceaccounts/{ACCOUNT}.yaml", "ServiceAccount", account)
        config = {"name": "inferenceservice-config", "namespace": KSERVE_NAMESPACE}
        self._write(
            f"{KSERVE_NAMESPACE}/configmaps/inferenceservice-config.yaml",
            "ConfigMap",
            config,
            data={"credentials": json.dumps(_SHIPPED)},
        )

    def published(self) -> list[Published]:
        """Return the Secrets of ours, by namespace and name."""
        return [
            _published(manifest, digest)
            for manifest, digest in self._manifests("secrets")
            if LABEL_INSTANCE in manifest["metadata"].get("labels", {})
        ]

    def secret(self, namespace: str, name: str) -> Published:
        """Return one Secret of ours, which is there."""
        return next(item for item in self.published() if (item.namespace, item.name) == (namespace, name))

    def entries(self) -> list[tuple[str, str]]:
        """Return namespace and key of our `storage-config` entries."""
        return [
            (manifest["metadata"]["namespace"], key)
            for manifest, _ in self._manifests("secrets")
            if manifest["metadata"]["name"] == STORAGE_CONFIG
            for key in entry_records(manifest["metadata"]["annotations"].get(entries_annotation(INSTANCE)))
        ]

    def bound(self, namespace: str) -> dict[str, list[str]]:
        """Return what the namespace's ServiceAccount lists: list → names of Secrets."""
        for manifest, _ in self._manifests("serviceaccounts"):
            if manifest["metadata"]["namespace"] == namespace:
                return {name: [item["name"] for item in manifest.get(name, ())] for name in LIST_NAMES}
        return {}

    def digests(self) -> dict[str, str]:
        """Return what changes when any file of a Secret or ServiceAccount changes."""
        return {
            str(path.relative_to(self.root)): hashlib.blake2b(path.read_bytes()).hexdigest()
            for folder in ("secrets", "serviceaccounts")
            for path in sorted(self.root.glob(f"*/{folder}/*.yaml"))
        }

    def _manifests(self, folder: str) -> Iterator[tuple[dict[str, Any], str]]:
        for path in sorted(self.root.glob(f"*/{folder}/*.yaml")):
            raw = path.read_bytes()
            yield yaml.safe_load(raw), hashlib.blake2b(raw).hexdigest()

    def _write(self, name: str, kind: str, metadata: dict[str, Any], **more: object) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}))


def _published(manifest: dict[str, Any], digest: str) -> Published:
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations", {})
    return Published(
        metadata["namespace"],
        metadata["name"],
        annotations.get(CREDENTIAL, ""),
        tuple(sorted(manifest.get("data", {}))),
        tuple(sorted(annotations)),
        version_text(annotations.get(VERSION)),
        digest,
    )
