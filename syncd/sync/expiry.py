"""What its store says has expired is not published, and what will is known before; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.mapping.settings import EXPIRY_WARNING
from syncd.model.errors import SecretExpired, StoreError
from syncd.model.times import utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched


@dataclass(frozen=True, slots=True)
class Expiring:
    """When the first secret of a placement expires, in Unix seconds; None when none ever does.

    `soon` says that the mapping wants a warning by now, and that it has not come to it yet.
    """

    expires: float | None = None
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Expiries:
    """What the stores say of one sweep's secrets, in Unix seconds; `warning` is seconds before the expiry."""

    times: Mapping[SecretRef, float] = field(default_factory=dict)
    now: float = 0.0
    warning: float = EXPIRY_WARNING

    def of(self, placement: Placement, fetched: Mapping[SecretRef, Fetched]) -> Expiring | None:
        """Return when a placement expires; None when it is not known: a store did not answer."""
        answers = (fetched.get(ref) for ref in placement.refs)
        if any(
            isinstance(answer, StoreError) and not isinstance(answer, SecretExpired) for answer in answers
        ):
            return None
        expires = min((self.times[ref] for ref in placement.refs if ref in self.times), default=None)
        soon = expires is not None and 0 < expires - self.now <= self.warning
        return Expiring(expires, soon)


def expiries(fetched: Mapping[SecretRef, Fetched], now: float, warning: float) -> Expiries:
    """Return what the answers say of their expiry.

    Args:
        fetched: the answers of the stores.
        now: in Unix seconds.
        warning: seconds before an expiry at which it is soon.

    """
    times = {
        ref: answer.expires.timestamp()
        for ref, answer in fetched.items()
        if not isinstance(answer, StoreError) and answer.expires is not None
    }
    return Expiries(times, now, warning)


def without_expired(fetched: Mapping[SecretRef, Fetched], known: Expiries) -> Mapping[SecretRef, Fetched]:
    """Return the answers, with an error for each secret that its store says is no longer valid."""
    over = {ref: expires for ref, expires in known.times.items() if expires <= known.now}
    return {**fetched, **{ref: _expired(ref, expires) for ref, expires in over.items()}} if over else fetched


def _expired(ref: SecretRef, expires: float) -> SecretExpired:
    since = utc(expires)
    return SecretExpired(
        f"{ref}: its store says that it expired at {since}; write a new version, or move its expiry there"
    )
