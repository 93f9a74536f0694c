"""From what is the matter to the error that users see: its class, the missing permission, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    PayloadRefused,
    RateLimited,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.stores.aws.errors import Fault, FaultKind

if TYPE_CHECKING:
    from syncd.stores.aws.names import Wanted

ACTION: Final = "secretsmanager:GetSecretValue"
BATCH_ACTION: Final = "secretsmanager:BatchGetSecretValue"
DECRYPT: Final = "kms:Decrypt"


class KeysRejected(AuthenticationFailed):
    """AWS does not take the keys of this lease; `detail` says why."""

    def __init__(self, message: str, detail: str) -> None:
        """Keep `detail` apart, for those who wait for the next login."""
        super().__init__(message)
        self.detail = detail


def error_of(each: Wanted, fault: Fault, region: str) -> StoreError:
    """Return the error for one reference."""
    ref = each.ref
    as_whom = f", and we are {fault.who}" if fault.who else ""
    match fault.kind:
        case FaultKind.NOT_FOUND | FaultKind.NO_VALUE | FaultKind.MARKED:
            return _not_there(each, fault)
        case FaultKind.DENIED:
            action = fault.action or ACTION
            return AccessDenied(
                f"{ref}: denied; it takes an IAM policy with {action} on {each.resource(region)}{as_whom}"
            )
        case FaultKind.ENCRYPTED:
            return AccessDenied(
                f"{ref}: {fault.detail}; it takes {DECRYPT} in an IAM policy and in the key's policy{as_whom}"
            )
        case FaultKind.STRANGER:
            return KeysRejected(f"{ref}: {fault.detail}", fault.detail)
        case FaultKind.INVALID:
            return StoreMisconfigured(f"{ref}: {fault.detail}")
        case FaultKind.RATE_LIMITED:
            return RateLimited(f"{ref}: {fault.detail}", retry_after=fault.retry_after)
        case FaultKind.UNAVAILABLE:
            return StoreUnavailable(f"{ref}: {fault.detail}", retry_after=fault.retry_after)


def refused_payload(each: Wanted) -> StoreError:
    """Return the error for a secret whose value is empty, or half a character."""
    return PayloadRefused(f"{each.ref}: its value is empty, or is no text that could be published")


def _not_there(each: Wanted, fault: Fault) -> StoreError:
    ref = each.ref
    if fault.kind is FaultKind.MARKED:
        return VersionUnavailable(
            f"{ref}: {fault.detail}; `aws secretsmanager restore-secret` takes a deletion back"
        )
    if each.pinned:
        return VersionUnavailable(f"{ref}: there is no such version, or no such secret: is the name right?")
    if fault.kind is FaultKind.NO_VALUE:
        return VersionUnavailable(
            f"{ref}: the secret is there and has no value yet (no version is AWSCURRENT)"
        )
    return SecretNotFound(f"{ref}: there is no such secret in this account and region")
