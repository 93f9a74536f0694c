"""apply: the only step that writes.

Secrets, then entries, then ServiceAccounts, then what is released, and last what is deleted (rule 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

from syncd.cluster.interface import AccountPatch, EntryDrop, Rejected, Written
from syncd.model.events import ObjectWritten
from syncd.model.names import ObjectRef
from syncd.sync.action import (
    Action,
    DeleteSecret,
    DropEntry,
    PatchAccount,
    Plan,
    RecordSecret,
    WriteEntry,
    WriteSecret,
)
from syncd.sync.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from syncd.cluster.interface import Writer, WriteResult
    from syncd.model.events import Emit

Fence: TypeAlias = Callable[[], None]
"""Called before every request; raises `NotLeader` when this process may not write (any more)."""

WRITERS: Final = 8
"""How many requests are under way at once within one step."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one action."""

    action: Action
    result: WriteResult


_Job: TypeAlias = Callable[[], tuple[Applied, ...]]


def apply(plan: Plan, writer: Writer, fence: Fence, emit: Emit) -> tuple[Applied, ...]:
    """Write what the plan says, and return what became of each action.

    A Secret that could not be written is not bound. Each step ends before the next begins, so that killed
    after any single request nothing dangles and nothing is half there; the next sweep goes on.

    Raises:
        NotLeader: from the fence; what was written until then stays.

    """
    secrets = [action for action in plan.actions if isinstance(action, WriteSecret)]
    entries = [action for action in plan.actions if isinstance(action, WriteEntry | DropEntry)]
    accounts = [action for action in plan.actions if isinstance(action, PatchAccount)]
    done = _together([partial(_secret, action, writer, fence) for action in secrets])
    done += _together([partial(_entries, group, writer, fence) for group in _by_object(entries)])
    failed = [
        applied.action
        for applied in done
        if isinstance(applied.action, WriteSecret) and isinstance(applied.result, Rejected)
    ]
    bindable = (_bindable(action, failed) for action in accounts)
    done += _together([partial(_account, action, writer, fence) for action in bindable if action is not None])
    records = [action for action in plan.actions if isinstance(action, RecordSecret)]
    done += _together([partial(_record, action, writer, fence) for action in records])
    deletions = [action for action in plan.actions if isinstance(action, DeleteSecret)]
    done += _together([partial(_delete, action, writer, fence) for action in deletions])
    for applied in done:
        _tell(applied, emit)
    return tuple(done)


def _together(jobs: Sequence[_Job]) -> list[Applied]:
    return [applied for result in together(jobs, threads=WRITERS, name="apply") for applied in result]


def _secret(action: WriteSecret, writer: Writer, fence: Fence) -> tuple[Applied, ...]:
    fence()
    if action.have is None:
        return (Applied(action, writer.create_secret(action.want)),)
    return (Applied(action, writer.update_secret(action.want, action.have)),)


def _record(action: RecordSecret, writer: Writer, fence: Fence) -> tuple[Applied, ...]:
    fence()
    return (Applied(action, writer.patch_records(action.have, action.labels, action.annotations)),)


def _delete(action: DeleteSecret, writer: Writer, fence: Fence) -> tuple[Applied, ...]:
    fence()
    return (Applied(action, writer.delete_secret(action.have)),)


def _entries(group: Sequence[WriteEntry | DropEntry], writer: Writer, fence: Fence) -> tuple[Applied, ...]:
    """Write and drop all entries of one `storage-config` in one request."""
    fence()
    first = group[0]
    want = [action.want for action in group if isinstance(action, WriteEntry)]
    drop = [EntryDrop(action.key, action.record) for action in group if isinstance(action, DropEntry)]
    result = writer.patch_entries(first.ref, want, first.have, drop)
    return tuple(Applied(action, result) for action in group)


def _account(action: PatchAccount, writer: Writer, fence: Fence) -> tuple[Applied, ...]:
    fence()
    patch = AccountPatch(
        action.bind, action.annotations, action.record, action.unbind, frozenset(action.unset)
    )
    return (Applied(action, writer.patch_account(action.ref, patch, action.have)),)


def _by_object(entries: Iterable[WriteEntry | DropEntry]) -> list[list[WriteEntry | DropEntry]]:
    ordered = sorted(entries, key=lambda action: (action.ref, action.key))
    return [list(group) for _, group in groupby(ordered, key=lambda action: action.ref)]


def _bindable(action: PatchAccount, failed: Sequence[WriteSecret]) -> PatchAccount | None:
    """Leave out bindings to Secrets that were not written; None when nothing is left to do.

    What is undone for the sake of such a Secret, or made room for another, waits for the next sweep.
    """
    absent = {write.ref for write in failed}
    bind = tuple(
        binding for binding in action.bind if ObjectRef(action.ref.namespace, binding.secret) not in absent
    )
    waiting = {placement for write in failed for placement in write.placements}
    if action.undoes and waiting.intersection(action.placements):
        return None
    if bind == action.bind:
        return action
    return replace(action, bind=bind) if bind or action.annotations or action.undoes else None


def _tell(applied: Applied, emit: Emit) -> None:
    action = applied.action
    if not isinstance(applied.result, Written):
        return
    if isinstance(action, PatchAccount):
        names = [binding.secret for binding in action.bind] + [each.secret for each in action.unbind]
        shape = (*names, *sorted((*action.annotations, *action.unset)))
        emit(ObjectWritten("bind", "ServiceAccount", action.ref, action.placements, (), shape))
    elif isinstance(action, WriteSecret | WriteEntry):
        values, shape = tuple(sorted(action.difference.values)), tuple(sorted(action.difference.shape))
        verb = "entries" if isinstance(action, WriteEntry) else action.verb
        emit(ObjectWritten(verb, "Secret", action.ref, action.placements, values, shape))
    elif isinstance(action, DropEntry):
        emit(ObjectWritten("entries", "Secret", action.ref, action.placements, (), (action.key,)))
    else:
        emit(ObjectWritten(action.verb, "Secret", action.ref, action.placements, (), ()))
