"""What can be the matter with Secret Manager or one of its secrets, and what syncd makes of it."""

from __future__ import annotations

from syncd.model.reasons import Reason
from tests.harness.conditions import Condition

CONDITIONS = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition(
        "secret missing, metadata not granted", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False
    ),
    Condition("version missing", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("no version yet", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version disabled or deleted", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version destroyed", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("API not enabled", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("login refused", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login expired", None, retried=False, may_delete=False),
    Condition("impersonation refused", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("token service down", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("throttled, with delay", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("5xx", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("timeout", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("connection refused", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("TLS not trusted", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer cut short", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("proxy's page instead of an answer", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("checksum wrong", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("checksum stays wrong", Reason.INVALID_PAYLOAD, retried=False, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("value absent", Reason.INVALID_PAYLOAD, retried=False, may_delete=False),
)
