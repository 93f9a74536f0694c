"""Whether Secrets Manager answers, and as whom it knows us; none of it needs a permission."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AuthenticationFailed,
    RateLimited,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.stores.aws.call import ask
from syncd.stores.aws.errors import Fault, FaultKind
from syncd.stores.aws.session import SECRETS_MANAGER, STS
from syncd.stores.interface import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.stores.aws.identity import Lease
    from syncd.stores.aws.login import Login
    from syncd.stores.aws.session import AwsSession

_ERRORS: Final = {
    FaultKind.UNAVAILABLE: StoreUnavailable,
    FaultKind.RATE_LIMITED: RateLimited,
    FaultKind.INVALID: StoreMisconfigured,
}
_NO_ANSWER: Final = frozenset(_ERRORS)


def check(name: str, aws: AwsSession, login: Login, deadline: float) -> Sequence[Finding]:
    """Ask Secrets Manager for anything, log in, and ask STS who we are."""
    # The one operation that is about no secret; unsigned it is refused, and that is an answer.
    answer = ask(lambda: aws.client(SECRETS_MANAGER, None).get_random_password(), deadline)
    if isinstance(answer, Fault) and answer.kind in _NO_ANSWER:
        return (Finding("reachable", "", _error(f"store {name}", answer)),)
    reachable = Finding("reachable", "answers")
    try:
        lease = login.lease(deadline)
    except StoreError as error:
        return reachable, Finding("authenticated", "", error.with_traceback(None))
    return reachable, _known(f"store {name}", f"{login}", lease, aws, deadline)


def _known(store: str, login: str, lease: Lease, aws: AwsSession, deadline: float) -> Finding:
    """Ask as whom the keys of this lease are known."""
    # One that hangs must leave time for the question below.
    halfway = (time.monotonic() + deadline) / 2
    answer = ask(lambda: aws.client(STS, lease.keys).get_caller_identity(), halfway)
    if not isinstance(answer, Fault) and isinstance(arn := answer.get("Arn"), str):
        return Finding("authenticated", f"{login}; known as {arn}")
    if isinstance(answer, Fault) and answer.kind not in _NO_ANSWER:
        return Finding("authenticated", "", _error(f"{store}: STS", answer))
    # Where only Secrets Manager has a VPC endpoint, STS is out of reach and nothing is wrong.
    known = ask(lease.client.get_random_password, deadline)
    if not isinstance(known, Fault):
        return Finding("authenticated", f"{login}; known, but STS, which says as whom, does not answer")
    if known.kind is FaultKind.DENIED:
        as_whom = f"known as {known.who}" if known.who else "known"
        return Finding("authenticated", f"{login}; {as_whom}; STS does not answer")
    return Finding("authenticated", "", _error(store, known))


def _error(what: str, fault: Fault) -> StoreError:
    kind = _ERRORS.get(fault.kind, AuthenticationFailed)
    return kind(f"{what}: {fault.detail}", retry_after=fault.retry_after)
