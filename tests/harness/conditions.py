"""What can be the matter with a store or a secret, as rows that tests drive and a page of docs shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of one store.

    `reason` is what a placement shows, None when the secret is read. `retried` says whether the sweep asks
    again at once, `may_delete` whether the answer counts as "not found" for `whenSecretNotFound: Delete`.
    """

    name: str
    reason: Reason | None
    retried: bool
    may_delete: bool
