"""One call of an AWS client, under a deadline, with errors as values."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

from syncd.model.errors import StoreError
from syncd.stores.aws.errors import NOT_AWS, UNREADABLE, Fault, FaultKind, WireFault, fault_of
from syncd.stores.connection import by

if TYPE_CHECKING:
    from collections.abc import Callable

Answer: TypeAlias = "dict[str, Any] | Fault"
"""What AWS said: the tree of its answer, or why there is none."""


def ask(operation: Callable[[], object], deadline: float) -> Answer:
    """Call the SDK, and return what AWS said; by the deadline, whatever drips in until then."""
    if time.monotonic() >= deadline:
        return Fault(FaultKind.UNAVAILABLE, "no time left to ask")
    try:
        with by(deadline):
            answer = operation()
    except (ClientError, WireFault, *UNREADABLE) as error:
        return fault_of(error)
    except StoreError as error:
        # Of our own making, on the way: the certificates that are to be trusted cannot be read.
        return Fault(FaultKind.INVALID, error.message)
    return answer if isinstance(answer, dict) else Fault(FaultKind.UNAVAILABLE, NOT_AWS)
