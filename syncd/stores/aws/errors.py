"""What an answer of Secrets Manager or STS means, by its code: the one place that reads their errors.

Source: rows observed with boto3 1.44.5 and moto 5.2.5, and the errors of the API reference. No text of an
answer is kept: a proxy's page can hold anything. What helps the reader is told in words of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidEndpointConfigurationError,
    InvalidRegionError,
    NoRegionError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from collections.abc import Mapping


class FaultKind(Enum):
    """What kind of no an answer was."""

    NOT_FOUND = auto()
    """There is no such secret (or, of a pinned one, no such stage)."""
    NO_VALUE = auto()
    """The secret is there, and has no value, or none of this version."""
    MARKED = auto()
    """The secret is scheduled for deletion, or version id and stage do not belong together."""
    DENIED = auto()
    """We are known, and a policy says no."""
    ENCRYPTED = auto()
    """The key that the secret is encrypted with says no."""
    STRANGER = auto()
    """Our keys are not known, have expired, or do not sign as they should."""
    INVALID = auto()
    """The request can never be answered: region, endpoint, name."""
    RATE_LIMITED = auto()
    """Slow down."""
    UNAVAILABLE = auto()
    """Everything that is not AWS's own word on the request: network, TLS, 5xx, a proxy's page."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no success.

    `detail` is in our words, `retry_after` in seconds; `who` is the ARN that AWS says we are, where it does;
    `action` the permission that it says is missing.
    """

    kind: FaultKind
    detail: str
    retry_after: float | None = None
    who: str = ""
    action: str = ""


class WireFault(Exception):
    """Carries a broken connection through botocore; it never leaves the adapter."""

    def __init__(self, detail: str) -> None:
        """Carry words of ours."""
        super().__init__(detail)
        self.detail = detail


NOT_AWS: Final = "not an answer of AWS (a proxy's?)"
_CLOCK: Final = "the time of the signature is not AWS's time: is the clock of this machine right?"
_KEY: Final = (
    "the access key is not known there: is it active, is the region right, and is the region enabled for the"
    " account?"
)
_ENDED: Final = "the session has expired"
_STRANGERS: Final = {
    "ExpiredToken": _ENDED,
    "ExpiredTokenException": _ENDED,
    "TokenRefreshRequired": _ENDED,
    "UnrecognizedClientException": _KEY,
    "InvalidClientTokenId": _KEY,
    "InvalidAccessKeyId": _KEY,
    "AuthFailure": _KEY,
    "InvalidToken": _KEY,
    "OptInRequired": _KEY,
    "SubscriptionRequiredException": _KEY,
    "InvalidSignatureException": "the secret access key is wrong",
    "SignatureDoesNotMatch": "the secret access key is wrong",
    "IncompleteSignature": "the signature did not arrive whole (does a proxy change requests?)",
    "IncompleteSignatureException": "the signature did not arrive whole (does a proxy change requests?)",
    "MissingAuthenticationToken": "the signature did not arrive (does a proxy change requests?)",
    "MissingAuthenticationTokenException": "the signature did not arrive (does a proxy change requests?)",
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestInTheFuture": _CLOCK,
}
_SIGNED_AT_ANOTHER_TIME: Final = ("expired", "not yet current")
_THROTTLED: Final = frozenset(
    {
        "429",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_INVALID: Final = frozenset({"InvalidParameterException", "ValidationException", "ValidationError"})
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"}
)
_WHO: Final = re.compile(r"\bUser: (arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]{1,200})(?= is not )")
_ACTION: Final = re.compile(r"\bperform: ((?:secretsmanager|kms|sts):[A-Za-z]{1,40})\b")
_STATUS: Final = re.compile(r"\d{3}")
_LOCAL: Final = (InvalidEndpointConfigurationError, InvalidRegionError, NoRegionError, ParamValidationError)

UNREADABLE: Final = (BotoCoreError, ResponseParserError, LookupError, TypeError, ValueError, AttributeError)
"""What botocore raises for an answer that is no JSON object, or has no times where times should be."""


def fault_of(error: Exception) -> Fault:
    """Classify what a call of an AWS client raised."""
    if isinstance(error, ClientError):
        return _of_answer(error.response)
    if isinstance(error, WireFault):
        return Fault(FaultKind.UNAVAILABLE, error.detail)
    if isinstance(error, _LOCAL):
        return Fault(FaultKind.INVALID, "the SDK refuses to send this: is the region right?")
    return Fault(FaultKind.UNAVAILABLE, NOT_AWS)


def fault_in(code: str, text: str, retry_after: float | None = None) -> Fault:
    """Classify an error by its code and text, of a whole answer or of one entry of a batch."""
    if code in _THROTTLED or code.startswith("Throttling"):
        return Fault(FaultKind.RATE_LIMITED, "AWS asks us to slow down", retry_after)
    if code in _STRANGERS:
        skewed = "Signature" in code and any(words in text.lower() for words in _SIGNED_AT_ANOTHER_TIME)
        return Fault(FaultKind.STRANGER, _CLOCK if skewed else _STRANGERS[code])
    if code in _DENIED:
        return _denied(text)
    if code == "DecryptionFailure":
        return Fault(FaultKind.ENCRYPTED, "the KMS key of the secret is disabled, or scheduled for deletion")
    if code == "ResourceNotFoundException":
        without_value = "value" in text.lower()
        kind = FaultKind.NO_VALUE if without_value else FaultKind.NOT_FOUND
        return Fault(kind, "has no such value" if without_value else "not found")
    if code == "InvalidRequestException":
        deleted = "delet" in text.lower()
        return Fault(
            FaultKind.MARKED, "scheduled for deletion" if deleted else "no such version in this state"
        )
    if code in _INVALID:
        return Fault(FaultKind.INVALID, "AWS refuses the request as invalid: is it a name or an ARN?")
    known = not _STATUS.fullmatch(code)
    return Fault(FaultKind.UNAVAILABLE, "an error of the server" if known else NOT_AWS, retry_after)


def _of_answer(response: Mapping[str, Any]) -> Fault:
    error = response.get("Error") or {}
    metadata = response.get("ResponseMetadata") or {}
    code, status = str(error.get("Code", "")), metadata.get("HTTPStatusCode", "?")
    fault = fault_in(code, str(error.get("Message", "")), _retry_after(metadata.get("HTTPHeaders") or {}))
    if fault.kind is not FaultKind.UNAVAILABLE:
        return fault
    return Fault(fault.kind, f"{fault.detail} (HTTP {status})", fault.retry_after)


def _denied(text: str) -> Fault:
    who, action = _WHO.search(text), _ACTION.search(text)
    missing = action[1] if action else ""
    if missing.startswith("kms:") or "kms" in text.lower():
        kind, detail = FaultKind.ENCRYPTED, "the KMS key of the secret does not let us decrypt"
    else:
        kind, detail = FaultKind.DENIED, "denied"
    return Fault(kind, detail, who=who[1] if who else "", action=missing)


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Return the pause in seconds; AWS's own header has milliseconds."""
    for name, unit in (("retry-after", 1.0), ("x-amz-retry-after", 0.001)):
        text = str(headers.get(name, "")).strip()
        if text.isascii() and text.isdigit():
            return float(text) * unit
    return None
