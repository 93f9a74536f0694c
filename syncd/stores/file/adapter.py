"""Files in one directory as a store: what a CSI driver, an agent or a Secret volume put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AccessDenied,
    PayloadRefused,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.model.secret import RemoteSecret, SecretValue
from syncd.stores.interface import Finding, SecretStore
from syncd.stores.parts import payload_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.file.settings import FileSettings
    from syncd.stores.interface import Fetched, StoreContext

LARGEST: Final = 1024 * 1024
"""Bytes that one secret may have: what the API server takes in one Secret."""

_SNAPSHOT: Final = "..data"
"""Link that the kubelet swaps when a volume changes: all files behind it belong together."""

_HIDDEN: Final = ".."
_TRIES: Final = 3


class FileStore(SecretStore):
    """Reads a file, or a folder whose files are the properties. There is no change token and no version."""

    def __init__(self, name: StoreName, settings: FileSettings) -> None:
        """Read below `settings.directory`."""
        self.name = name
        self._directory = settings.directory

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; files do not let us wait."""
        del deadline
        return {ref: self._answer(ref) for ref in refs}

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Find whether the directory is there."""
        del deadline
        if self._directory.is_dir():
            return (Finding("reachable", f"directory {self._directory}"),)
        missing = StoreUnavailable(f"store {self.name}: {self._directory} is no directory: is it mounted?")
        return (Finding("reachable", "", missing),)

    def _answer(self, ref: SecretRef) -> Fetched:
        try:
            return self._read(ref)
        except StoreError as error:
            return error.with_traceback(None)

    def _read(self, ref: SecretRef) -> RemoteSecret:
        if ref.version is not None:
            raise StoreMisconfigured(f"{ref}: a file has no versions to pin")
        segments = ref.secret.split("/")
        if any(part in {"", ".."} for part in segments) or "\0" in ref.secret:
            raise StoreMisconfigured(f"{ref}: write a path below {self._directory}, without `..` and `//`")
        root = Path(os.path.realpath(self._directory))
        if not root.is_dir():
            raise StoreUnavailable(f"{ref}: {self._directory} is no directory: is it mounted?")
        for _ in range(_TRIES):
            found = _Reading(ref, root).read(root.joinpath(*segments))
            if found is not None:
                return found
        raise StoreUnavailable(f"{ref}: the files are being replaced all the time")


class _Reading:
    """One look at one secret; every path is resolved and must lie in `root`."""

    def __init__(self, ref: SecretRef, root: Path) -> None:
        self._ref = ref
        self._root = root
        self._left = LARGEST

    def read(self, path: Path) -> RemoteSecret | None:
        """Return the secret; None when it was replaced while we read."""
        target = self._inside(path)
        if target.is_dir():
            return self._folder(target)
        value = self._file(target)
        if value is None:
            raise SecretNotFound(f"{self._ref}: there is no such file or folder")
        return RemoteSecret(ref=self._ref, token=None, payload=value)

    def _folder(self, folder: Path) -> RemoteSecret | None:
        snapshot = folder / _SNAPSHOT
        base = self._inside(snapshot) if snapshot.is_symlink() else folder
        try:
            names = sorted(entry.name for entry in base.iterdir() if not entry.name.startswith(_HIDDEN))
        except FileNotFoundError:
            return None
        except OSError:
            names = None
        if names is None:
            raise AccessDenied(f"{self._ref}: the folder cannot be listed")
        parts: dict[str, SecretValue] = {}
        for name in names:
            target = self._inside(base / name)
            if target.is_dir():
                continue
            value = self._file(target)
            if value is None:
                return None
            parts[name] = value
        return RemoteSecret(ref=self._ref, token=None, payload=payload_of(parts), parts=parts)

    def _inside(self, path: Path) -> Path:
        target = Path(os.path.realpath(path))
        if target != self._root and self._root not in target.parents:
            raise StoreMisconfigured(f"{self._ref}: leads out of {self._root} by a symbolic link")
        return target

    def _file(self, path: Path) -> SecretValue | None:
        """Return the bytes of a regular file, None if it is not there (any more)."""
        try:
            # Resolved already: a link by now is one that was put there since. A pipe must not block us.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            why = os.strerror(error.errno or 0)
        else:
            with os.fdopen(descriptor, "rb") as file:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return self._bounded(file.read(self._left + 1))
            why = "not a regular file"
        raise AccessDenied(f"{self._ref}: {path.name} cannot be read: {why}")

    def _bounded(self, raw: bytes) -> SecretValue:
        self._left -= len(raw)
        if self._left < 0:
            raise PayloadRefused(f"{self._ref}: larger than {LARGEST} bytes")
        return SecretValue(raw)


def build(name: StoreName, settings: FileSettings, context: StoreContext, concurrency: int) -> SecretStore:
    """Make the adapter."""
    del context, concurrency
    return FileStore(name, settings)
