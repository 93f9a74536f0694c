"""What happened: frozen events of stores, cluster and sync, heard by telemetry; no secret is in them."""

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
class StoreNotice:
    """A store works, and somebody should know at what cost, or for how long; `message` is fit for logs."""

    store: StoreName
    message: str


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

    verb: Literal["create", "update", "adopt", "bind", "entries", "release", "shorten", "delete"]
    kind: Literal["Secret", "ServiceAccount"]
    ref: ObjectRef
    placements: tuple[PlacementId, ...]
    values: tuple[str, ...]
    shape: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A placement's state, reasons or version are other than after its last sweep, or it was written.

    `before` is None the first time. `secret` is the Secret that it is published as, there or not, and `uid`
    that Secret's, where known; `stores` are those that its fields come from. `optional` says that the mapping
    lets the remote secret be missing. `fields` names the fields or properties that the refusals are about,
    and `remote` the version that the store has now: a Kubernetes Event may quote these two, and no other
    text, since the texts of a refusal may hold a store's paths. `lag` is how many seconds passed between the
    version's making in the store and our write.
    """

    before: Outcome | None
    after: Outcome
    secret: ObjectRef | None = None
    uid: str | None = None
    stores: tuple[StoreName, ...] = ()
    optional: bool = False
    fields: tuple[str, ...] = ()
    remote: str | None = None
    lag: float | None = None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh a placement is: told for each one at the end of each of its sweeps, whatever came out.

    Both are Unix times in seconds. `last_success` is None before the first; `stale_after` is when somebody
    should be told that it was not synced in time, None when nobody should (a missing optional secret, or
    suspended).
    """

    placement: PlacementId
    last_success: float | None
    stale_after: float | None


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the secrets of a placement expire is other than it was, or has come near.

    `expires` is the earliest of them, a Unix time in seconds; None when none expires any more. `soon` says
    that it is as near as the mapping wants to be warned of, and not over. `secret` is the Secret that it is
    published as, there or not, and `uid` that Secret's, where known.
    """

    placement: PlacementId
    expires: float | None
    soon: bool
    secret: ObjectRef
    uid: str | None = None


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
class SweepFailed:
    """A sweep came to no end: no API server could be reached, or we have a bug; `error` is fit for logs."""

    group: str
    cause: Literal["cluster", "bug"]
    error: str


@dataclass(frozen=True, slots=True)
class MappingRead:
    """The mapping was read again: `problems` are its errors, `accepted` whether any of it is in force.

    `credentials` counts those that are in force as written, `refused` the others. `stores` are those in
    force, None when that is not said; the series of all others are dropped.
    """

    valid: bool
    accepted: bool
    credentials: int
    refused: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    stores: frozenset[StoreName] | None = None


@dataclass(frozen=True, slots=True)
class PlanHeld:
    """So many removals or reshapes wait for `syncd confirm ID`, over a limit; none any more without an `id`.

    `limit` as the mapping says it: a number, or a percentage.
    """

    kind: Literal["removals", "reshapes"]
    id: str = ""
    count: int = 0
    limit: str = ""


@dataclass(frozen=True, slots=True)
class ListenerFailed:
    """A listener raised; `error` is the name of the exception's class. The others hear of it."""

    listener: str
    error: str


Event: TypeAlias = (
    "StoreRequest | StoreHealth | StoreNotice | ApiRequest | ObjectWritten | StateChanged | Freshness"
    " | Expiry | PlacementGone | SweepFinished | SweepFailed | MappingRead | PlanHeld | ListenerFailed"
)
Emit: TypeAlias = Callable[["Event"], None]
