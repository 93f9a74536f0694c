"""The requests as a directory takes them: what an API server would answer, decided under one lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.cluster.directory.layout import NAMESPACE_FILE
from syncd.cluster.directory.lock import locked
from syncd.cluster.interface import Rejected, Written
from syncd.cluster.manifest import KINDS
from syncd.cluster.merge_patch import merged
from syncd.cluster.observed import is_terminating
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.cluster.directory.files import Files, Stored
    from syncd.cluster.interface import WriteResult
    from syncd.cluster.manifest import Resource
    from syncd.model.names import ObjectRef


class FileRequests:
    """Create-only, guarded merge patch and preconditioned delete on files.

    `timeout` is in seconds, for the directory's lock.

    `before` is called ahead of every write, and may raise `UsageError`.
    """

    def __init__(self, files: Files, *, timeout: float, before: Callable[[], None]) -> None:
        """Write these files."""
        self._files = files
        self._timeout = timeout
        self._before = before

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Create the object's file if there is none, in a namespace that is there to stay.

        A ConfigMap, syncd's own memory, makes its folder: nobody makes one for a directory's sake.
        """
        self._before()
        with locked(self._files.layout.root, timeout=self._timeout):
            homeless = self._no_home(ref) if resource != "configmaps" else None
            stored = homeless or self._files.write(resource, ref, manifest, new=True)
        if isinstance(stored, Rejected):
            return stored
        return _moved(resource, ref, "it is there already") if stored is None else _written(stored)

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Patch the object's file if it is still what was observed; an equal one is not written again."""
        self._before()
        guard = patch["metadata"]
        metadata = {name: part for name, part in guard.items() if name not in {"uid", "resourceVersion"}}
        with locked(self._files.layout.root, timeout=self._timeout):
            have = self._files.read(resource, ref)
            if have is None:
                return _moved(resource, ref, "it is gone")
            if (have.uid, have.resource_version) != (guard["uid"], guard["resourceVersion"]):
                return _moved(resource, ref, "somebody else wrote it")
            manifest = merged(have.manifest, {**patch, "metadata": metadata})
            if manifest == have.manifest:
                return _written(have)
            stored = self._files.write(resource, ref, manifest, new=False)
        return _moved(resource, ref, "it is gone") if stored is None else _written(stored)

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Delete the object's file if it is still what was observed; one that is gone is done."""
        self._before()
        with locked(self._files.layout.root, timeout=self._timeout):
            have = self._files.read(resource, ref)
            if have is not None and (have.uid, have.resource_version) != (uid, resource_version):
                return _moved(resource, ref, "somebody else wrote it")
            if have is not None:
                self._files.remove(resource, ref)
        return Written(uid, resource_version)

    def _no_home(self, ref: ObjectRef) -> Rejected | None:
        """Return why nothing can be created in the namespace."""
        folder = self._files.layout.namespace(ref.namespace)
        if not folder.is_dir():
            return Rejected(
                Reason.NAMESPACE_MISSING,
                f"namespace {ref.namespace} has no folder",
                f"Make {folder}, or take the namespace out of the mapping",
            )
        if is_terminating(self._files.read_namespace(folder / NAMESPACE_FILE)):
            return Rejected(
                Reason.NAMESPACE_TERMINATING,
                f"namespace {ref.namespace} is being deleted",
                "Nothing, or take it out of the mapping",
            )
        return None


def _written(stored: Stored) -> Written:
    return Written(stored.uid, stored.resource_version)


def _moved(resource: Resource, ref: ObjectRef, why: str) -> Rejected:
    return Rejected(
        Reason.CONFLICT, f"{KINDS[resource]} {ref}: {why}", "It is read and planned again", again=True
    )
