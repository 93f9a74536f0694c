"""Tells a secret that is gone from a source that was edited and is not there; pure (rule 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from syncd.model.names import SOURCE
from syncd.model.reasons import Reason
from syncd.sync.ownership import owner_of
from syncd.sync.records import sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedState, Refusal
    from syncd.model.secret import StoreName

_REMEDY: Final = "Correct the source in the mapping; what is published came from another one, and stays"


def with_edited_sources(
    refusals: Iterable[Refusal],
    placements: Iterable[Placement],
    observed: ObservedState,
    *,
    instance: Instance,
    addresses: Mapping[StoreName, str],
) -> tuple[Refusal, ...]:
    """Return the refusals, `SecretNotFound` replaced where what is published came from another source.

    Args:
        refusals: of rendering.
        placements: of this sweep.
        observed: for the sources that are recorded on our Secrets.
        instance: whose Secrets are ours.
        addresses: store → what tells it from every other, as in the records.

    """
    edited = {
        placement.id
        for placement in placements
        if (have := observed.secrets.get(placement.secret)) is not None
        and owner_of(have, instance) == placement.id.credential
        and have.annotations.get(SOURCE) != sources(placement, addresses)
    }
    return tuple(
        replace(refusal, reason=Reason.SOURCE_NOT_FOUND, remedy=_REMEDY)
        if refusal.reason is Reason.SECRET_NOT_FOUND and refusal.placement in edited
        else refusal
        for refusal in refusals
    )
