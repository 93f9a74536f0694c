"""What happened: frozen values emitted by stores, cluster and sync, heard by telemetry. No value is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from syncd.model.names import ObjectRef, PlacementId
    from syncd.model.objects import Outcome
    from syncd.model.reasons import Reason
    from syncd.model.secret import StoreName


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A store was asked once; `outcome` is `ok` or a reason, `seconds` how long it took."""

    store: StoreName
    operation: Literal["fetch", "login", "check"]
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """A store became available or unavailable; `next_try` in seconds, None when it is up."""

    store: StoreName
    up: bool
    reason: Reason | None
    message: str
    next_try: float | None


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The API server was asked once; `code` is the HTTP status, 0 when there was no answer."""

    verb: str
    resource: str
    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ObjectWritten:
    """One write succeeded: which object, for which placements, names of what changed."""

    verb: Literal["create", "update", "bind", "entries"]
    kind: Literal["Secret", "ServiceAccount"]
    ref: ObjectRef
    placements: tuple[PlacementId, ...]
    values: tuple[str, ...]
    shape: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A placement's state or reasons are other than after its last sweep; `before` is None the first time."""

    before: Outcome | None
    after: Outcome


@dataclass(frozen=True, slots=True)
class PlacementGone:
    """A placement is no longer mapped: its series are to be dropped."""

    placement: PlacementId


@dataclass(frozen=True, slots=True)
class SweepFinished:
    """One sweep ended: how long it took in seconds, and how many placements are in which state."""

    group: str
    seconds: float
    placements: int
    refused: int
    writes: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class MappingRead:
    """The mapping was read again: `problems` are its messages, `accepted` whether any of it is in force."""

    valid: bool
    accepted: bool
    credentials: int
    refused: int
    problems: tuple[str, ...]


Event: TypeAlias = (
    "StoreRequest | StoreHealth | ApiRequest | ObjectWritten | StateChanged | PlacementGone"
    " | SweepFinished | MappingRead"
)
Emit: TypeAlias = Callable[["Event"], None]
