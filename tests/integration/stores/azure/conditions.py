"""What can be the matter with a vault of Azure Key Vault, with its secrets, and with our login."""

from __future__ import annotations

from typing import Final

from syncd.model.reasons import Reason
from tests.harness.conditions import Condition

AZURE: Final = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version missing", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version disabled or deleted", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("deleted, and recoverable", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("not valid yet", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("denied by an access policy", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("denied by firewall", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("login refused", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login expired", None, retried=False, may_delete=False),
    Condition(
        "login expired, and refused again", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False
    ),
    Condition("Entra down", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("throttled, with delay", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("5xx", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("timeout", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("connection refused", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("TLS not trusted", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer cut short", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("proxy's page instead of an answer", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("redirect", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("challenge of another domain", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("value absent", Reason.INVALID_PAYLOAD, retried=False, may_delete=False),
)
