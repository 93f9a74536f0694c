"""Which secrets of a store may be read: `allowedSecrets`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence


def allowed(secret: str, patterns: Sequence[str]) -> bool:
    """Tell whether a secret may be read.

    Args:
        secret: placeholders filled in. What a server could read as another path is never allowed: an empty,
            `.` or `..` segment, also percent-encoded, a backslash or a control character.
        patterns: shell patterns, in which `*` crosses `/`; none of them: every normal path is allowed.

    """
    return is_normal(secret) and (not patterns or any(fnmatchcase(secret, pattern) for pattern in patterns))


def is_normal(secret: str) -> bool:
    """Tell whether the path of a secret can only be read as it is written."""
    if not secret.isprintable() or secret != secret.strip():
        return False
    read = unquote(secret).replace("\\", "/")
    return not {"", ".", ".."} & set(read.removeprefix("/").split("/"))
