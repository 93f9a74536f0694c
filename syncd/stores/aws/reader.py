"""Reads secrets with one lease: twenty with a request where that is possible, else one by one."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from syncd.model.errors import StoreError
from syncd.model.secret import ChangeToken, RemoteSecret, SecretValue
from syncd.stores.aws import batch
from syncd.stores.aws.call import ask
from syncd.stores.aws.errors import Fault, FaultKind
from syncd.stores.aws.names import Wanted, wanted
from syncd.stores.aws.outcome import BATCH_ACTION, error_of, refused_payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import SecretRef
    from syncd.stores.aws.batch_right import BatchRight
    from syncd.stores.aws.call import Answer
    from syncd.stores.aws.identity import Lease
    from syncd.stores.interface import Fetched

_PAGES: Final = 20
_ONE_BY_ONE: Final = frozenset(
    {
        FaultKind.NOT_FOUND,
        FaultKind.NO_VALUE,
        FaultKind.MARKED,
        FaultKind.DENIED,
        FaultKind.ENCRYPTED,
        FaultKind.INVALID,
    }
)
"""A batch that failed as a whole for what may be the matter with one of its secrets."""

_SAME_FOR_ALL: Final = frozenset({FaultKind.RATE_LIMITED, FaultKind.STRANGER})
"""Faults that the next secret would be answered with too."""


class Reader:
    """Reads secrets of one region with whatever lease it is given. Thread-safe."""

    def __init__(self, region: str, right: BatchRight) -> None:
        """Read in `region`; `right` knows whether we may read in batches."""
        self._region = region
        self._right = right

    def read(self, refs: Sequence[SecretRef], lease: Lease, deadline: float) -> dict[SecretRef, Fetched]:
        """Return an answer for every reference."""
        answers: dict[SecretRef, Fetched] = {}
        good: list[Wanted] = []
        for ref in refs:
            try:
                good.append(wanted(ref, self._region))
            except StoreError as error:
                answers[ref] = error.with_traceback(None)
        split = batch.split(good)
        alone = split.alone
        if split.together and self._right.holds():
            together = self._together(split.together, lease, deadline)
            answers |= {
                each.ref: self._fetched(each, together[each]) for each in split.together if each in together
            }
            alone += tuple(each for each in split.together if each not in together)
        else:
            alone += split.together
        single = self._alone(alone, lease, deadline)
        return answers | {each.ref: self._fetched(each, single[each]) for each in alone}

    def _together(self, some: Sequence[Wanted], lease: Lease, deadline: float) -> dict[Wanted, Answer]:
        """Read a batch; who is not in the result is to be read alone."""
        ids = [each.id for each in some]
        found: dict[str, batch.Entry | Fault] = {}
        more: dict[str, str] = {}
        for _ in range(_PAGES):
            page = partial(lease.client.batch_get_secret_value, SecretIdList=ids, **more)
            answer = ask(page, deadline)
            if isinstance(answer, Fault):
                return self._failed(some, answer)
            values, errors = answer.get("SecretValues") or (), answer.get("Errors") or ()
            found |= batch.assign(some, values, errors)
            token = answer.get("NextToken")
            if not token or batch.answered(found, some):
                break
            more = {"NextToken": token}
        self._right.was_used()
        answers = {each: found.get(each.id) or batch.stays_silent(each.id) for each in some}
        return {each: answer for each, answer in answers.items() if not batch.is_doubtful(each, answer)}

    def _failed(self, some: Sequence[Wanted], fault: Fault) -> dict[Wanted, Answer]:
        if fault.action == BATCH_ACTION:
            self._right.was_denied(fault.who)
        if fault.kind in _ONE_BY_ONE:
            return {}
        return dict.fromkeys(some, fault)

    def _alone(self, some: Sequence[Wanted], lease: Lease, deadline: float) -> dict[Wanted, Answer]:
        answers: dict[Wanted, Answer] = {}
        for number, each in enumerate(some):
            pin = {"VersionId": each.version_id, "VersionStage": each.stage}
            asked = {"SecretId": each.id} | {name: text for name, text in pin.items() if text is not None}
            answer = ask(partial(lease.client.get_secret_value, **asked), deadline)
            answers[each] = answer
            if isinstance(answer, Fault) and answer.kind in _SAME_FOR_ALL:
                return answers | dict.fromkeys(some[number:], answer)
        return answers

    def _fetched(self, each: Wanted, answer: Answer) -> Fetched:
        if isinstance(answer, Fault):
            return error_of(each, answer, self._region)
        version, created = answer.get("VersionId"), answer.get("CreatedDate")
        payload = _payload(answer)
        if not isinstance(version, str) or payload is None:
            return error_of(
                each, Fault(FaultKind.UNAVAILABLE, "the answer holds no version, or no value"), self._region
            )
        if payload.size() == 0:
            return refused_payload(each)
        return RemoteSecret(
            ref=each.ref,
            token=ChangeToken(version),
            payload=payload,
            created=created if isinstance(created, datetime) else None,
        )


def _payload(answer: Mapping[str, Any]) -> SecretValue | None:
    """Return the value, empty where it is none that can be published; None where there is none at all."""
    text, raw = answer.get("SecretString"), answer.get("SecretBinary")
    if not isinstance(text, str):
        return SecretValue(raw) if isinstance(raw, bytes) else None
    try:
        return SecretValue(text.encode())
    except UnicodeEncodeError:
        # JSON can carry half of a character; such a text is no value.
        return SecretValue(b"")
