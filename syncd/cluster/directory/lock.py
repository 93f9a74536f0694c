"""One writer at a time in a directory, whichever process it is."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE: Final = ".syncd.lock"
_PAUSE: Final = 0.02
_MODE: Final = 0o600


@contextmanager
def locked(root: Path, *, timeout: float) -> Iterator[None]:
    """Hold the directory's lock, other threads of this process kept out too.

    Args:
        root: the directory.
        timeout: how long to wait for it, in seconds.

    Raises:
        ClusterUnreachable: when another process keeps it for longer, or the file cannot be made.

    """
    path = root / LOCK_FILE
    descriptor = _opened(path)
    try:
        deadline = time.monotonic() + timeout
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                raise ClusterUnreachable(f"{path} was held by another process for {timeout:.0f} s")
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    problem: str | None
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        problem = error.strerror
    raise ClusterUnreachable(f"{path} cannot be made: {problem}")


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
