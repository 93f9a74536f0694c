"""A login as the reads use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import hvac

    from syncd.stores.vault.auth.method import Grant

RENEW_AT: Final = 2 / 3
"""Share of its life after which a token is renewed."""


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """A token in a client of its own, and how long it is good for; times on the clock of deadlines.

    `expires_at` and `renew_at` are None for a token that does not expire, or of which we do not know it.
    """

    client: hvac.Client
    grant: Grant
    expires_at: float | None
    renew_at: float | None

    @classmethod
    def of(cls, client: hvac.Client, grant: Grant, asked_at: float) -> Lease:
        """Make the lease of a grant; its time counts from before it was asked for."""
        if grant.seconds is None:
            return cls(client, grant, None, None)
        return cls(client, grant, asked_at + grant.seconds, asked_at + grant.seconds * RENEW_AT)
