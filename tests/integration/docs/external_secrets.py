"""What External Secrets Operator does to a Secret, as its release 2.9 does it, on a real API server.

Read from its `pkg/controllers/externalsecret/externalsecret_controller.go`: `applyOwnership` for reference
and label, the end of `mutationFunc` for the marks, `fqdnFor` for the field manager.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

GROUP: Final = "external-secrets.io"
MARKS: Final = f"reconcile.{GROUP}"
DEFINITION: Final[Object] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"externalsecrets.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}
"""The resource, without the operator's own schema."""


@dataclass(frozen=True, slots=True)
class ExternalSecrets:
    """The operator for one namespace; ``remote`` is what it reads: key → property → value."""

    plane: ControlPlane
    namespace: str
    remote: Mapping[str, Mapping[str, str]]

    def reconcile(self) -> None:
        """Writes the Secret of every ExternalSecret of the namespace."""
        for source in self._items(f"/apis/{GROUP}/v1", "externalsecrets"):
            self._write(source)

    def collect(self) -> None:
        """Deletes what the garbage collector deletes: Secrets whose owner is gone."""
        living = {item["metadata"]["uid"] for item in self._items(f"/apis/{GROUP}/v1", "externalsecrets")}
        for item in self._items("/api/v1", "secrets"):
            metadata = item["metadata"]
            owners = {owner["uid"] for owner in metadata.get("ownerReferences", [])}
            if owners and not owners & living:
                self.plane.admin.must(self.plane.admin.delete(self._path(metadata["name"])))

    def _write(self, source: Object) -> None:
        metadata, spec = source["metadata"], source["spec"]
        target = spec["target"]
        values = {
            item["secretKey"]: self.remote[item["remoteRef"]["key"]][item["remoteRef"]["property"]]
            for item in spec["data"]
        }
        status, body = self.plane.admin.get(self._path(target["name"]))
        have: Object = body if status == 200 else _new(target["name"])
        labels, references = have["metadata"].get("labels", {}), []
        labels.pop(f"{MARKS}/created-by", None)
        if target["creationPolicy"] == "Owner":
            labels[f"{MARKS}/created-by"] = _hash(f"{self.namespace}/{metadata['name']}")
            references = [_reference(source)]
        have["metadata"] |= {
            "labels": labels | {f"{MARKS}/managed": "true"},
            "annotations": have["metadata"].get("annotations", {})
            | target["template"]["metadata"]["annotations"]
            | {f"{MARKS}/data-hash": _hash(repr(values))},
            "ownerReferences": references,
        }
        have.pop("data", None)
        have["stringData"] = values
        query = {"fieldManager": f"externalsecrets.{GROUP}/{metadata['name']}"}
        write = self.plane.admin.put if status == 200 else self.plane.admin.post
        self.plane.admin.must(write(self._path(target["name"] if status == 200 else ""), have, query))

    def _items(self, top: str, resource: str) -> list[dict[str, Any]]:
        answer = self.plane.admin.get(f"{top}/namespaces/{self.namespace}/{resource}")
        return list(self.plane.admin.must(answer)["items"])

    def _path(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets/{name}".rstrip("/")


def _new(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": name}}


def _reference(source: Object) -> Object:
    return {
        "apiVersion": source["apiVersion"],
        "kind": source["kind"],
        "name": source["metadata"]["name"],
        "uid": source["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _hash(text: str) -> str:
    # As long as the operator's, which takes SHA-3 with 224 bits over Go's own form of the object.
    return hashlib.sha3_224(text.encode()).hexdigest()
