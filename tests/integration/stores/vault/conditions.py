"""What can be the matter with Vault or OpenBao, or one of its secrets."""

from __future__ import annotations

from typing import Final

from syncd.model.reasons import Reason
from tests.harness.conditions import Condition

VAULT: Final = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version missing", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version disabled or deleted", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version destroyed", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version pinned in KV version 1", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("mount missing", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("mount of another engine", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition(
        "mount missing, after it was read", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False
    ),
    Condition("namespace missing", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("login refused", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login mount missing", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login expired", None, retried=False, may_delete=False),
    Condition(
        "login expired, and refused since", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False
    ),
    Condition("throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("throttled, with delay", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("login throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("standby behind", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("disaster recovery secondary", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("performance standby", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("sealed", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("5xx", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("redirect", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("timeout", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("connection refused", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("host name not known", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("TLS not trusted", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer cut short", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("proxy's page instead of an answer", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer without data", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("path with data/", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
)
