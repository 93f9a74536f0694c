"""What can be the matter with AWS Secrets Manager or one of its secrets."""

from __future__ import annotations

from typing import Final

from syncd.model.reasons import Reason
from tests.harness.conditions import Condition

AWS: Final = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("secret missing, stage pinned", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("version missing", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("stage missing", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("scheduled for deletion", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("value absent", Reason.VERSION_UNAVAILABLE, retried=False, may_delete=False),
    Condition("value empty", Reason.INVALID_PAYLOAD, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("decryption denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("key disabled", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("batch not allowed", None, retried=False, may_delete=False),
    Condition("login refused", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login expired", None, retried=False, may_delete=False),
    Condition("role not to be assumed", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("no credentials", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("clock wrong", Reason.AUTHENTICATION_FAILED, retried=False, may_delete=False),
    Condition("login throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("login unavailable", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("throttled", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("throttled, with delay", Reason.RATE_LIMITED, retried=True, may_delete=False),
    Condition("5xx", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("timeout", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("connection refused", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("host name not known", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("TLS not trusted", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer cut short", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("answer empty", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("proxy's page instead of an answer", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("ARN of another region", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("region malformed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
)
