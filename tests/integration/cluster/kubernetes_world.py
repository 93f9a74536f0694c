"""People and controllers who write to the API server as administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.harness.fixtures import unique

if TYPE_CHECKING:
    from syncd.model.names import ObjectRef
    from syncd.testing.cluster import WorldResource
    from tests.harness.apiserver import ControlPlane

_MISSING: Final = 404
_FINALIZER: Final = "tests.example/hold"


@dataclass(frozen=True, slots=True)
class KubernetesWorld:
    """Uses the harness' own client, not ours."""

    plane: ControlPlane

    def namespace(self) -> str:
        """Create a Namespace."""
        return self.plane.create_namespace(unique("contract"))

    def terminate(self, namespace: str) -> None:
        """Delete a Namespace; nobody finalises it."""
        self.plane.admin.must(self.plane.admin.delete(f"/api/v1/namespaces/{namespace}"))

    def put(self, resource: WorldResource, manifest: dict[str, Any]) -> None:
        """Create an object."""
        namespace = manifest["metadata"]["namespace"]
        path = f"/api/v1/namespaces/{namespace}/{resource}"
        self.plane.admin.must(self.plane.admin.post(path, manifest))

    def patch(self, resource: WorldResource, ref: ObjectRef, patch: dict[str, Any]) -> None:
        """Patch without looking."""
        self.plane.admin.must(self.plane.admin.patch(path_of(resource, ref), patch))

    def get(self, resource: WorldResource, ref: ObjectRef) -> dict[str, Any] | None:
        """Read an object."""
        answer = self.plane.admin.get(path_of(resource, ref))
        return None if answer[0] == _MISSING else self.plane.admin.must(answer)

    def delete(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Delete an object."""
        self.plane.admin.must(self.plane.admin.delete(path_of(resource, ref)))

    def begin_deletion(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Delete an object that a finalizer holds."""
        self.patch(resource, ref, {"metadata": {"finalizers": [_FINALIZER]}})
        self.delete(resource, ref)


def path_of(resource: WorldResource, ref: ObjectRef) -> str:
    """Return the object's path."""
    return f"/api/v1/namespaces/{ref.namespace}/{resource}/{ref.name}"
