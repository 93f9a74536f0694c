"""One batch of secrets: which references may go together, and whose the answers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from syncd.stores.aws.errors import Fault, FaultKind, fault_in
from syncd.stores.aws.names import name_in, without_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.stores.aws.names import Wanted

LARGEST: Final = 20
"""Ids in one BatchGetSecretValue. Source: API reference, `SecretIdList`; the SDK does not enforce it."""


@dataclass(frozen=True, slots=True)
class Split:
    """What goes into one batch, and what is read by itself."""

    together: tuple[Wanted, ...]
    alone: tuple[Wanted, ...]


def split(wanted: Sequence[Wanted]) -> Split:
    """Put together what a batch can tell apart.

    A batch has no versions. Nor can it have a name beside an ARN with that name: the answers carry both, and
    the ARN's may be another account's secret. A single secret costs one request either way, and as
    GetSecretValue it needs one permission less.
    """
    taken = set[str]()
    for each in wanted:
        name = name_in(each.id)
        taken |= {name, without_suffix(name)}
    together = [each for each in wanted if not each.pinned and each.id not in taken]
    if len(together) == 1:
        together = []
    kept = {each.ref for each in together}
    return Split(tuple(together), tuple(each for each in wanted if each.ref not in kept))


Entry = dict[str, Any]
"""One element of `SecretValues`."""


def assign(
    wanted: Sequence[Wanted], values: Iterable[Entry], errors: Iterable[Entry]
) -> dict[str, Entry | Fault]:
    """Return what the batch says of each id; an id of which it says nothing is not in it.

    Values carry the name and the whole ARN of their secret, errors the id as it was asked for.
    """
    asked = {each.id for each in wanted}
    found: dict[str, Entry | Fault] = {}
    for error in filter(_is_tree, errors):
        secret = str(error.get("SecretId", ""))
        if secret in asked:
            found[secret] = fault_in(str(error.get("ErrorCode", "")), str(error.get("Message", "")))
    shortened: dict[str, Entry | Fault] = {}
    for value in filter(_is_tree, values):
        arn, name = str(value.get("ARN", "")), str(value.get("Name", ""))
        found |= dict.fromkeys({arn, name} & asked, value)
        shortened |= dict.fromkeys({without_suffix(arn)} & asked, value)
    # A whole ARN may look like another one without its suffix.
    return shortened | found


def is_doubtful(each: Wanted, answer: Entry | Fault) -> bool:
    """Tell whether "not found" may only mean that a batch wants a whole ARN: GetSecretValue takes a part."""
    partial = each.id.startswith("arn:") and without_suffix(each.id) == each.id
    return partial and isinstance(answer, Fault) and answer.kind is FaultKind.NOT_FOUND


def _is_tree(entry: object) -> bool:
    # The SDK lets `null` through, in a list of objects too.
    return isinstance(entry, dict)


def stays_silent(secret: str) -> Fault:
    """Return what it means that a batch has no word on an id."""
    return Fault(FaultKind.UNAVAILABLE, f"the answer has no word on {secret}")


def answered(found: Mapping[str, Entry | Fault], wanted: Iterable[Wanted]) -> bool:
    """Tell whether there is an answer for each."""
    return all(each.id in found for each in wanted)
