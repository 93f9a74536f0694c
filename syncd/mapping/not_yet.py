"""What a mapping may already say and this release does not act on: said, and never silently ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.mapping.settings import Problem
from syncd.mapping.tree import origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.mapping.credential_part import CredentialBase
    from syncd.mapping.document import HeaderPart
    from syncd.mapping.tree import Node, Path
    from syncd.model.names import CredentialId

_CHECKED = "is checked, and not acted on yet; this release"


def of_header(part: HeaderPart, node: Node) -> Iterator[Problem]:
    """Return a warning for each setting of the mapping that is used and not acted on."""
    found: dict[Path, str] = {}
    if part.defaults.expiry_warning is not None:
        found["defaults", "expiryWarning"] = "warns of no expiry"
    for path, instead in found.items():
        yield _warning(node, path, path, instead, None)


def of_credential(name: CredentialId, part: CredentialBase, node: Node) -> Iterator[Problem]:
    """Return a warning for each field of a credential that is used and not acted on."""
    found: dict[Path, str] = {}
    if part.from_ is not None and part.from_.settle is not None:
        found["from", "settle"] = "publishes what it reads at once"
    for path, instead in found.items():
        yield _warning(node, path, ("credentials", name, *path), instead, name)


def _warning(node: Node, within: Path, path: Path, instead: str, credential: CredentialId | None) -> Problem:
    where = origin(node.locate(within, at_key=True), path)
    return Problem(where, f"{_CHECKED} {instead}", "", credential, "warning")
