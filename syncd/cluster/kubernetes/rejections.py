"""What an error of the API server means for a write. Only code, reason and causes are there to tell by."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from syncd.cluster.interface import Rejected
from syncd.cluster.manifest import KINDS
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from syncd.cluster.manifest import Resource
    from syncd.kube.transport import ApiError
    from syncd.model.names import ObjectRef

_TERMINATING: Final = "NamespaceTerminating"
_FIELD_TOO_LONG: Final = "FieldValueTooLong"
_FIELD_FORBIDDEN: Final = "FieldValueForbidden"


@dataclass(frozen=True, slots=True)
class _Verdict:
    reason: Reason
    means: str
    remedy: str
    again: bool = False


_MOVED: Final = _Verdict(
    Reason.CONFLICT,
    "somebody else wrote it, or it is there already",
    "It is read and planned again",
    again=True,
)
_GONE: Final = _Verdict(Reason.CONFLICT, "it is gone", "It is read and planned again", again=True)
_NO_NAMESPACE: Final = _Verdict(
    Reason.NAMESPACE_MISSING,
    "there is no such namespace",
    "Create the namespace, or take it out of the mapping",
)
_NAMESPACE_GOING: Final = _Verdict(
    Reason.NAMESPACE_TERMINATING, "the namespace is being deleted", "Nothing, or take it out of the mapping"
)
_RBAC_OR_QUOTA: Final = _Verdict(
    Reason.FORBIDDEN,
    "RBAC does not allow it, or a ResourceQuota is used up (no safe part of the answer says which)",
    "Compare `kubectl auth can-i` for syncd's ServiceAccount with deploy/, and `kubectl describe quota`",
)
_ADMISSION: Final = _Verdict(
    Reason.ADMISSION_DENIED,
    "an admission webhook or policy denied it",
    "Find which in the API server's audit log; allow syncd's ServiceAccount there",
)
_LARGE: Final = _Verdict(
    Reason.OBJECT_TOO_LARGE, "it is larger than the API server takes", "Make the values smaller, or split it"
)
_TYPE: Final = _Verdict(
    Reason.TYPE_MISMATCH, "its type cannot be changed", "Delete the Secret, or choose another name"
)
_IMMUTABLE: Final = _Verdict(
    Reason.SECRET_IMMUTABLE, "it is immutable", "Delete the Secret, or choose another name"
)
_INVALID_FIELD: Final = _Verdict(
    Reason.INVALID_VALUE,
    "a name or value in it is not valid",
    "Correct the field that is named in the mapping",
)
_BUSY: Final = _Verdict(
    Reason.CLUSTER_UNAVAILABLE,
    "the API server could not do it now (a failing admission webhook looks the same)",
    "It is tried again with the next sweep",
)


def rejected(error: ApiError, resource: Resource, ref: ObjectRef, *, creating: bool) -> Rejected:
    """Return what the error means; its text holds no message of the API server."""
    verdict = _verdict(error, creating=creating)
    return Rejected(
        verdict.reason,
        f"{KINDS[resource]} {ref}: {verdict.means} ({error})",
        verdict.remedy,
        again=verdict.again,
    )


def _verdict(error: ApiError, *, creating: bool) -> _Verdict:
    match error.code:
        case HTTPStatus.CONFLICT:
            return _MOVED
        case HTTPStatus.NOT_FOUND:
            return _NO_NAMESPACE if creating else _GONE
        case HTTPStatus.FORBIDDEN:
            return _forbidden(error)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return _LARGE
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return _invalid(error)
        case code if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _BUSY
        case _:
            return _ADMISSION


def _forbidden(error: ApiError) -> _Verdict:
    reasons = {reason for reason, _ in error.causes}
    if _TERMINATING in reasons:
        return _NAMESPACE_GOING
    return _ADMISSION if error.causes else _RBAC_OR_QUOTA


def _invalid(error: ApiError) -> _Verdict:
    """Tell apart what validation names by its field; a policy's denial names none."""
    fields = {where: reason for reason, where in error.causes if where}
    if not fields:
        return _ADMISSION
    if _FIELD_TOO_LONG in fields.values():
        return _LARGE
    if "type" in fields:
        return _TYPE
    if _FIELD_FORBIDDEN in (fields.get("data"), fields.get("immutable")):
        return _IMMUTABLE
    return _INVALID_FIELD
