"""A credential of several secrets that rotate one after the other: half of a new pair is held back; pure.

What is published stays until every secret has changed that could, or until `from.settle` has passed since
only a part of them was first seen changed. A pinned version never changes, so nobody waits for it. What was
never published from these sources has no half: it is published as it is found.

When that was is remembered by the process. One that looks for the first time (after a restart, and in each
run of `syncd sync`) takes the time when the changed secrets were made, where their stores tell it; where they
do not, it counts from this look. The time in the store counts then only: a version may be made long before it
becomes the current one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from syncd.model.names import PlacementId
from syncd.model.objects import DesiredState, Refusal
from syncd.model.reasons import Reason
from syncd.model.times import utc
from syncd.sync.standing import publications, standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.objects import DesiredEntry
    from syncd.model.secret import SecretRef
    from syncd.sync.standing import Print, Publication, Standing, View


@dataclass(frozen=True, slots=True)
class Moment:
    """When a sweep looks: `at` on the engine's clock, which is never set; `now` in Unix seconds."""

    at: float
    now: float


@dataclass(frozen=True, slots=True)
class Settled:
    """What is wanted, and the placements of which only a half is there: nothing of theirs is written."""

    desired: DesiredState
    refused: Mapping[PlacementId, Refusal]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of a placement of several secrets.

    `against` are the recorded versions that it was compared with, `prints` stand for the secrets without
    versions as they were when all of them were published, `since` is when a half was first seen.
    """

    against: frozenset[str]
    prints: Mapping[SecretRef, Print] = field(default_factory=dict)
    since: float | None = None


class Halves:
    """Remembers, in memory only; used by one sweep at a time."""

    def __init__(self) -> None:
        """Know of no placement."""
        self._known: dict[PlacementId, _Known] = {}

    def forget(self, mapped: Iterable[PlacementId]) -> None:
        """Forget the placements that are not mapped any more."""
        if self._known:
            for gone in self._known.keys() - set(mapped):
                del self._known[gone]

    def settle(
        self, desired: DesiredState, placements: Iterable[Placement], view: View, moment: Moment
    ) -> Settled:
        """Return what may be written of what is desired, and what has to wait.

        Of what has settled the recorded version counts as a difference, so that a later look compares with
        the versions that are published and with no older ones.

        Args:
            desired: what was rendered.
            placements: of this sweep; those with one secret are left as they are.
            view: the answers of the stores, and the cluster.
            moment: when the sweep looks.

        """
        pairs = [placement for placement in placements if _is_pair(placement)]
        if not pairs:
            return Settled(desired, {})
        secrets, entries = dict(desired.secrets), dict(desired.entries)
        places = {PlacementId(one.credential, one.object.namespace): key for key, one in entries.items()}
        refused: dict[PlacementId, Refusal] = {}
        for placement in pairs:
            secret = secrets.get(placement.secret)
            if secret is None or secret.credential != placement.id.credential:
                continue  # refused already
            place = places.get(placement.id)
            entry: DesiredEntry | None = entries[place] if place is not None else None
            published = publications(secret, entry, view)
            half = self._half(placement, published, view, moment)
            if half is not None:
                # A version that changed nothing that we publish is waited for in silence.
                if not all(one.equal for one in published):
                    refused[placement.id] = half
                continue
            secrets[placement.secret] = replace(secret, versioned=True)
            if place is not None and entry is not None:
                entries[place] = replace(entry, versioned=True)
        return Settled(replace(desired, secrets=secrets, entries=entries), refused)

    def _half(
        self, placement: Placement, published: tuple[Publication, ...], view: View, moment: Moment
    ) -> Refusal | None:
        """Return the refusal of a placement of which only a half has changed; None when all of it may go."""
        known = self._known.get(placement.id)
        prints = known.prints if known is not None else {}
        against = frozenset(one.record for one in published)
        now = {ref: seen for ref in placement.refs if (seen := view.print_of(ref)) is not None}
        found = standings(placement, published, prints, view)
        if not published or not _is_half(found):
            self._known[placement.id] = _Known(against, now)
            return None
        made = _made(found, view)
        since = _since(known, against, made, moment)
        left = since + placement.credential.settle - moment.at
        if left <= 0:
            # Kept, should the write fail; with other prints the next look compares with what is there now.
            self._known[placement.id] = _Known(against, now, since if now == prints else None)
            return None
        self._known[placement.id] = _Known(against, prints, since)
        until = utc(moment.now + left) + ("" if made is not None else " if syncd is not restarted before")
        return _refusal(placement, found, until)


def _is_pair(placement: Placement) -> bool:
    return not placement.suspended and len(placement.sources) > 1 and len(placement.refs) > 1


def _is_half(found: Mapping[SecretRef, Standing]) -> bool:
    """Tell whether some have changed, or may have, and others could and have not, or may not have."""
    waiting = any(each != "changed" and ref.version is None for ref, each in found.items())
    return waiting and any(each != "same" for each in found.values())


def _made(found: Mapping[SecretRef, Standing], view: View) -> float | None:
    """Return when the newest of what changed was made, in Unix seconds; None where no store says it."""
    changed = [view.answer(ref) for ref, each in found.items() if each != "same"]
    made = [answer.created for answer in changed if answer is not None and answer.created is not None]
    return max(made).timestamp() if made and len(made) == len(changed) else None


def _since(known: _Known | None, against: frozenset[str], made: float | None, moment: Moment) -> float:
    """Return when a half was first seen, on the clock; anew once all that it is compared with was written."""
    if known is not None:
        return known.since if known.since is not None and known.against & against else moment.at
    return moment.at if made is None else moment.at - max(0.0, moment.now - made)


def _refusal(placement: Placement, found: Mapping[SecretRef, Standing], until: str) -> Refusal:
    return Refusal(
        placement.id,
        Reason.HALF_ROTATED,
        f"Secret {placement.secret}",
        f"{_told(found)}; what is published stays until all of them have changed, or until {until}",
        "Rotate the others too; from.settle says how long that may take, and with settle: 0s nothing waits",
        placement.credential.origin,
    )


def _told(found: Mapping[SecretRef, Standing]) -> str:
    changed = _listing(ref for ref, each in found.items() if each == "changed")
    same = _listing(ref for ref, each in found.items() if each == "same" and ref.version is None)
    unknown = _listing(ref for ref, each in found.items() if each == "unknown")
    parts = [f"{changed} changed" if changed else "", f"{same} not" if same else ""]
    parts.append(f"of {unknown} it is not known, as the store has no versions" if unknown else "")
    return ", ".join(part for part in parts if part)


def _listing(refs: Iterable[SecretRef]) -> str:
    return " and ".join(str(ref) for ref in sorted(refs, key=str))
