"""From what Secret Manager answered to the reasons that users see, with what to do.

Reasons of ErrorInfo: https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.gcp.faults import Code

if TYPE_CHECKING:
    from syncd.stores.gcp.faults import Fault

ACCESS: Final = "secretmanager.versions.access (roles/secretmanager.secretAccessor)"
"""What reading takes."""

_OF_THE_PROJECT: Final = {
    "SERVICE_DISABLED": "the Secret Manager API is not enabled: gcloud services enable"
    " secretmanager.googleapis.com (with your own gcloud login: gcloud auth application-default"
    " set-quota-project)",
    "BILLING_DISABLED": "billing is not enabled",
    "CONSUMER_INVALID": "there is no such project",
    "CONSUMER_SUSPENDED": "the project is suspended",
    "RESOURCE_PROJECT_INVALID": "there is no such project",
}
_DENIALS: Final = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "{account} has a token without the scope cloud-platform: give the node"
    " or pod that scope, or use workload identity",
    "SECURITY_POLICY_VIOLATED": "a perimeter of VPC Service Controls keeps {account} out of {secret}",
}
_DENIED: Final = "{account} may not read it, or there is no such secret: needs {access} on {secret}"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: in the words of the mapping, as a resource, and as whom."""

    ref: str
    secret: str
    account: str


def error_of(fault: Fault, question: Question) -> StoreError:
    """Return the error for a fault; NOT_FOUND is that of a version."""
    ref = question.ref
    if fault.reason in _OF_THE_PROJECT:
        project = question.secret.split("/")[1]
        return StoreMisconfigured(f"{ref}: project {project}: {_OF_THE_PROJECT[fault.reason]}")
    match fault.code:
        case Code.NOT_FOUND:
            return VersionUnavailable(f"{ref}: there is no such version, alias or secret")
        case Code.FAILED_PRECONDITION:
            return VersionUnavailable(f"{ref}: {fault.detail}")
        case Code.PERMISSION_DENIED:
            why = _DENIALS.get(fault.reason, _DENIED)
            return AccessDenied(
                f"{ref}: {why.format(account=question.account, access=ACCESS, secret=question.secret)}"
            )
        case Code.INVALID_ARGUMENT:
            return StoreMisconfigured(f"{ref}: Google calls it invalid; see `location` and `endpoint`")
        case Code.UNAUTHENTICATED:
            return AuthenticationFailed(f"{ref}: Google does not know {question.account}")
        case Code.RESOURCE_EXHAUSTED:
            return RateLimited(
                f"{ref}: a quota of the project is used up (accesses a minute)", retry_after=fault.retry_after
            )
        case _:
            return StoreUnavailable(f"{ref}: {fault.detail}", retry_after=fault.retry_after)
