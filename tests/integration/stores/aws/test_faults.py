"""What AWS, the way to it, or a proxy can answer: the words of each, and nobody waits beyond the deadline."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.model.secret import RemoteSecret
from tests.harness.aws import USER, AwsProxy, AwsServer, denial, refusal, sts_refusal
from tests.harness.fault_http import Reply
from tests.integration.stores.aws.rig import KEY_ID, ROLE, aws, get, static
from tests.integration.stores.rig import SOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.aws.adapter import AwsStore
    from syncd.stores.interface import Fetched
    from tests.harness.tls import CertificateAuthority


@pytest.fixture
def store(proxy: AwsProxy, tmp_path: Path) -> Iterator[AwsStore]:
    """A store with an access key."""
    store = aws(proxy.url, auth=static(tmp_path))
    yield store
    store.close()


def said(answer: Fetched) -> str:
    """Reason and text of an error."""
    assert isinstance(answer, StoreError), repr(answer)
    return f"{answer.reason}: {answer.message}"


EXPIRED_SIGNATURE = "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z"
EARLY_SIGNATURE = "Signature not yet current: 20260101T000000Z is still later than 20250101T000000Z"
WRONG_SIGNATURE = "The request signature we calculated does not match the signature you provided."
GET = "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:*:secret:a-??????"
KMS = denial("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/1")
MISSING = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refusal("ResourceNotFoundException", MISSING), "SecretNotFound: cloud:a: there is no such secret"),
        (refusal("InvalidRequestException", MARKED), "VersionUnavailable: cloud:a: scheduled for deletion"),
        (
            refusal("AccessDeniedException", denial("secretsmanager:GetSecretValue", "a")),
            f"AccessDenied: cloud:a: denied; it takes an IAM policy with {GET}, and we are {USER}",
        ),
        (refusal("AccessDeniedException", KMS), "AccessDenied: cloud:a: the KMS key of the secret does not"),
        (refusal("AccessDeniedException", KMS), "kms:Decrypt"),
        (refusal("AccessDeniedException", "Access to KMS is not allowed"), "kms:Decrypt"),
        (refusal("DecryptionFailure", "KMS"), "AccessDenied: cloud:a: the KMS key of the secret is disabled"),
        (refusal("ThrottlingException", "Rate exceeded"), "RateLimited: cloud:a: AWS asks us to slow down"),
        (refusal("ThrottlingException", "", x_amz_retry_after="1500"), "RateLimited"),
        (Reply(429, b""), "RateLimited: cloud:a"),
        (refusal("UnrecognizedClientException", "no"), "is the region right"),
        (refusal("InvalidSignatureException", EXPIRED_SIGNATURE), "is the clock of this machine right?"),
        (refusal("InvalidSignatureException", EARLY_SIGNATURE), "is the clock of this machine right?"),
        (refusal("RequestTimeTooSkewed", "no"), "is the clock of this machine right?"),
        (refusal("InvalidSignatureException", WRONG_SIGNATURE), "the secret access key is wrong"),
        (refusal("ExpiredTokenException", "no"), "AuthenticationFailed: cloud:a: the session has expired"),
        (refusal("ValidationException", "no"), "StoreMisconfigured: cloud:a: AWS refuses the request"),
        (refusal("InternalServiceError", "no", 500), "StoreUnavailable: cloud:a: an error of the server"),
        (refusal("SomethingNew", "no"), "StoreUnavailable: cloud:a: an error of the server (HTTP 400)"),
        (Reply(503, b"<html>"), "StoreUnavailable: cloud:a: not an answer of AWS (a proxy's?) (HTTP 503)"),
        (Reply(404, b"<html>"), "StoreUnavailable: cloud:a: not an answer of AWS (a proxy's?) (HTTP 404)"),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), "StoreUnavailable: cloud:a"),
        (Reply(ending="hang up"), "StoreUnavailable: cloud:a: the connection broke"),
    ],
)
def test_words(proxy: AwsProxy, store: AwsStore, reply: Reply, words: str) -> None:
    """Each answer has its own words: what is the matter, which permission is missing, what to look at."""
    proxy.when("", reply)
    assert words in said(get(store, "a"))


def test_a_region_that_is_none(store: AwsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name that nobody knows asks whether the region is right."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert said(get(store, "a")).endswith("the host name is not known; is the region right?")


@pytest.mark.parametrize("operation", ["GetSecretValue", "AssumeRole"])
@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"{}" + b" " * 500, drip=0.05), Reply(200, delay=3.0)],
    ids=["drips", "silent"],
)
def test_nobody_waits_beyond_the_deadline(
    proxy: AwsProxy, secret: str, tmp_path: Path, operation: str, reply: Reply
) -> None:
    """A read or a login whose answer drips or does not come costs the deadline, and not a second more."""
    store = aws(proxy.url, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    assert isinstance(get(store, secret), RemoteSecret)
    if operation == "AssumeRole":
        proxy.expired.add(proxy.asked[-1].key_id)
    proxy.when(operation, reply)
    start = time.monotonic()
    answer = get(store, secret, within=0.6)
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert time.monotonic() - start < 1.6
    store.close()


def test_nothing_is_asked_after_the_deadline(proxy: AwsProxy, store: AwsStore, secret: str) -> None:
    """A fetch whose time is over asks for nothing."""
    get(store, secret)
    before = len(proxy.asked)
    assert isinstance(get(store, secret, within=-1.0), StoreUnavailable)
    assert len(proxy.asked) == before


def test_one_attempt(proxy: AwsProxy, tmp_path: Path) -> None:
    """The SDK repeats nothing, neither a read nor a login: that is the guard's affair."""
    store = aws(proxy.url, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    proxy.when("AssumeRole", sts_refusal("InternalFailure", "", 500), times=1)
    get(store, "a")
    assert proxy.operations() == ["AssumeRole"]
    proxy.when("GetSecretValue", refusal("InternalServiceError", "", 500))
    get(store, "a")
    assert proxy.operations() == ["AssumeRole", "AssumeRole", "GetSecretValue"]
    store.close()


def test_own_certificate_authority(
    aws_server: AwsServer,
    proxy: AwsProxy,
    authority: CertificateAuthority,
    secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS_CA_BUNDLE names the authorities that are trusted; without it, only the system's are."""
    front = AwsProxy(aws_server.url, authority)
    store = aws(front.url, auth=static(tmp_path))
    assert "certificate is not trusted" in said(get(store, secret))
    assert "AWS_CA_BUNDLE" in said(get(store, secret))
    store.close()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    store = aws(front.url, auth=static(tmp_path))
    assert isinstance(get(store, secret), RemoteSecret)
    store.close()
    front.close()


def test_a_certificate_authority_that_is_not_there(
    store: AwsStore, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_CA_BUNDLE that cannot be read is named."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    answer = get(store, secret)
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert f"AWS_CA_BUNDLE {tmp_path / 'nowhere.pem'}: cannot be read" in answer.message


def test_through_a_proxy(
    aws_server: AwsServer, proxy: AwsProxy, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY carries the requests, except where NO_PROXY says otherwise."""
    # To the proxy the whole URL is the path: it hands on what it is asked for, whatever the host was.
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    proxy.strips = "http://secretsmanager.example.internal"
    store = aws("http://secretsmanager.example.internal", auth=static(tmp_path))
    assert isinstance(get(store, secret), RemoteSecret)
    assert [asked.key_id for asked in proxy.asked] == [KEY_ID]
    store.close()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    store = aws(aws_server.url, auth=static(tmp_path))
    assert isinstance(get(store, secret), RemoteSecret)
    assert len(proxy.asked) == 1
    store.close()


def steps(store: AwsStore, within: float = SOON) -> dict[str, Any]:
    """What a check finds: step → the error, or else the detail."""
    findings = store.check(deadline=time.monotonic() + within)
    return {finding.step: finding.error or finding.detail for finding in findings}


def test_check(proxy: AwsProxy, tmp_path: Path) -> None:
    """A check says as whom we are known, and reads no secret."""
    store = aws(proxy.url, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    found = steps(store)
    assert found["reachable"] == "answers"
    assert "; known as arn:aws:sts::123456789012:assumed-role/reader/syncd" in found["authenticated"]
    assert found["authenticated"].startswith("auth.static (file ")
    assert proxy.operations() == ["GetRandomPassword", "AssumeRole", "GetCallerIdentity"]
    store.close()


def test_check_by_somebody_without_any_permission(proxy: AwsProxy, store: AwsStore) -> None:
    """Both steps succeed where Secrets Manager denies everything: neither takes a permission."""
    proxy.when(
        "Secret|Random", refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    )
    assert "; known as arn:aws:" in steps(store)["authenticated"]


def test_check_without_a_way_to_sts(proxy: AwsProxy, store: AwsStore) -> None:
    """Where STS is out of reach, Secrets Manager's own word shows that we are known, and as whom."""
    steps(store)
    proxy.when("GetCallerIdentity", Reply(200, delay=6.0))
    found = steps(store, within=5.0)
    assert found["authenticated"].endswith("; known, but STS, which says as whom, does not answer")
    proxy.when("GetCallerIdentity", Reply(ending="hang up"))
    text = denial("secretsmanager:GetRandomPassword", "*")
    proxy.when("GetRandomPassword", refusal("AccessDeniedException", text))
    assert steps(store)["authenticated"].endswith(f"; known as {USER}; STS does not answer")
    proxy.known = set()
    proxy.rules[:] = [rule for rule in proxy.rules if rule[0].pattern != "GetRandomPassword"]
    assert isinstance(steps(store)["authenticated"], AuthenticationFailed)


def test_check_with_a_key_that_sts_does_not_know(proxy: AwsProxy, store: AwsStore) -> None:
    """What STS says of the key is told of the login."""
    proxy.known = set()
    error = steps(store)["authenticated"]
    assert isinstance(error, AuthenticationFailed)
    assert "store cloud: STS: the access key is not known there" in error.message


def test_check_through_a_proxys_page(proxy: AwsProxy, store: AwsStore) -> None:
    """A page that is not AWS's is not taken for Secrets Manager."""
    proxy.when("", Reply(403, b"<html>blocked</html>"))
    found = steps(store)
    assert list(found) == ["reachable"]
    assert isinstance(found["reachable"], StoreUnavailable)
