"""People who edit the files of a directory cluster by hand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from syncd.cluster.merge_patch import merged
from syncd.model.names import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.testing.cluster import WorldResource


@dataclass(frozen=True, slots=True)
class DirectoryWorld:
    """Writes manifests below `root`, as an editor would."""

    root: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def namespace(self) -> str:
        """Make a folder."""
        name = f"ns-{next(self._numbers)}"
        (self.root / name).mkdir()
        return name

    def terminate(self, namespace: str) -> None:
        """Say so in the namespace's file."""
        manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace},
            "status": {"phase": "Terminating"},
        }
        (self.root / namespace / "namespace.yaml").write_text(yaml.safe_dump(manifest))

    def put(self, resource: WorldResource, manifest: dict[str, Any]) -> None:
        """Write a file."""
        path = self.path(resource, ObjectRef(manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(yaml.safe_dump(manifest))

    def patch(self, resource: WorldResource, ref: ObjectRef, patch: dict[str, Any]) -> None:
        """Edit a file."""
        self.put(resource, merged(self.get(resource, ref), patch))

    def get(self, resource: WorldResource, ref: ObjectRef) -> dict[str, Any] | None:
        """Read a file."""
        path = self.path(resource, ref)
        if not path.exists():
            return None
        manifest: dict[str, Any] = yaml.safe_load(path.read_text())
        return manifest

    def delete(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Remove a file."""
        self.path(resource, ref).unlink()

    def begin_deletion(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Say so in the file."""
        held = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["tests.example/hold"]}
        self.patch(resource, ref, {"metadata": held})

    def path(self, resource: WorldResource, ref: ObjectRef) -> Path:
        """Return where the object lies."""
        return self.root / ref.namespace / resource / f"{ref.name}.yaml"
