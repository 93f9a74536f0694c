"""Manifests in files: read with their values hidden, replaced in one step, told apart by their content."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import yaml

from syncd.cluster.directory.layout import KIND_OF
from syncd.cluster.manifest import hidden, revealed
from syncd.model.errors import ClusterUnreachable
from syncd.model.objects import LIST_NAMES
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.cluster.directory.layout import Folder, Layout
    from syncd.model.names import ObjectRef

Values = Literal["real", "hidden"]
"""Whether files get the values, or a placeholder each, for review."""

PLACEHOLDER: Final = SecretValue(b"(hidden)")
_UIDS: Final = uuid.UUID("5d0c5cf6-6f7a-4e0b-9d0e-2f6b5c1a7e51")
_TEMPORARY: Final = ".syncd.tmp"
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_TEXTS: Final = ("labels", "annotations")
_TEXTS_OF_KIND: Final = {"Secret": ("data", "stringData"), "ConfigMap": ("data",)}


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as its file has it.

    `manifest` is the file's, values hidden. `resource_version` is a keyed digest of the whole file, so that
    an edit by hand moves the object too; neither it nor `uid` is written to the file, since `kubectl apply`
    refuses to create what has a resourceVersion.
    """

    manifest: dict[str, Any]
    uid: str
    resource_version: str

    def described(self) -> dict[str, Any]:
        """Return the manifest as an API server would show it: with uid and resourceVersion."""
        metadata = {
            **self.manifest["metadata"],
            "uid": self.uid,
            "resourceVersion": self.resource_version,
        }
        return {**self.manifest, "metadata": metadata}


class Files:
    """Reads and replaces the files of one directory; `digest_key` makes the resourceVersions."""

    def __init__(self, layout: Layout, *, digest_key: bytes, values: Values) -> None:
        """Work on the files of this layout."""
        self.layout = layout
        self._key = digest_key
        self._values = values

    def read(self, folder: Folder, ref: ObjectRef) -> Stored | None:
        """Return one object, None when it has no file.

        Raises:
            ClusterUnreachable: when the file cannot be read, or is not the manifest that its path says.

        """
        path = self.layout.path(folder, ref)
        raw = _content(path)
        if raw is None:
            return None
        manifest = _manifest(path, raw, KIND_OF[folder])
        metadata = {**manifest["metadata"], "name": ref.name, "namespace": ref.namespace}
        metadata.pop("resourceVersion", None)
        uid = str(metadata.get("uid") or uuid.uuid5(_UIDS, f"{folder}/{ref}"))
        return Stored({**manifest, "metadata": metadata}, uid, self._version(raw))

    def read_namespace(self, path: Path) -> dict[str, Any]:
        """Return the manifest of a Namespace; without a file it has no labels.

        Raises:
            ClusterUnreachable: as above.

        """
        raw = _content(path)
        return {"metadata": {}} if raw is None else _manifest(path, raw, "Namespace")

    def write(self, folder: Folder, ref: ObjectRef, manifest: dict[str, Any], *, new: bool) -> Stored | None:
        """Write one object in one step; None when it should be new and something is there already.

        The caller holds the directory's lock.

        Raises:
            ClusterUnreachable: when the file cannot be written.

        """
        path = self.layout.path(folder, ref)
        raw = _dumped(self._shown(manifest))
        problem: str | None = None
        try:
            for folder_path in (path.parent.parent, path.parent):
                folder_path.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            if not _replace(path, raw.reveal(), new=new):
                return None
        except OSError as error:
            problem = error.strerror
        if problem is not None:
            raise ClusterUnreachable(f"{path} cannot be written: {problem}")
        return self.read(folder, ref)

    def remove(self, folder: Folder, ref: ObjectRef) -> None:
        """Remove one object's file, if it is there. The caller holds the directory's lock.

        Raises:
            ClusterUnreachable: when the file cannot be removed.

        """
        path = self.layout.path(folder, ref)
        problem: str | None = None
        try:
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            problem = error.strerror
        if problem is not None:
            raise ClusterUnreachable(f"{path} cannot be removed: {problem}")

    def _shown(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if self._values == "real" or manifest.get("kind") != KIND_OF["secrets"] or "data" not in manifest:
            return manifest
        return {**manifest, "data": dict.fromkeys(manifest["data"], PLACEHOLDER)}

    def _version(self, raw: SecretValue) -> str:
        return raw.digest(self._key)


def _content(path: Path) -> SecretValue | None:
    problem: str | None
    try:
        return SecretValue(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = error.strerror
    raise ClusterUnreachable(f"{path} cannot be read: {problem}")


def _manifest(path: Path, raw: SecretValue, kind: str) -> dict[str, Any]:
    """Return the manifest in a file, values hidden."""
    tree = _understood(raw, kind)
    if isinstance(tree, str):
        raise ClusterUnreachable(f"{path} {tree}")
    return tree


def _understood(raw: SecretValue, kind: str) -> dict[str, Any] | str:
    """Return the manifest, or what is wrong with it as text that quotes nothing.

    Nothing is raised from here: the frame and a YAML error both hold what the file says.
    """
    try:
        tree = yaml.load(raw.reveal(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        return "is not one YAML document with one object"
    if tree.get("kind") != kind:
        return f"is not of kind {kind}"
    metadata = {} if tree.get("metadata") is None else tree["metadata"]
    if not isinstance(metadata, dict):
        return "has no object as metadata"
    for name in _TEXTS:
        if not _are_texts(metadata.get(name)):
            return f"has something else than texts in metadata.{name}; put numbers, dates, booleans in quotes"
    for name in _TEXTS_OF_KIND.get(kind, ()):
        if not _are_texts(tree.get(name)):
            return f"has something else than texts in {name}"
    if kind == "ServiceAccount" and not all(_are_objects(tree.get(name)) for name in LIST_NAMES):
        return "has something else than objects in its lists of Secrets"
    tree = {**tree, "metadata": metadata}
    return hidden(tree) if kind == "Secret" else tree


def _are_texts(part: object) -> bool:
    return part is None or (
        isinstance(part, dict) and all(isinstance(text, str) for pair in part.items() for text in pair)
    )


def _are_objects(part: object) -> bool:
    return part is None or (isinstance(part, list) and all(isinstance(item, dict) for item in part))


def _dumped(manifest: dict[str, Any]) -> SecretValue:
    text = yaml.dump(revealed(manifest), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return SecretValue(text.encode())


def _replace(path: Path, raw: bytes, *, new: bool) -> bool:
    """Put `raw` at `path` in one step, on disk before it is seen; false when it should be new and is not."""
    temporary = path.with_name(_TEMPORARY)
    # One that a killed process left may be the same file as its target (between link and unlink).
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    try:
        if new:
            os.link(temporary, path)
        else:
            temporary.replace(path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
