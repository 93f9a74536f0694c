"""What Argo CD does to the objects of one Application, on a real API server.

As its documentation has it: it applies with kubectl's code under its own name, marks what it applies with the
tracking annotation, prunes what bears its mark and left Git unless that says `Prune=false`, and with
`RespectIgnoreDifferences=true` takes ignored fields from the cluster.
"""

from __future__ import annotations

import copy
import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

TRACKING: Final = "argocd.argoproj.io/tracking-id"
OPTIONS: Final = "argocd.argoproj.io/sync-options"
RESPECT: Final = "RespectIgnoreDifferences=true"
PLURALS: Final = {"Secret": "secrets", "ServiceAccount": "serviceaccounts"}


@dataclass(slots=True)
class Argo:
    """Argo CD with one Application, ``models``, that may delete in one namespace."""

    plane: ControlPlane
    namespace: str
    kubectl: Path
    application: Object = field(default_factory=dict)

    def sync(self, git: Sequence[Object]) -> None:
        """Applies what is in Git, and prunes."""
        for manifest in git:
            self._apply(self._wanted(manifest))
        kept = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in git}
        for kind, live in self._tracked():
            metadata = live["metadata"]
            stays = "Prune=false" in metadata["annotations"].get(OPTIONS, "")
            if (kind, metadata["name"]) not in kept and not stays:
                self.plane.admin.must(self.plane.admin.delete(self._path(kind, metadata["name"])))

    def _wanted(self, manifest: Object) -> Object:
        wanted = copy.deepcopy(manifest)
        metadata = wanted["metadata"]
        where = f"{metadata['namespace']}/{metadata['name']}"
        metadata.setdefault("annotations", {})[TRACKING] = f"models:/{wanted['kind']}:{where}"
        status, live = self.plane.admin.get(self._path(wanted["kind"], metadata["name"]))
        if status == 200:
            for name in self._ignored(wanted["kind"]):
                wanted.pop(name, None)
                wanted |= {name: live[name]} if name in live else {}
        return wanted

    def _ignored(self, kind: str) -> Iterable[str]:
        """The top-level fields that a sync takes from the cluster."""
        spec: dict[str, Any] = self.application.get("spec", {})
        if RESPECT not in spec.get("syncPolicy", {}).get("syncOptions", ()):
            return
        for rule in spec["ignoreDifferences"]:
            if rule["kind"] == kind:
                yield from (pointer.removeprefix("/") for pointer in rule["jsonPointers"])

    def _apply(self, manifest: Object) -> None:
        command = [str(self.kubectl), "--kubeconfig", str(self.plane.kubeconfig), "apply", "-f", "-"]
        done = subprocess.run(
            [*command, "--field-manager", "argocd-controller"],
            input=json.dumps(manifest),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _tracked(self) -> Iterable[tuple[str, Object]]:
        for kind in PLURALS:
            for item in self.plane.admin.must(self.plane.admin.get(self._path(kind)))["items"]:
                if item["metadata"].get("annotations", {}).get(TRACKING, "").startswith("models:"):
                    yield kind, item

    def _path(self, kind: str, name: str = "") -> str:
        return f"/api/v1/namespaces/{self.namespace}/{PLURALS[kind]}/{name}".rstrip("/")
