"""Whether a directory may get values: never inside a Git work tree, never among placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

MARK: Final = ".syncd-placeholders"
_EXPLANATION: Final = (
    "The Secrets in this directory hold placeholders (--values hidden). Do not apply them.\n"
)


def check_directory(root: Path) -> None:
    """Refuse a path that is no directory, and one that placeholders were written to.

    Raises:
        UsageError: naming the path, and what to do.

    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a directory; make it, with a folder for each namespace")
    if (root / MARK).exists():
        raise UsageError(
            f"{root} holds placeholders (--values hidden) and cannot be used again; take another"
        )


def refuse_work_tree(root: Path) -> None:
    """Refuse a directory inside a Git work tree, where values would be committed sooner or later.

    Raises:
        UsageError: naming the work tree, and what to do.

    """
    place = root.resolve()
    for folder in (place, *place.parents):
        if (folder / ".git").exists():
            raise UsageError(
                f"{root} is inside the Git work tree {folder}, where secret values do not belong;"
                " take another directory, or write --values hidden"
            )


def mark_placeholders(root: Path) -> None:
    """Leave word that the Secrets here hold placeholders."""
    (root / MARK).write_text(_EXPLANATION)
