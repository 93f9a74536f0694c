"""How outcomes are spoken of, in log lines, metrics and Kubernetes Events alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from syncd.model.events import StateChanged
    from syncd.model.objects import Outcome

WRITTEN: Final = {
    Reason.PUBLISHED: "published",
    Reason.ROTATED: "rotated",
    Reason.ADOPTED: "adopted",
    Reason.DRIFT_REPAIRED: "drift repaired",
}
"""Reasons that stand for a write, and the word for it."""

_OF_THE_STORE: Final = frozenset(
    {
        Reason.STORE_UNAVAILABLE,
        Reason.RATE_LIMITED,
        Reason.AUTHENTICATION_FAILED,
        Reason.CLUSTER_UNAVAILABLE,
    }
)


EXPIRES_SOON: Final = "ExpiresSoon"
"""The word for a secret that will expire: it is no state of its placement, so it is no reason."""


def leading_reason(outcome: Outcome) -> Reason | None:
    """Return the reason that made the state what it is; None if the outcome gives no reason at all."""
    own = (reason for reason in outcome.reasons if reason.state is outcome.state)
    # Pending is also the state of a Stale reason as long as nothing is published.
    return next(own, outcome.reasons[0] if outcome.reasons else None)


def of_the_store(outcome: Outcome) -> bool:
    """Tell whether everything that is wrong is the whole store's or the cluster's, not this secret's."""
    wrong = [reason for reason in outcome.reasons if reason not in WRITTEN]
    return bool(wrong) and all(reason in _OF_THE_STORE for reason in wrong)


def is_missing_optional(change: StateChanged) -> bool:
    """Tell whether all that is wrong is that a secret is missing which the mapping lets be missing."""
    return change.optional and leading_reason(change.after) is Reason.SECRET_NOT_FOUND
