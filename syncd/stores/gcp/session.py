"""Requests with a login: with a new one, once, where Google does not take the old one (any more)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from syncd.stores.gcp.faults import Code, Fault
from syncd.stores.gcp.ticket import NOBODY

if TYPE_CHECKING:
    from syncd.stores.gcp.login import Login
    from syncd.stores.gcp.ticket import Ticket
    from syncd.stores.gcp.wire import Operation, Wire

Message = TypeVar("Message")

_ONLY_TO_THE_KNOWN: Final = frozenset(
    {Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.PERMISSION_DENIED, Code.INVALID_ARGUMENT}
)


class GcpSession:
    """Asks over one wire as one identity; thread-safe."""

    def __init__(self, wire: Wire, login: Login | None) -> None:
        """Send no login at all where there is none."""
        self.wire = wire
        self._login = login

    def ticket(self, deadline: float) -> Ticket:
        """Return what the next request is sent with.

        Raises:
            StoreError: when there is no login, and why.

        """
        return self._login.ticket(deadline) if self._login is not None else NOBODY

    def ask(self, operation: Operation[Message], name: str, deadline: float) -> Message | Fault:
        """Send one request, and one more with a new login if the old one is not taken.

        Raises:
            StoreError: when there is no login, or the wire cannot be set up.

        """
        ticket = self.ticket(deadline)
        answer = self.wire.ask(operation, name, ticket, deadline)
        if self._login is None or not _refused(answer):
            self._accepted(ticket, answer)
            return answer
        self._login.rejected(ticket)
        ticket = self._login.ticket(deadline)
        answer = self.wire.ask(operation, name, ticket, deadline)
        if _refused(answer):
            self._login.rejected(ticket)
        else:
            self._accepted(ticket, answer)
        return answer

    def _accepted(self, ticket: Ticket, answer: object) -> None:
        if self._login is not None and not (
            isinstance(answer, Fault) and answer.code not in _ONLY_TO_THE_KNOWN
        ):
            self._login.accepted(ticket)


def _refused(answer: object) -> bool:
    return isinstance(answer, Fault) and answer.code is Code.UNAUTHENTICATED
