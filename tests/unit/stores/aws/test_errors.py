"""What a code of AWS means."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoRegionError, ReadTimeoutError

from syncd.stores.aws.errors import Fault, FaultKind, WireFault, fault_in, fault_of


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("ResourceNotFoundException", "can't find the specified secret.", FaultKind.NOT_FOUND),
        (
            "ResourceNotFoundException",
            "can't find the specified secret value for VersionId: 1",
            FaultKind.NO_VALUE,
        ),
        ("InvalidRequestException", "it was marked for deletion", FaultKind.MARKED),
        ("AccessDeniedException", "no", FaultKind.DENIED),
        ("AccessDeniedException", "Access to KMS is not allowed", FaultKind.ENCRYPTED),
        ("DecryptionFailure", "", FaultKind.ENCRYPTED),
        ("ExpiredTokenException", "", FaultKind.STRANGER),
        ("UnrecognizedClientException", "", FaultKind.STRANGER),
        ("InvalidSignatureException", "", FaultKind.STRANGER),
        ("ThrottlingException", "", FaultKind.RATE_LIMITED),
        ("Throttling", "", FaultKind.RATE_LIMITED),
        ("429", "", FaultKind.RATE_LIMITED),
        ("ValidationException", "", FaultKind.INVALID),
        ("InternalServiceError", "", FaultKind.UNAVAILABLE),
        ("404", "Not Found", FaultKind.UNAVAILABLE),
        ("", "", FaultKind.UNAVAILABLE),
        ("resourcenotfoundexception", "", FaultKind.UNAVAILABLE),
    ],
)
def test_codes(code: str, text: str, kind: FaultKind) -> None:
    """Each code is one kind of no; what is not known is an outage."""
    assert fault_in(code, text).kind is kind


def test_only_a_strict_arn_and_a_known_action_are_taken_from_a_text() -> None:
    """Who we are and what is missing are read where they look as AWS writes them, and nothing else is."""
    arn = "arn:aws:sts::123456789012:assumed-role/reader/syncd"
    text = f"User: {arn} is not authorized to perform: secretsmanager:BatchGetSecretValue because no"
    fault = fault_in("AccessDeniedException", text)
    assert (fault.who, fault.action) == (arn, "secretsmanager:BatchGetSecretValue")
    for odd in (
        "User: canary is not authorized to perform: canary",
        "User: arn:aws:iam::canary:user/x is not authorized to perform: s3:Canary",
        f"canary {arn} canary",
    ):
        assert fault_in("AccessDeniedException", odd) == Fault(FaultKind.DENIED, "denied")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """A pause is told in seconds, or in AWS's own header in milliseconds; other forms are no pause."""
    answer = {
        "Error": {"Code": "ThrottlingException", "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": headers},
    }
    assert fault_of(ClientError(answer, "GetSecretValue")).retry_after == seconds


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (WireFault("connection refused"), FaultKind.UNAVAILABLE),
        (NoRegionError(), FaultKind.INVALID),
        (ReadTimeoutError(endpoint_url="https://canary"), FaultKind.UNAVAILABLE),
        (KeyError("canary"), FaultKind.UNAVAILABLE),
    ],
)
def test_other_errors(error: Exception, kind: FaultKind) -> None:
    """What is no answer of AWS is an outage, unless the SDK refused to send it; nothing of it is quoted."""
    fault = fault_of(error)
    assert fault.kind is kind
    assert "canary" not in fault.detail
