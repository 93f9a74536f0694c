"""Why a login with Google failed, in words of ours: google-auth's errors hold whole answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.auth.exceptions import DefaultCredentialsError

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.stores.transport_error import chain

if TYPE_CHECKING:
    from syncd.stores.gcp.identity import Identity

_NOT_ENABLED: Final = "the IAM Credentials API is not enabled (iamcredentials.googleapis.com)"
_NO_WORKLOAD_IDENTITY: Final = (
    "the metadata server refuses a token: is the Kubernetes ServiceAccount allowed to be the Google one"
    " (roles/iam.workloadIdentityUser)?"
)
_HINTS: Final = (
    ("service_disabled", _NOT_ENABLED),
    ("has not been used in project", _NOT_ENABLED),
    ("invalid_grant", "Google does not take it: deleted, disabled or expired, or the clock is wrong"),
    ("invalid_target", "no such workload identity pool or provider; see `audience` in the file"),
    ("unauthorized_client", "the account may not ask for this"),
    ("invalid_request", "Google does not understand the request for a token"),
    ("invalid_scope", "the node or account has no scope cloud-platform"),
    ("unknown service account", "no such service account"),
    ("not_found", "no such service account"),
    ("unauthenticated", "IAM does not take the token of the account that impersonates"),
    ("unable to acquire impersonated credentials", "{impersonation}"),
    ("iam.serviceaccounts.getaccesstoken", "{impersonation}"),
    ("status: 403", _NO_WORKLOAD_IDENTITY),
    ("status: 404", "the metadata server has no service account for this pod"),
    ("was not found", "a file that the credentials name is not there; is it mounted?"),
)


def explain_login(error: BaseException, identity: Identity, outage: str | None) -> StoreError:
    """Return what to tell of a login that failed.

    Args:
        error: what google-auth raised.
        identity: as whom the login was tried.
        outage: what the last HTTP request of the login met, None when it was answered.

    """
    links = chain(error)
    if any(isinstance(link, DefaultCredentialsError) for link in links):
        return AuthenticationFailed(
            f"{identity}: there are none, or not in a form that is known; on GKE is workload identity on,"
            " elsewhere GOOGLE_APPLICATION_CREDENTIALS set?"
        )
    if outage is not None:
        return StoreUnavailable(f"{identity}: {outage}")
    text = " ".join(str(link) for link in links).lower()
    impersonation = (
        f"may not impersonate {identity.last}: needs roles/iam.serviceAccountTokenCreator on it, each in"
        " `impersonate` on the next"
        if identity.last
        else "may not impersonate the account that its file names: needs roles/iam.workloadIdentityUser on it"
    )
    why = next((words for needle, words in _HINTS if needle in text), f"refused ({type(error).__name__})")
    return AuthenticationFailed(f"{identity}: {why.format(impersonation=impersonation)}")
