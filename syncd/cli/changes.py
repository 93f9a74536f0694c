"""A plan as rows for people: what is written where, by names; no value is ever in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.names import CREDENTIAL
from syncd.sync.action import DeleteSecret, DropEntry, PatchAccount, RecordSecret, WriteEntry, WriteSecret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.model.difference import Difference
    from syncd.model.names import ObjectRef
    from syncd.sync.action import Action

NOT_READ: Final = "(not read)"

_ENDS: Final = {
    "release": "no longer mapped: left in place, and written no more",
    "shorten": "records only",
    "delete": "no longer mapped, and listed by no ServiceAccount",
}


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One object and what happens to it; `records` is our own bookkeeping, for `-o wide`."""

    namespace: str
    kind: str
    name: str
    verb: str
    changes: str
    credentials: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    def short_name(self) -> str:
        """Return `secret/NAMESPACE/NAME`, for `-o name`."""
        return f"{self.kind.lower().partition(' ')[0]}/{self.namespace}/{self.name}"


def rows(actions: Iterable[Action]) -> list[Row]:
    """Return the rows of a plan by namespace, Secrets before the ServiceAccounts that list them."""
    return sorted(_row(action) for action in actions)


def unread_row(ref: ObjectRef, credential: str, key: str | None = None) -> Row:
    """Return the row of something that is there already and whose values were not compared."""
    changes = f"{NOT_READ}" if key is None else f"entry {key} {NOT_READ}"
    return Row(ref.namespace, "Secret", ref.name, "exists", changes, (credential,))


def _row(action: Action) -> Row:
    credentials = tuple(sorted({str(placement.credential) for placement in action.placements}))
    ref = action.ref
    match action:
        case WriteSecret():
            changes = (
                _created(action) if action.have is None else _changed(action.difference, action.want.data)
            )
            if action.drops:
                changes += f"; drops {', '.join(action.drops)}, which somebody else put there"
            records = tuple(sorted(action.difference.records))
            return Row(ref.namespace, "Secret", ref.name, action.verb, changes, credentials, records)
        case WriteEntry():
            verb = "create" if action.have is None else "adopt" if action.verb == "adopt" else "update"
            records = tuple(sorted(action.difference.records))
            return Row(ref.namespace, "Secret", ref.name, verb, _entry(action), credentials, records)
        case PatchAccount():
            verb = "create" if action.have is None else "bind" if action.bind else "update"
            return Row(ref.namespace, "ServiceAccount", ref.name, verb, _account(action), credentials)
        case DropEntry():
            return Row(ref.namespace, "Secret", ref.name, action.verb, f"entry {action.key}", credentials)
        case RecordSecret() | DeleteSecret():
            return Row(ref.namespace, "Secret", ref.name, action.verb, _ENDS[action.verb], credentials)


def _created(action: WriteSecret) -> str:
    keys = ", ".join(sorted(action.want.data)) or NOT_READ
    notes = len(action.want.annotations)
    return f"keys {keys}" + (f"; {notes} annotation{'s' * (notes > 1)}" if notes else "")


def _changed(difference: Difference, data: Mapping[str, object]) -> str:
    parts = [f"values {', '.join(sorted(difference.values))}"] if difference.values else []
    parts += [" ".join(_shape(difference.shape, data))] if difference.shape else []
    if not parts:
        owner = "takes over the record" if CREDENTIAL in difference.records else "records only"
        parts.append(owner)
    return "; ".join(parts)


def _shape(names: Iterable[str], data: Mapping[str, object]) -> Iterator[str]:
    """Yield `+key`, `-key`, and the annotations and labels that change."""
    for name in sorted(names):
        part, _, rest = name.partition(".")
        if part == "data":
            yield f"+{rest}" if rest in data else f"-{rest}"
        elif part in {"annotations", "labels"}:
            yield f"{part[:-1]} {rest}"
        else:
            yield name


def _entry(action: WriteEntry) -> str:
    key = action.want.key
    if key in action.difference.values:
        return f"entry {key}: value"
    return f"entry {key}" if action.verb == "create" else f"entry {key}: records only"


def _account(action: PatchAccount) -> str:
    lists: dict[str, list[str]] = {}
    for binding in action.bind:
        lists.setdefault(binding.list_name, []).append(binding.secret)
    parts = [f"{name} +{', +'.join(secrets)}" for name, secrets in lists.items()]
    parts += [f"{one.secret} in place of {one.replaces}" for one in action.bind if one.replaces]
    parts += [f"{each.list_name} -{each.secret}" for each in action.unbind]
    parts += [f"annotation {name}" for name in sorted(action.annotations)]
    parts += [f"annotation -{name}" for name in sorted(action.unset)]
    return "; ".join(parts) or "the object itself"
