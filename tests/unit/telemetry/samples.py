"""What the tests of telemetry talk about: one placement, its outcomes, and a clock set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from syncd.model.events import StateChanged
from syncd.model.names import CredentialId, ObjectRef, PlacementId
from syncd.model.objects import Outcome, Refusal
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from syncd.model.events import Event
    from syncd.model.reasons import Reason, State

CANARY = "c4n4ry-in-a-store-path"
STORE = StoreName("platform")
PLACEMENT = PlacementId(CredentialId("models-s3"), "team-a")


@dataclass
class Clock:
    """Unix seconds, moved by the test."""

    time: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time that it is now."""
        return self.time


class Tell(Protocol):
    """Tells events to a listener and returns the lines that it wrote: level, words, fields."""

    def __call__(self, *events: Event) -> list[tuple[str, str, dict[str, Any]]]:
        """Tell them in order."""
        ...


def outcome(*reasons: Reason, state: State | None = None, **fields: Any) -> Outcome:
    """Return an outcome of PLACEMENT, in the state of its first reason."""
    return Outcome(PLACEMENT, state or reasons[0].state, reasons, **fields)


def changed(after: Outcome, before: Outcome | None = None, **fields: Any) -> StateChanged:
    """Return what is emitted for an outcome: the Secret models-s3 in its namespace, from STORE."""
    ref = ObjectRef(after.placement.namespace, after.placement.credential)
    stores: tuple[StoreName, ...] = (STORE,)
    return StateChanged(before, after, secret=ref, stores=stores, **fields)


def refusal(reason: Reason) -> Refusal:
    """Return a refusal whose texts hold the path of a remote secret, as they may."""
    return Refusal(PLACEMENT, reason, CANARY, "its value is empty", f"fix {CANARY}")
