"""The manifests of deploy/, as kustomize makes them and as the API server takes them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tests.harness.kube_client import APPLY
from tests.unit.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Answer, Object

DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "base"
NAMESPACE_COMPONENT = DEPLOY / "components" / "namespace"
EXAMPLES = tuple(sorted((DEPLOY / "examples").iterdir()))
VAULT_EXAMPLE = DEPLOY / "examples" / "vault-kubernetes-auth"

_CORE, _RBAC = "/api/v1", "/apis/rbac.authorization.k8s.io/v1"
_COLLECTIONS = {
    "Namespace": (_CORE, "namespaces"),
    "ClusterRole": (_RBAC, "clusterroles"),
    "ClusterRoleBinding": (_RBAC, "clusterrolebindings"),
    "ServiceAccount": (_CORE, "serviceaccounts"),
    "ConfigMap": (_CORE, "configmaps"),
    "Service": (_CORE, "services"),
    "Role": (_RBAC, "roles"),
    "RoleBinding": (_RBAC, "rolebindings"),
    "Deployment": ("/apis/apps/v1", "deployments"),
}


@dataclass(frozen=True, slots=True)
class Kustomize:
    """The program."""

    program: Path

    def build(self, folder: Path) -> list[Object]:
        """What `kustomize build` prints for a folder, in its order. Raises AssertionError with its reason."""
        done = subprocess.run(
            [self.program, "build", folder], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))

    def overlay(self, folder: Path, **fields: object) -> list[Object]:
        """What it prints for an overlay over the base and the namespace, with these fields besides."""
        folder.mkdir()
        content = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [beside(folder, BASE)],
            "components": [beside(folder, NAMESPACE_COMPONENT)],
            **fields,
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
        return self.build(folder)


def beside(folder: Path, other: Path) -> str:
    """The other folder as kustomize takes it: relative."""
    return os.path.relpath(other.resolve(), folder.resolve())


def place(manifest: Object) -> str:
    """The path of an object at the API server."""
    root, collection = _COLLECTIONS[manifest["kind"]]
    metadata = manifest["metadata"]
    scope = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{root}{scope}/{collection}/{metadata['name']}"


def apply(plane: ControlPlane, manifest: Object, *, dry_run: bool = False) -> Answer:
    """Applies a manifest as `kubectl apply --server-side --validate=strict` does."""
    query = {"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"}
    query |= {"dryRun": "All"} if dry_run else {}
    return plane.admin.request("PATCH", place(manifest), manifest, content_type=APPLY, query=query)


def apply_all(plane: ControlPlane, manifests: Iterable[Object]) -> None:
    """Applies them in their order. Raises AssertionError at the first that is refused."""
    for manifest in manifests:
        plane.admin.must(apply(plane, manifest))


def only(manifests: Iterable[Object], kind: str, name: str = "syncd") -> Object:
    """The one manifest of this kind and name. Raises ValueError for none or several."""
    (found,) = (m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name)
    return found


def pod_of(deployment: Object, name: str) -> Object:
    """The pod that a controller would make of a Deployment."""
    template = deployment["spec"]["template"]
    metadata = {**template["metadata"], "name": name, "namespace": deployment["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
