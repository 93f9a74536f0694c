"""Where an object lies: `NAMESPACE/namespace.yaml`, `NAMESPACE/secrets/NAME.yaml` and so on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from syncd.model.errors import ClusterUnreachable
from syncd.model.names import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Folder = Literal["secrets", "serviceaccounts", "configmaps"]
KIND_OF: Final[dict[str, str]] = {
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "configmaps": "ConfigMap",
}
NAMESPACE_FILE: Final = "namespace.yaml"
_SUFFIX: Final = ".yaml"
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Layout:
    """The paths of one directory; a name that Kubernetes would refuse never becomes a path."""

    def __init__(self, root: Path) -> None:
        """Lay out below this directory."""
        self.root = root

    def namespaces(self) -> list[str]:
        """Return the namespaces: the folders whose names are DNS labels."""
        return sorted(
            entry.name for entry in self.root.iterdir() if entry.is_dir() and _LABEL.fullmatch(entry.name)
        )

    def namespace(self, name: str) -> Path:
        """Return the folder of one namespace.

        Raises:
            ClusterUnreachable: when the name is no namespace's.

        """
        if not _LABEL.fullmatch(name):
            raise ClusterUnreachable(f"{name!r} is not the name of a namespace")
        return self.root / name

    def path(self, folder: Folder, ref: ObjectRef) -> Path:
        """Return the file of one object.

        Raises:
            ClusterUnreachable: when the name is no object's.

        """
        if not _NAME.fullmatch(ref.name):
            raise ClusterUnreachable(f"{ref.name!r} is not the name of an object")
        return self.namespace(ref.namespace) / folder / f"{ref.name}{_SUFFIX}"

    def objects(self, folder: Folder, namespace: str) -> Iterator[ObjectRef]:
        """Return the objects of one kind in a namespace, by name."""
        place = self.namespace(namespace) / folder
        if not place.is_dir():
            return
        for path in sorted(place.iterdir()):
            if path.suffix == _SUFFIX and _NAME.fullmatch(path.stem):
                yield ObjectRef(namespace, path.stem)
