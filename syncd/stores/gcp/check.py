"""What `syncd check` finds: whether Secret Manager answers at all, and whether it knows us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AccessDenied,
    StoreError,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.gcp.errors import Question, error_of
from syncd.stores.gcp.faults import Code, Fault
from syncd.stores.gcp.reader import access
from syncd.stores.gcp.ticket import NOBODY
from syncd.stores.interface import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.model.secret import StoreName
    from syncd.stores.gcp.names import Name
    from syncd.stores.gcp.session import GcpSession

NO_SECRET: Final = "syncd-check-asks-for-no-secret"
"""Id of a secret that nobody has: asking for it reaches the API and reads nothing."""


def check(
    store: StoreName, session: GcpSession, name: Name, transport: str, deadline: float
) -> Sequence[Finding]:
    """Reach the API without a login, then with it, and say as whom; reads no secret.

    Args:
        store: the user's name of the store.
        session: what is asked over.
        name: that of a secret which does not exist.
        transport: `grpc` or `rest`, for the text.
        deadline: on `time.monotonic()`.

    """
    where = f"store {store} ({session.wire.host}, {transport})"
    try:
        answer: object = session.wire.ask(access, name.version(None), NOBODY, deadline)
    except StoreError as error:
        return [Finding("reachable", "", error.with_traceback(None))]
    nobody = Question(where, name.secret, NOBODY.account)
    if isinstance(answer, Fault) and isinstance(error_of(answer, nobody), StoreUnavailable):
        return [Finding("reachable", "", StoreUnavailable(f"{where}: {answer.detail}"))]
    return [
        Finding("reachable", f"{session.wire.host} answers over {transport}"),
        _authenticated(where, session, name, deadline),
    ]


def _authenticated(where: str, session: GcpSession, name: Name, deadline: float) -> Finding:
    try:
        answer: object = session.ask(access, name.version(None), deadline)
        account = session.ticket(deadline).account
    except StoreError as error:
        return Finding("authenticated", "", error.with_traceback(None))
    detail = "no login is sent to an http:// endpoint" if account == NOBODY.account else f"as {account}"
    if not isinstance(answer, Fault) or answer.code is Code.NOT_FOUND:
        return Finding("authenticated", detail)
    wrong = error_of(answer, Question(where, name.secret, account))
    if isinstance(wrong, AccessDenied | VersionUnavailable):
        # Known, and not allowed to read what nobody has: that is as it should be.
        return Finding("authenticated", detail)
    return Finding("authenticated", "", wrong)
