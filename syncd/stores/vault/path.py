"""How a secret of Vault is written in the mapping, checked before anything is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreMisconfigured

if TYPE_CHECKING:
    from syncd.model.secret import SecretRef

_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
_FEWEST_SEGMENTS: Final = 2


def checked_path(ref: SecretRef) -> str:
    """Return `MOUNT/PATH` as it is asked for.

    Raises:
        StoreMisconfigured: for what would read something else than is written: `..` leaves the mount,
            empty segments are swallowed on the way.

    """
    segments = ref.secret.split("/")
    if any(segment in {"", ".", ".."} for segment in segments) or not ref.secret.isprintable():
        raise StoreMisconfigured(
            f"{ref}: is no path: write MOUNT/PATH without slashes at its ends, `//`, `.` and `..`"
        )
    if len(segments) < _FEWEST_SEGMENTS:
        raise StoreMisconfigured(f"{ref}: names a mount and no secret in it: write MOUNT/PATH")
    return ref.secret


def checked_version(ref: SecretRef) -> int | None:
    """Return the pinned version as a number; None when it is not pinned.

    Raises:
        StoreMisconfigured: for everything but 1, 2, …: Vault answers 0 and -1 with the newest version.

    """
    if ref.version is None:
        return None
    if not _VERSION.fullmatch(ref.version):
        raise StoreMisconfigured(f"{ref}: a version is a number from 1 on; leave it out for the newest one")
    return int(ref.version)
