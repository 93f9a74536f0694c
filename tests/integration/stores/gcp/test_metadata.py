"""Application default credentials of a node or pod: the metadata server, in a process of its own.

Of its own, because google-auth reads where the metadata server is when it is imported.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from syncd.model.secret import SecretValue
from syncd.testing.stores import digest
from tests.harness.fault_http import Reply
from tests.harness.gcp.metadata_server import MetadataServer
from tests.harness.gcp.reader import read_apart
from tests.integration.stores.gcp.rig import PROJECT, Google

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.gcp.reader import Answer
    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.gcp.rig import Transport

ACCOUNT = "node@ml-prod.iam.gserviceaccount.com"


@pytest.fixture
def transport() -> Transport:
    """One wire is enough: logins are the same for both."""
    return "grpc"


@pytest.fixture
def metadata(google: Google) -> Iterator[MetadataServer]:
    """A metadata server whose tokens Secret Manager knows."""
    google.model.put("models", b"value")
    server = MetadataServer(google.tokens, ACCOUNT)
    yield server
    server.close()


def read_with(
    google: Google, metadata: MetadataServer, authority: CertificateAuthority, reads: int = 1, **more: str
) -> list[Answer]:
    """Read the secret, with nothing in the environment but the metadata server and the authority."""
    settings = {"project": PROJECT, "transport": google.transport, "endpoint": google.server.url}
    environment = {
        **metadata.environment,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority.file),
        "REQUESTS_CA_BUNDLE": str(authority.file),
        **more,
    }
    return read_apart(settings, ["models"] * reads, environment=environment)


def test_workload_identity(google: Google, metadata: MetadataServer, authority: CertificateAuthority) -> None:
    """A token of the metadata server reads many secrets, for four calls to it in all."""
    answers = read_with(google, metadata, authority, reads=20)
    assert {answer.reason for answer in answers} == {None}
    assert {answer.digest for answer in answers} == {digest(SecretValue(b"value"))}
    assert len(metadata.seen()) == 4
    assert google.model.counts == {"access": 20}


def test_token_that_was_revoked(
    google: Google, metadata: MetadataServer, authority: CertificateAuthority
) -> None:
    """A metadata server that gives a refused token again is AuthenticationFailed after two requests."""
    google.tokens.revoke()
    answers = read_with(google, metadata, authority, reads=3)
    assert {answer.reason for answer in answers} == {"AuthenticationFailed"}
    assert google.model.counts == {"access": 2}


@pytest.mark.parametrize(
    ("status", "words"), [(403, "roles/iam.workloadIdentityUser"), (404, "no service account for this pod")]
)
def test_refused_token(
    google: Google, metadata: MetadataServer, authority: CertificateAuthority, status: int, words: str
) -> None:
    """A metadata server that refuses a token is AuthenticationFailed, with what to do."""
    metadata.answer("/token", Reply(status, b"refused"))
    (answer,) = read_with(google, metadata, authority)
    assert answer.reason == "AuthenticationFailed"
    assert words in answer.message


def test_no_default_credentials(
    google: Google, authority: CertificateAuthority, metadata: MetadataServer
) -> None:
    """Without any credentials the answer is AuthenticationFailed, and says what could be set."""
    (answer,) = read_with(google, metadata, authority, NO_GCE_CHECK="true")
    assert answer.reason == "AuthenticationFailed"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in answer.message
    assert metadata.seen() == []


def test_metadata_server_that_does_not_answer(google: Google, authority: CertificateAuthority) -> None:
    """A metadata server that swallows everything costs a fetch its deadline and no more."""
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        host = f"127.0.0.1:{black_hole.getsockname()[1]}"
        settings = {"project": PROJECT, "transport": google.transport, "endpoint": google.server.url}
        environment = {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "NO_PROXY": "127.0.0.1"}
        (answer,) = read_apart(settings, ["models"], environment=environment, within=1.0)
    assert answer.reason == "StoreUnavailable"
    assert "no login before the deadline" in answer.message
    assert answer.seconds < 4.0


def test_check_says_as_whom(
    google: Google, metadata: MetadataServer, authority: CertificateAuthority
) -> None:
    """A check names the account that the metadata server stands for."""
    settings = {"project": PROJECT, "transport": google.transport, "endpoint": google.server.url}
    environment = {
        **metadata.environment,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority.file),
        "REQUESTS_CA_BUNDLE": str(authority.file),
    }
    reachable, authenticated = read_apart(settings, environment=environment, check=True)
    assert reachable.reason is None
    assert google.transport in reachable.message
    assert (authenticated.reason, authenticated.message) == (None, f"as {ACCOUNT}")
