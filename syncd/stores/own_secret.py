"""A secret that a store itself needs, to log in: where the mapping says that it is, and how it is read."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from syncd.model.errors import AuthenticationFailed, ClusterUnreachable, StoreError, StoreUnavailable
from syncd.model.secret import SecretValue
from syncd.schema.part import DnsSubdomain, NonEmpty, Part
from syncd.stores.one_of import OneOf

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.interface import StoreContext

_LARGEST: Final = 64 * 1024
_LOOK_EVERY: Final = 10.0
_SPACE: Final = 0x20

Stamp: TypeAlias = tuple[int, int, int, int]
"""Device, inode, time of change and size of a file."""


class SecretKeyRef(Part):
    """One key of a Secret in the daemon's namespace."""

    name: DnsSubdomain
    """Name of the Secret."""
    key: NonEmpty
    """Key in its `data`."""


class OwnSecretSpec(OneOf):
    """Where a store's own secret is; white space at its ends is dropped."""

    file: Path | None = None
    """A file, read again when it changes."""
    secret_key_ref: SecretKeyRef | None = None
    """A key of a Secret in the daemon's own namespace, read at every login."""
    env: NonEmpty | None = None
    """Name of an environment variable of the daemon."""


class OwnSecret:
    """Reads a store's own secret, and tells when it is another than it was. Thread-safe."""

    def __init__(
        self,
        spec: OwnSecretSpec,
        context: StoreContext,
        now: Callable[[], float],
        *,
        several_lines: bool = False,
    ) -> None:
        """Read nothing yet; `now` is in seconds, `several_lines` are what a key in JSON or PEM has."""
        self._harmless = frozenset(b"\t\r\n") if several_lines else frozenset()
        self._spec = spec
        self._context = context
        self._now = now
        self._lock = threading.Lock()
        self._last: SecretValue | None = None
        self._stamp: Stamp | None = None
        self._looked_at = now()

    def __str__(self) -> str:
        """Return where the secret is, for messages."""
        if self._spec.file is not None:
            return f"file {self._spec.file}"
        if self._spec.env is not None:
            return f"environment variable {self._spec.env}"
        ref = self._spec.secret_key_ref
        return f"key {ref.key} of Secret {self._context.namespace}/{ref.name}" if ref else "nowhere"

    def read(self) -> SecretValue:
        """Return the secret as it is now, without white space at its ends.

        Raises:
            AuthenticationFailed: when it is not there, empty, too long, or holds control characters.
            StoreUnavailable: when the cluster that it is in does not answer.

        """
        with self._lock:
            self._looked_at = self._now()
            self._stamp = stamp(self._spec.file) if self._spec.file is not None else None
            self._last = self._value()
            return self._last

    def changed(self) -> bool:
        """Tell whether it is another one than `read` returned last.

        A file is looked at every time (`stat` only); what is elsewhere every ten seconds at most.
        """
        if self._spec.file is not None:
            # Without the lock: it is asked before every read, and `stat` lets the other threads go on.
            return stamp(self._spec.file) != self._stamp
        with self._lock:
            if self._now() - self._looked_at < _LOOK_EVERY:
                return False
            self._looked_at = self._now()
            try:
                return self._value() != self._last
            except StoreError:
                return False

    def _value(self) -> SecretValue:
        raw = self._raw()
        if raw is None:
            raise AuthenticationFailed(f"{self}: there is no such thing; a store needs it to log in")
        value = raw.stripped()
        text = value.reveal()
        if not text or len(text) > _LARGEST:
            raise AuthenticationFailed(f"{self}: empty, or longer than {_LARGEST} bytes")
        if any(byte < _SPACE and byte not in self._harmless for byte in text) or not _is_utf8(text):
            form = "text" if self._harmless else "one line of text"
            raise AuthenticationFailed(f"{self}: is something else than {form} (UTF-8)")
        return value

    def _raw(self) -> SecretValue | None:
        if self._spec.file is not None:
            return read_file(self._spec.file)
        if self._spec.env is not None:
            text = os.environ.get(self._spec.env)
            return None if text is None else SecretValue(os.fsencode(text))
        return self._from_cluster()

    def _from_cluster(self) -> SecretValue | None:
        ref = self._spec.secret_key_ref
        if ref is None:
            return None
        try:
            data = self._context.read_secret(self._context.namespace, ref.name)
        except ClusterUnreachable:
            pass
        else:
            return (data or {}).get(ref.key)
        raise StoreUnavailable(f"{self}: the cluster does not answer")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def read_file(path: Path) -> SecretValue | None:
    """Return a file's bytes, None if it is not there.

    Raises:
        AuthenticationFailed: when it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return SecretValue(file.read(_LARGEST + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        why = error.strerror
    raise AuthenticationFailed(f"file {path}: {why}")


def stamp(path: Path) -> Stamp | None:
    """Return what changes when a file is replaced or rewritten (links followed); None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
