"""Whose remote secret is gone for good: `whenSecretNotFound: Delete` acts on nothing less (rule 3).

Three sweeps in a row that span ten minutes, in each of which the store said in its own words that the very
source is not there which wrote the object, while another read of that store succeeded. Everything else begins
the count anew: an outage, a denial, an edited source, a store whose every secret is gone, a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import SecretNotFound, StoreError
from syncd.model.names import SOURCE
from syncd.sync.ownership import owner_of
from syncd.sync.records import sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance, PlacementId
    from syncd.model.objects import ObservedState
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched

SWEEPS: Final = 3
"""In how many sweeps in a row the secret has to be gone."""
SPAN: Final = 600.0
"""Seconds that have to pass between the first and the last of them."""


@dataclass(frozen=True, slots=True)
class Absence:
    """In how many sweeps a secret was not there: `since` and `last` in seconds of the engine's clock."""

    since: float
    last: float
    sweeps: int = 1

    def again(self, at: float) -> Absence:
        """Return it with one more sweep; the same sweep is not counted twice."""
        return self if at == self.last else Absence(self.since, at, self.sweeps + 1)

    @property
    def lasting(self) -> bool:
        """Tell whether that is long enough."""
        return self.sweeps >= SWEEPS and self.last - self.since >= SPAN


class Absences:
    """Counts, in memory only; used by one sweep at a time."""

    def __init__(self) -> None:
        """Start from zero."""
        self._known: dict[PlacementId, Absence] = {}

    def count(
        self, placements: Iterable[Placement], missing: frozenset[PlacementId], at: float
    ) -> frozenset[PlacementId]:
        """Account for one sweep, and return those of its placements whose secret is gone for good.

        Args:
            placements: of this sweep.
            missing: those whose secret `is_missing` says is not there.
            at: when the sweep began, in seconds of the engine's clock.

        """
        for placement in placements:
            known = self._known.pop(placement.id, None)
            if placement.id in missing:
                self._known[placement.id] = Absence(at, at) if known is None else known.again(at)
        return frozenset(
            placement.id
            for placement in placements
            if placement.id in missing and self._known[placement.id].lasting
        )


def missing_secrets(
    placements: Iterable[Placement],
    fetched: Mapping[SecretRef, Fetched],
    observed: ObservedState,
    *,
    instance: Instance,
    addresses: Mapping[StoreName, str],
) -> frozenset[PlacementId]:
    """Return the placements with policy Delete whose every secret its store said is not there.

    Only where what is published came from these very sources, by its own record, and each of these stores
    answered something else in the same sweep.
    """
    answering = {ref.store for ref, answer in fetched.items() if not isinstance(answer, StoreError)}
    return frozenset(
        placement.id
        for placement in placements
        if placement.credential.deletion.when_secret_not_found == "Delete"
        and placement.refs
        and all(isinstance(fetched.get(ref), SecretNotFound) for ref in placement.refs)
        and all(ref.version is None and ref.store in answering for ref in placement.refs)
        and _came_from_there(placement, observed, instance, addresses)
    )


def _came_from_there(
    placement: Placement,
    observed: ObservedState,
    instance: Instance,
    addresses: Mapping[StoreName, str],
) -> bool:
    have = observed.secrets.get(placement.secret)
    if have is None or owner_of(have, instance) != placement.id.credential:
        return False
    return have.annotations.get(SOURCE) == sources(placement, addresses)
