"""What is asked of Secret Manager for a secret, and how versions, regions and projects are named."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AccessDenied,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    VersionUnavailable,
)
from syncd.model.secret import SecretRef, SecretValue
from syncd.testing.stores import digest, found
from tests.harness.gcp.model import info
from tests.integration.stores.gcp.rig import NAME, PROJECT, Google, read

if TYPE_CHECKING:
    from syncd.model.secret import Digest
    from syncd.stores.interface import Fetched

SECRETS = 50
SWEEPS = 3
THREADS = 8
REGION = "europe-west6"


def payload(answer: Fetched) -> Digest:
    """The digest of what was read."""
    return digest(found(answer).payload)


def text(value: bytes) -> Digest:
    """The digest that it must have."""
    return digest(SecretValue(value))


def test_one_access_per_secret_and_sweep(google: Google) -> None:
    """Sweeps by many threads cost one access per secret, no metadata, and one login in all."""
    store = google.store()
    names = [f"s{number}" for number in range(SECRETS)]
    for name in names:
        google.model.put(name, name.encode())

    def sweep(share: int) -> None:
        for name in names[share::THREADS]:
            assert payload(read(store, name)) == text(name.encode())

    for _ in range(SWEEPS):
        threads = [threading.Thread(target=sweep, args=(share,)) for share in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert google.model.counts == {"access": SECRETS * SWEEPS}
    assert google.logins() == 1


def test_metadata_is_asked_only_for_what_is_missing(google: Google) -> None:
    """A missing secret costs one metadata call besides the access; a pinned one costs none."""
    store = google.store()
    assert isinstance(read(store, "missing"), SecretNotFound)
    assert google.model.counts == {"access": 1, "secret": 1}
    assert isinstance(read(store, "missing", "3"), VersionUnavailable)
    assert google.model.counts == {"access": 2, "secret": 1}


def test_missing_secret_without_the_right_to_tell(google: Google) -> None:
    """Where metadata is not granted, the message says which right would tell a missing secret."""
    google.model.deny("secret", "missing")
    answer = read(google.store(), "missing")
    assert isinstance(answer, VersionUnavailable)
    assert "secretmanager.secrets.get (roles/secretmanager.viewer)" in answer.message


def test_denied_message(google: Google) -> None:
    """A refusal names the permission, the role, the resource and the account."""
    google.model.put("models", b"x")
    google.model.deny("access", "models")
    answer = read(google.store(), "models")
    assert isinstance(answer, StoreError)
    for part in (
        "secretmanager.versions.access",
        "roles/secretmanager.secretAccessor",
        f"projects/{PROJECT}/secrets/models",
    ):
        assert part in answer.message


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "scope cloud-platform"),
        ("SECURITY_POLICY_VIOLATED", "perimeter of VPC Service Controls"),
    ],
)
def test_other_denials(google: Google, reason: str, words: str) -> None:
    """A refusal that is not about the role says what it is about."""
    google.model.put("models", b"x")
    google.model.deny("access", "models", info(reason))
    answer = read(google.store(), "models")
    assert isinstance(answer, AccessDenied)
    assert words in answer.message


@pytest.mark.parametrize("reason", ["BILLING_DISABLED", "CONSUMER_INVALID", "RESOURCE_PROJECT_INVALID"])
def test_project_that_is_wrong(google: Google, reason: str) -> None:
    """What is wrong with the project as a whole is StoreMisconfigured, and names the project."""
    google.model.deny("access", "models", info(reason))
    answer = read(google.store(), "models")
    assert isinstance(answer, StoreMisconfigured)
    assert f"project {PROJECT}" in answer.message


@pytest.mark.parametrize(
    ("secret", "version"), [("models", "2"), ("models", "stable"), ("models", None), ("models", "latest")]
)
def test_versions(google: Google, secret: str, version: str | None) -> None:
    """A version is a number or an alias; left out, it is the newest. The token is always the number."""
    google.model.put(secret, b"one")
    google.model.put(secret, b"two")
    google.model.set_alias(secret, "stable", "2")
    answer = found(read(google.store(), secret, version))
    assert digest(answer.payload) == text(b"two")
    assert answer.token == "2"


def test_latest_is_the_newest_even_when_disabled(google: Google) -> None:
    """With the newest version disabled the secret is unavailable, and an older one is not taken instead."""
    google.model.put("models", b"one")
    google.model.set_state("models", google.model.put("models", b"two"), "DISABLED")
    store = google.store()
    answer = read(store, "models")
    assert isinstance(answer, VersionUnavailable)
    assert "disabled" in answer.message
    google.model.set_state("models", "2", "ENABLED")
    assert payload(read(store, "models")) == text(b"two")


@pytest.mark.parametrize("version", ["0", "-1", "1/2", "", "a b", "1stable", "a" * 64])
def test_no_version(google: Google, version: str) -> None:
    """What is neither a number from 1 on nor an alias is refused before anything is asked."""
    answer = read(google.store(), "models", version)
    assert isinstance(answer, StoreMisconfigured)
    assert google.model.counts == {}


def test_secret_of_another_project(google: Google) -> None:
    """A full resource name reads from another project, with the same login."""
    google.model.put("shared", b"theirs", "projects/platform-prod")
    google.model.put("shared", b"ours")
    store = google.store()
    assert payload(read(store, "projects/platform-prod/secrets/shared")) == text(b"theirs")
    assert payload(read(store, "shared")) == text(b"ours")


def test_regional_secret(google: Google) -> None:
    """With a location, secrets are those of the region; a global one by its full name is refused."""
    google.model.put("models", b"regional", f"projects/{PROJECT}/locations/{REGION}")
    google.model.put("models", b"global")
    store = google.store(location=REGION)
    assert payload(read(store, "models")) == text(b"regional")
    assert payload(read(store, f"projects/{PROJECT}/locations/{REGION}/secrets/models")) == text(b"regional")
    answer = read(store, f"projects/{PROJECT}/secrets/models")
    assert isinstance(answer, StoreMisconfigured)
    assert "location" in answer.message


def test_created(google: Google) -> None:
    """When a version was made is asked for once it is wanted, and unknown where that is not granted."""
    google.model.put("models", b"one")
    store = google.store()
    secret = found(store.fetch([ref := SecretRef(NAME, "models")], deadline=time.monotonic() + 20)[ref])
    assert secret.created is None
    assert google.model.counts["version"] == 0
    made = store.created(secret, deadline=time.monotonic() + 20)
    assert made is not None
    assert abs(made.timestamp() - time.time()) < 60
    google.model.deny("version", "models")
    assert store.created(secret, deadline=time.monotonic() + 20) is None


def test_checksum_that_is_right_again(google: Google) -> None:
    """A damaged payload that arrives whole later is read, and the count of damages starts anew."""
    google.model.put("models", b"one")
    store = google.store()
    for _ in range(2):
        google.model.wrong_checksums = True
        for _ in range(2):
            answer = read(store, "models")
            assert isinstance(answer, StoreError)
            assert answer.retryable
        google.model.wrong_checksums = False
        assert payload(read(store, "models")) == text(b"one")
