"""What a login gives: a token that goes into every request, and until when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

RENEWED_BEFORE: Final = 225.0
"""Seconds before its end at which a token is renewed: metadata servers give the old one until then."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token of `account`, renewed from `renew_at` on and good until `ends_at`, on the clock of deadlines.

    `headers` are what a request carries: name → value.
    """

    account: str
    headers: Mapping[str, SecretValue]
    renew_at: float
    ends_at: float

    @classmethod
    def of(cls, account: str, headers: Mapping[str, str], left: dt.timedelta | None, now: float) -> Ticket:
        """Return the ticket of a token that is good for as long as is `left`, for ever when None."""
        hidden = {name: SecretValue(value.encode("latin-1")) for name, value in headers.items()}
        if left is None:
            return cls(account, hidden, math.inf, math.inf)
        ends_at = now + left.total_seconds()
        return cls(account, hidden, ends_at - min(RENEWED_BEFORE, left.total_seconds() / 2), ends_at)

    def metadata(self) -> list[tuple[str, str]]:
        """Return the headers as they are sent."""
        return [(name, value.reveal().decode("latin-1")) for name, value in self.headers.items()]


NOBODY: Final = Ticket("nobody", {}, math.inf, math.inf)
"""For endpoints that are sent no login."""
