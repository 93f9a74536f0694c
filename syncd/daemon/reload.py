"""From a new text of the mapping to what is in force, and which credentials that changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from syncd.daemon.mapping_source import Missing
from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.model.errors import UsageError
from syncd.model.events import MappingRead

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from syncd.daemon.mapping_source import Texts
    from syncd.mapping.credential import Credential
    from syncd.mapping.settings import MappingDocument, Reading, StoreSettings
    from syncd.model.events import Emit
    from syncd.model.names import CredentialId


@dataclass(frozen=True, slots=True)
class Change:
    """Another mapping is in force: `changed` are its credentials that are new or other than before."""

    document: MappingDocument
    changed: frozenset[CredentialId]


class Reload:
    """Keeps the mapping in force; used by one thread. What is wrong with a text breaks only itself."""

    def __init__(self, use: Callable[[MappingDocument], None], emit: Emit) -> None:
        """Start without a mapping; `use` opens the stores of one, or raises `UsageError`."""
        self._use = use
        self._emit = emit
        self._in_force: MappingDocument | None = None
        self._recalled: MappingDocument | None = None
        self._accepted: MappingDocument | None = None

    @property
    def accepted(self) -> MappingDocument | None:
        """What is in force since this process accepted something; None as long as it did not."""
        return self._accepted

    def recall(self, document: MappingDocument | None) -> None:
        """Take what an earlier process had in force: it holds for whatever the first text breaks.

        It is not in force before a text was looked at, which may have taken things away meanwhile.
        """
        self._recalled = document

    def take(self, found: Texts | Missing) -> Change | None:
        """Put in force what is right in a text; None when nothing else is in force than before."""
        if isinstance(found, Missing):
            return self._go_on((found.problem,), 0)
        before = self._in_force
        basis = before or self._recalled
        reading = read(found.files, basis, found.included)
        after = accept(basis, reading)
        if after is None or reading.document is None:
            return self._go_on(_texts(reading, "error"), len(reading.refused))
        problem = self._open(after)
        if problem is not None:
            return self._go_on((*_texts(reading, "error"), problem), len(reading.refused))
        self._in_force = self._accepted = after
        self._emit(_accepted(reading, reading.document, after))
        return None if before == after else Change(after, _changed(before, after))

    def _go_on(self, problems: tuple[str, ...], refused: int) -> Change | None:
        """Refuse a text as a whole; with the first one, what an earlier process had is put in force."""
        change = None
        if self._in_force is None and self._recalled is not None:
            problem = self._open(self._recalled)
            if problem is None:
                self._in_force = self._recalled
                change = Change(self._recalled, frozenset(self._recalled.credentials))
            else:
                problems = (*problems, problem)
        self._refuse(problems, refused)
        return change

    def _open(self, document: MappingDocument) -> str | None:
        """Open its stores; return what keeps one of them shut."""
        try:
            self._use(document)
        except UsageError as error:
            return str(error)
        return None

    def _refuse(self, problems: tuple[str, ...], refused: int) -> None:
        """Say that nothing of a text is in force, and what was stays."""
        kept = len(self._in_force.credentials) if self._in_force else 0
        self._emit(
            MappingRead(valid=False, accepted=False, credentials=kept, refused=refused, problems=problems)
        )


def _accepted(reading: Reading, document: MappingDocument, in_force: MappingDocument) -> MappingRead:
    errors = _texts(reading, "error")
    return MappingRead(
        valid=not errors,
        accepted=True,
        credentials=len(document.credentials),
        refused=len(reading.refused),
        problems=errors,
        warnings=_texts(reading, "warning"),
        stores=frozenset(in_force.stores),
    )


def _texts(reading: Reading, severity: Literal["error", "warning"]) -> tuple[str, ...]:
    return tuple(str(problem) for problem in reading.problems if problem.severity == severity)


def _changed(before: MappingDocument | None, after: MappingDocument) -> frozenset[CredentialId]:
    """Return what has to be swept at once: credentials that are new or other, or whose store is."""
    if before is None or (before.mode, before.trusted_labels) != (after.mode, after.trusted_labels):
        return frozenset(after.credentials)
    stores = {
        name
        for name, store in after.stores.items()
        if name not in before.stores or not _is_same_store(before.stores[name], store)
    }
    return frozenset(
        name
        for name, credential in after.credentials.items()
        if name not in before.credentials
        or not _is_same(before.credentials[name], credential)
        or credential.stores & stores
    )


def _is_same(one: Credential, other: Credential) -> bool:
    """Compare two forms of a credential; where they stand in the file does not matter."""
    return _placeless(one) == replace(_placeless(other), origin=one.origin)


def _placeless(credential: Credential) -> Credential:
    targets = tuple(replace(target, origin=None) for target in credential.targets)
    return replace(credential, targets=targets)


def _is_same_store(one: StoreSettings, other: StoreSettings) -> bool:
    return replace(one, origin=None) == replace(other, origin=None)
