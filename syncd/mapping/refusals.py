"""Credentials that are right by themselves and refused for another one's sake: claims, and former names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.mapping import claims
from syncd.mapping.settings import Problem
from syncd.mapping.tree import origin
from syncd.model.names import CredentialId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from syncd.mapping.credential import Credential
    from syncd.mapping.merge import Entry
    from syncd.mapping.settings import Includes, MappingDocument
    from syncd.model.names import Origin


@dataclass(frozen=True, slots=True)
class Texts:
    """All entries of a mapping and its included files, what they came to, and what is in force."""

    entries: Mapping[str, Entry]
    resolved: Mapping[CredentialId, Credential]
    includes: Includes
    in_force: MappingDocument | None

    @property
    def before(self) -> Mapping[CredentialId, Credential]:
        """The credentials in force."""
        return self.in_force.credentials if self.in_force else {}

    def renamed(self) -> dict[CredentialId, CredentialId]:
        """Return which entry says that it was called what before."""
        former = ((name, entry.node.text("renamedFrom")) for name, entry in self.entries.items())
        return {CredentialId(name): CredentialId(old) for name, old in former if old is not None}

    def former(self, refused: Collection[CredentialId]) -> dict[CredentialId, CredentialId]:
        """Return the former names of refused entries, as far as no other entry has or takes them."""
        renamed = self.renamed()
        taken = {old for name, old in renamed.items() if name not in refused}
        return {
            name: old
            for name, old in renamed.items()
            if name in refused and old not in taken and old not in self.entries
        }


def renames(texts: Texts) -> Iterator[Problem]:
    """Yield what is wrong with former names: each is that of one credential that is gone."""
    heirs: dict[CredentialId, CredentialId] = {}
    for name, old in texts.renamed().items():
        before = texts.before.get(name)
        if old not in heirs or (before is not None and before.renamed_from == old):
            heirs[old] = name
    for name, old in texts.renamed().items():
        problem = _wrong_with(name, old, heirs[old], texts)
        if problem is not None:
            node = texts.entries[name].node
            where = origin(node.locate(("renamedFrom",)), ("credentials", name, "renamedFrom"))
            yield Problem(where, *problem, name)


def _wrong_with(
    name: CredentialId, old: CredentialId, heir: CredentialId, texts: Texts
) -> tuple[str, str] | None:
    if old == name:
        return "is the credential's own name", "take it away, or write the former one"
    if old in texts.entries:
        message = f"names a credential that is still there ({texts.entries[old].key})"
        return message, "rename in two steps: names cannot be swapped or handed on at once"
    if heir != name:
        message = f"names a credential that {heir} was before ({texts.entries[heir].key})"
        return message, "only one credential can be what another one was"
    return _foreign_to_include(name, old, texts)


def _foreign_to_include(name: CredentialId, old: CredentialId, texts: Texts) -> tuple[str, str] | None:
    """Refuse an included credential that would take over what the mapping or another include wrote."""
    include = texts.includes.owners.get(name)
    if include is None or texts.in_force is None:
        return None
    former, itself = texts.before.get(old), texts.before.get(name)
    if former is not None and former.include == include:
        return None
    if former is None and itself is not None and (itself.include, itself.renamed_from) == (include, old):
        return None
    return f"names no credential that {include} had", "an included file renames only its own"


def conflicts(texts: Texts, refused: Collection[CredentialId]) -> Iterator[Problem]:
    """Yield the claims on what another credential has; who is refused anyway keeps what it has.

    What is in force of an include that cannot be read, or under a former name, is kept in the same way.
    """
    heirs = {old: name for name, old in texts.renamed().items() if old not in texts.entries}
    before: dict[CredentialId, dict[claims.Claim, Origin]] = {}
    for name, credential in texts.before.items():
        owner = name if name in texts.entries else heirs.get(name, name)
        if owner in texts.entries or credential.include in texts.includes.unread:
            before[owner] = {**claims.of_credential(credential), **before.get(owner, {})}
    after = {
        name: before.get(name, {}) if name in refused else claims.of_credential(texts.resolved[name])
        for name in map(CredentialId, texts.entries)
    }
    after |= {name: held for name, held in before.items() if name not in after}
    for loser, taken in claims.settle(after, before).items():
        for claim, holder in taken.items():
            other = after[holder].get(claim) or before[holder][claim]
            message = f"{claim} belongs to credential {holder} ({other.file}:{other.line}:{other.column})"
            hint = "what is in force stays; give one of the two another name or namespace"
            yield Problem(after[loser][claim], message, hint, loser)
