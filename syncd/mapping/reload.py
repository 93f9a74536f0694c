"""What is in force after a mapping was read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.mapping.bounds import bound_findings
from syncd.mapping.form import pinned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.mapping.credential import Credential
    from syncd.mapping.settings import MappingDocument, Reading
    from syncd.mapping.tree import Plain
    from syncd.model.names import CredentialId


def accept(previous: MappingDocument | None, new: Reading) -> MappingDocument | None:
    """Return the mapping that is in force from now on; None when none ever was accepted.

    A document that is not accepted leaves the previous one in force as a whole. A refused credential stays in
    force in its last accepted form (under its former name, if it is its renaming that is refused), with the
    store that it needs, should that be gone or renamed. So do the credentials of an included file that cannot
    be read, as far as the include still allows what they do.

    Args:
        previous: what is in force now.
        new: what was read, with `previous` as `in_force`.

    """
    if new.document is None or previous is None:
        return new.document or previous
    unread = dict(_of_unread(previous, new))
    kept = {credential.id: credential for credential in (*_of_refused(previous, new), *unread.values())}
    kept = {name: credential for name, credential in kept.items() if _is_allowed(credential, new)}
    needed = {store for credential in kept.values() for store in credential.stores}
    lost = sorted(store for store in needed if store not in new.document.stores)
    known = {credential.include for credential in kept.values()}
    form = new.document.form
    return replace(
        new.document,
        credentials={**new.document.credentials, **kept},
        stores={**new.document.stores, **{name: previous.stores[name] for name in lost}},
        refused=(new.document.refused | unread.keys()) - kept.keys(),
        unread=_unread(new, known),
        form=replace(
            form,
            stores={**form.stores, **{name: previous.form.stores.get(name) for name in lost}},
            credentials={**form.credentials, **_forms(previous, kept)},
        ),
    )


def _of_refused(previous: MappingDocument, new: Reading) -> Iterator[Credential]:
    """Yield the last accepted forms of refused credentials, each of the same file's entry."""
    for name in new.refused:
        include = new.includes.owners.get(name)
        forms = (previous.credentials.get(former) for former in (name, new.former.get(name, name)))
        yield from [form for form in forms if form is not None and form.include == include][:1]


def _of_unread(previous: MappingDocument, new: Reading) -> Iterator[tuple[CredentialId, Credential]]:
    """Yield the credentials of included files that cannot be read, save those that others have by now."""
    accepted = new.document.credentials if new.document else {}
    for name, before in previous.credentials.items():
        if before.include in new.includes.unread and name not in accepted and name not in new.refused:
            yield name, before


def _is_allowed(credential: Credential, new: Reading) -> bool:
    """Tell whether the include of a credential still lets it do what it does: bounds hold at once."""
    if credential.include is None:
        return True
    bounds = new.includes.bounds[credential.include]
    stores = new.document.stores if new.document else {}
    return not any(bound_findings(credential, bounds, stores))


def _unread(new: Reading, known: set[str | None]) -> frozenset[str]:
    """Return where credentials may be that nothing is known of."""
    bounds = (new.includes.bounds[name] for name in new.includes.unread if name not in known)
    return frozenset(namespace for each in bounds for namespace in each.namespaces)


def _forms(
    previous: MappingDocument, kept: Mapping[CredentialId, Credential]
) -> Mapping[CredentialId, Plain]:
    return {
        name: pinned(previous.form.credentials.get(name), credential) for name, credential in kept.items()
    }
