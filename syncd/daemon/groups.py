"""Which credentials are swept together: those of the same stores with the same schedule."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from syncd.daemon.queue import Group
from syncd.mapping.credential import Schedule
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from syncd.mapping.credential import Credential
    from syncd.mapping.settings import MappingDocument
    from syncd.model.names import CredentialId

    Groups: TypeAlias = Mapping[Group, frozenset[CredentialId]]

HOURLY: Final = Group(None, Schedule(interval=3600.0))
"""Credentials without a store: on a change of mapping, and hourly. It is swept even without any, which tells
what the mapping no longer has."""


def groups_of(document: MappingDocument) -> Groups:
    """Return the groups of a mapping; none while it is paused."""
    if document.mode == "paused":
        return {}
    groups: defaultdict[Group, set[CredentialId]] = defaultdict(set, {HOURLY: set()})
    for credential in document.credentials.values():
        groups[group_of(credential)].add(credential.id)
    return {group: frozenset(credentials) for group, credentials in groups.items()}


def group_of(credential: Credential) -> Group:
    """Return the group that a credential is swept with.

    One with fields from several stores belongs to all of them together (`a+b`, which no store is named), so
    that a store that hangs holds back only those that need it.
    """
    if not credential.stores:
        return HOURLY
    return Group(StoreName("+".join(sorted(credential.stores))), credential.schedule)
