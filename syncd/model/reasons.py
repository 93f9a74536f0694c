"""States and reasons: one vocabulary for logs, Events, metrics, status, CLI and docs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """State of a placement: the worst of its Secret, bindings and entry."""

    SYNCED = "Synced"
    STALE = "Stale"
    PENDING = "Pending"
    REFUSED = "Refused"
    SUSPENDED = "Suspended"
    RETAINED = "Retained"


_SEVERITY: Final = (
    State.RETAINED,
    State.SUSPENDED,
    State.SYNCED,
    State.STALE,
    State.PENDING,
    State.REFUSED,
)


def worst(states: Iterable[State]) -> State:
    """Return the worst of the states: Refused > Pending > Stale > Synced; `Synced` of none."""
    return max(states, key=_SEVERITY.index, default=State.SYNCED)


class Reason(StrEnum):
    """Why a placement is in its state; a public constant, explained in docs/reasons.md."""

    PUBLISHED = "Published"
    ROTATED = "Rotated"
    ADOPTED = "Adopted"
    DRIFT_REPAIRED = "DriftRepaired"

    STORE_UNAVAILABLE = "StoreUnavailable"
    RATE_LIMITED = "RateLimited"
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    ACCESS_DENIED = "AccessDenied"
    STORE_MISCONFIGURED = "StoreMisconfigured"
    SECRET_NOT_FOUND = "SecretNotFound"
    SOURCE_NOT_FOUND = "SourceNotFound"
    VERSION_UNAVAILABLE = "VersionUnavailable"
    CLUSTER_UNAVAILABLE = "ClusterUnavailable"

    PROPERTY_NOT_FOUND = "PropertyNotFound"
    EMPTY_VALUE = "EmptyValue"
    INVALID_VALUE = "InvalidValue"
    INVALID_PAYLOAD = "InvalidPayload"
    EXPIRED = "Expired"
    TEMPORARY_CREDENTIAL = "TemporaryCredential"
    FOREIGN_SECRET = "ForeignSecret"
    FOREIGN_CONTROLLER = "ForeignController"
    FOREIGN_ENTRY = "ForeignEntry"
    COPY_OF_OURS = "CopyOfOurs"
    CLAIMED_BY = "ClaimedBy"
    OWNERSHIP_LOST = "OwnershipLost"
    TYPE_MISMATCH = "TypeMismatch"
    SECRET_IMMUTABLE = "SecretImmutable"
    OBJECT_TOO_LARGE = "ObjectTooLarge"
    CONFLICT = "Conflict"
    MANAGED_BY_ODH = "ManagedByODH"
    MAPPING_INVALID = "MappingInvalid"
    FORBIDDEN = "Forbidden"
    ADMISSION_DENIED = "AdmissionDenied"
    QUOTA_EXCEEDED = "QuotaExceeded"

    NAMESPACE_MISSING = "NamespaceMissing"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    SERVICE_ACCOUNT_NOT_FOUND = "ServiceAccountNotFound"
    BEING_DELETED = "BeingDeleted"
    HALF_ROTATED = "HalfRotated"
    HELD = "Held"
    KSERVE_CONFIG_INVALID = "KServeConfigInvalid"

    SUSPENDED = "Suspended"
    UNMAPPED = "Unmapped"
    STILL_REFERENCED = "StillReferenced"

    @property
    def state(self) -> State:
        """The state that this reason belongs to."""
        return _STATES[self]


_OF_STATE: Final = {
    State.SYNCED: (
        Reason.PUBLISHED,
        Reason.ROTATED,
        Reason.ADOPTED,
        Reason.DRIFT_REPAIRED,
    ),
    State.STALE: (
        Reason.STORE_UNAVAILABLE,
        Reason.RATE_LIMITED,
        Reason.AUTHENTICATION_FAILED,
        Reason.ACCESS_DENIED,
        Reason.STORE_MISCONFIGURED,
        Reason.SECRET_NOT_FOUND,
        Reason.SOURCE_NOT_FOUND,
        Reason.VERSION_UNAVAILABLE,
        Reason.CLUSTER_UNAVAILABLE,
    ),
    State.PENDING: (
        Reason.NAMESPACE_MISSING,
        Reason.NAMESPACE_TERMINATING,
        Reason.SERVICE_ACCOUNT_NOT_FOUND,
        Reason.BEING_DELETED,
        Reason.HALF_ROTATED,
        Reason.HELD,
        Reason.KSERVE_CONFIG_INVALID,
    ),
    State.SUSPENDED: (Reason.SUSPENDED,),
    State.RETAINED: (Reason.UNMAPPED, Reason.STILL_REFERENCED),
}

_STATES: Final = dict.fromkeys(Reason, State.REFUSED) | {
    reason: state for state, reasons in _OF_STATE.items() for reason in reasons
}
