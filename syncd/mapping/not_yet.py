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
    if "limits" in part.model_fields_set:
        found["limits",] = "removes nothing, and holds nothing back"
    if part.include:
        found["include",] = "reads the mapping itself only"
    if part.defaults.expiry_warning is not None:
        found["defaults", "expiryWarning"] = "warns of no expiry"
    policy = part.defaults.deletion_policy
    found |= _deletions(policy.when_unmapped, policy.when_secret_not_found, ("defaults", "deletionPolicy"))
    for path, instead in found.items():
        yield _warning(node, path, path, instead, None)


def of_credential(name: CredentialId, part: CredentialBase, node: Node) -> Iterator[Problem]:
    """Return a warning for each field of a credential that is used and not acted on."""
    found: dict[Path, str] = {}
    if part.renamed_from is not None:
        found["renamedFrom",] = "takes it for a new credential beside the old one"
    if part.from_ is not None and part.from_.settle is not None:
        found["from", "settle"] = "publishes what it reads at once"
    policy = part.deletion_policy
    found |= _deletions(policy.when_unmapped, policy.when_secret_not_found, ("deletionPolicy",))
    for index, target in enumerate(part.to):
        if target.adopt:
            found["to", index, "adopt"] = "takes over nothing that it did not write"
    for path, instead in found.items():
        yield _warning(node, path, ("credentials", name, *path), instead, name)


def _deletions(when_unmapped: str | None, when_not_found: str | None, path: Path) -> dict[Path, str]:
    found: dict[Path, str] = {}
    if when_unmapped == "Delete":
        found[*path, "whenUnmapped"] = "deletes nothing"
    if when_not_found == "Delete":
        found[*path, "whenSecretNotFound"] = "deletes nothing"
    return found


def _warning(node: Node, within: Path, path: Path, instead: str, credential: CredentialId | None) -> Problem:
    where = origin(node.locate(within, at_key=True), path)
    return Problem(where, f"{_CHECKED} {instead}", "", credential, "warning")
