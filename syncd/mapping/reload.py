"""What is in force after a mapping was read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.mapping.settings import MappingDocument, Reading


def accept(previous: MappingDocument | None, new: Reading) -> MappingDocument | None:
    """Return the mapping that is in force from now on; None when none ever was accepted.

    A document that is not accepted leaves the previous one in force as a whole. A refused credential stays in
    force in its last accepted form, with the store that it needs, should that be gone or renamed.

    Args:
        previous: what is in force now.
        new: what was read, with `previous` as `in_force`.

    """
    if new.document is None or previous is None:
        return new.document or previous
    kept = {name: previous.credentials[name] for name in new.refused if name in previous.credentials}
    needed = {store for credential in kept.values() for store in credential.stores}
    stores = {name: previous.stores[name] for name in sorted(needed) if name not in new.document.stores}
    return replace(
        new.document,
        credentials={**new.document.credentials, **kept},
        stores={**new.document.stores, **stores},
        refused=new.document.refused - kept.keys(),
    )
