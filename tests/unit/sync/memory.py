"""A cluster in memory, made of what syncd itself sends: requests as an API server takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncd.cluster.interface import Rejected, Written
from syncd.cluster.merge_patch import merged
from syncd.cluster.observed import observed_account, observed_secret
from syncd.model.objects import ObservedState, Survey
from syncd.model.reasons import Reason
from tests.unit.sync.builders import KEY, namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.cluster.interface import WriteResult
    from syncd.cluster.manifest import Resource
    from syncd.model.names import ObjectRef
    from syncd.model.secret import SecretValue

Place = tuple["Resource", "ObjectRef"]
_MOVED = Rejected(Reason.CONFLICT, "it moved", "Look again", again=True)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Memory:
    """Objects by resource and name; `writes` counts what was accepted."""

    objects: dict[Place, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    _version: int = 0

    def put(self, resource: Resource, ref: ObjectRef, manifest: Mapping[str, Any]) -> None:
        """Store an object as somebody else would; its metadata needs no name."""
        self._version += 1
        metadata = {
            "uid": f"u{self._version}",
            **manifest.get("metadata", {}),
            "name": ref.name,
            "namespace": ref.namespace,
            "resourceVersion": str(self._version),
        }
        self.objects[resource, ref] = {**manifest, "metadata": metadata}

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Create the object if there is none."""
        if (resource, ref) in self.objects:
            return _MOVED
        return self._store(resource, ref, manifest)

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Patch the object if it is the one that was looked at, as it was."""
        have = self.objects.get((resource, ref))
        if have is None:
            return _MOVED
        same = ("uid", "resourceVersion")
        if [have["metadata"][name] for name in same] != [patch["metadata"][name] for name in same]:
            return _MOVED
        return self._store(resource, ref, merged(have, patch))

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Delete the object if it is the one that was looked at, as it was."""
        have = self.objects[resource, ref]["metadata"]
        if (have["uid"], have["resourceVersion"]) != (uid, resource_version):
            return _MOVED
        del self.objects[resource, ref]
        return Written(uid, resource_version)

    def _store(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> Written:
        self.put(resource, ref, manifest)
        self.writes += 1
        metadata = self.objects[resource, ref]["metadata"]
        return Written(metadata["uid"], metadata["resourceVersion"])

    def observed(self) -> ObservedState:
        """Look at everything."""
        secrets = {
            ref: observed_secret(manifest, digest_key=KEY, now=_NOW)
            for (resource, ref), manifest in self.objects.items()
            if resource == "secrets"
        }
        accounts = {
            ref: observed_account(manifest)
            for (resource, ref), manifest in self.objects.items()
            if resource == "serviceaccounts"
        }
        return ObservedState(Survey({"nlp": namespace()}, accounts), secrets)

    def values(self, ref: ObjectRef) -> dict[str, SecretValue]:
        """Return the data of a Secret."""
        return dict(self.objects["secrets", ref]["data"])
