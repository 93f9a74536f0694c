"""What can be the matter with the two stores that have no server of their own."""

from __future__ import annotations

from typing import Final

from syncd.model.reasons import Reason
from tests.harness.conditions import Condition

FILE: Final = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("directory missing", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
    Condition("too large", Reason.INVALID_PAYLOAD, retried=False, may_delete=False),
)

KUBERNETES: Final = (
    Condition("found", None, retried=False, may_delete=False),
    Condition("secret missing", Reason.SECRET_NOT_FOUND, retried=False, may_delete=True),
    Condition("secret missing, version pinned", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("access denied", Reason.ACCESS_DENIED, retried=False, may_delete=False),
    Condition("name not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("namespace not allowed", Reason.STORE_MISCONFIGURED, retried=False, may_delete=False),
    Condition("5xx", Reason.STORE_UNAVAILABLE, retried=True, may_delete=False),
)
