"""How secrets and versions are named, and what an answer's name may be."""

from __future__ import annotations

import pytest

from syncd.model.errors import StoreMisconfigured
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.gcp.names import checked_name, checked_version
from syncd.stores.gcp.settings import GcpSettings

STORE = StoreName("gcp")
GLOBAL = GcpSettings.model_validate({"project": "ml-prod"})
REGIONAL = GcpSettings.model_validate({"project": "ml-prod", "location": "europe-west6"})


def ref(secret: str, version: str | None = None) -> SecretRef:
    """A reference."""
    return SecretRef(STORE, secret, version)


@pytest.mark.parametrize(
    ("secret", "settings", "expected"),
    [
        ("a", GLOBAL, "projects/ml-prod/secrets/a"),
        ("A_b-9", REGIONAL, "projects/ml-prod/locations/europe-west6/secrets/A_b-9"),
        ("projects/example.com:ml/secrets/a", GLOBAL, "projects/example.com:ml/secrets/a"),
        (
            "projects/1/locations/europe-west6/secrets/a",
            REGIONAL,
            "projects/1/locations/europe-west6/secrets/a",
        ),
    ],
)
def test_names(secret: str, settings: GcpSettings, expected: str) -> None:
    """An id is one of the store's project and location; a full name is taken as it is."""
    assert checked_name(ref(secret), settings).secret == expected


@pytest.mark.parametrize(
    ("secret", "settings"),
    [
        ("a b", GLOBAL),
        ("a\n", GLOBAL),
        ("projects/p/secrets/", GLOBAL),
        ("projects/p/secrets/a/versions/1", GLOBAL),
        ("projects/P/secrets/a", GLOBAL),
        ("projects/p/secrets/a", REGIONAL),
        ("projects/p/locations/us-east1/secrets/a", REGIONAL),
    ],
)
def test_no_names(secret: str, settings: GcpSettings) -> None:
    """What is no name, or is elsewhere than the store, is refused."""
    with pytest.raises(StoreMisconfigured):
        checked_name(ref(secret), settings)


@pytest.mark.parametrize("version", [None, "1", "12345", "stable", "A-b_9", "a" * 63])
def test_versions(version: str | None) -> None:
    """Numbers and aliases are versions."""
    assert checked_version(ref("a", version)) == version


@pytest.mark.parametrize("version", ["", "0", "01", "-1", "1a", "a/b", "a\n", "a" * 64, "stäble"])
def test_no_versions(version: str) -> None:
    """Everything else is none."""
    with pytest.raises(StoreMisconfigured):
        checked_version(ref("a", version))


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ("projects/123/secrets/a/versions/7", "7"),
        ("projects/ml-prod/locations/europe-west6/secrets/a/versions/7", "7"),
        ("projects/123/secrets/b/versions/7", None),
        ("projects/123/secrets/a/versions/latest", None),
        ("projects/123/secrets/a/versions/7/x", None),
        ("projects/123/secrets/a", None),
        ("", None),
    ],
)
def test_name_of_an_answer(resource: str, version: str | None) -> None:
    """An answer is taken only if it names a version of the secret that was asked for."""
    assert checked_name(ref("a"), GLOBAL).answered(resource) == version


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": "ml/prod"},
        {"project": "ML"},
        {"project": ""},
        {"project": "p", "location": "europe.example.com/"},
        {"project": "p", "endpoint": "https://localhost/v1"},
        {"project": "p", "endpoint": "http://emulator:8085", "impersonate": ["a@b"]},
        {"project": "p", "endpoint": "http://emulator:8085", "auth": {"serviceAccountKey": {"file": "/key"}}},
        {"project": "p", "impersonate": ["a@b/../c"]},
    ],
)
def test_settings_that_are_refused(wrong: dict[str, object]) -> None:
    """What could lead a request or a token elsewhere is refused when the mapping is read."""
    with pytest.raises(ValueError, match="validation error"):
        GcpSettings.model_validate(wrong)


def test_identity() -> None:
    """The store is told from others by project, location and endpoint, and not by its login."""
    settings = {"project": "p", "location": "europe-west6", "endpoint": "https://e", "impersonate": ["a@b"]}
    part = GcpSettings.model_validate(settings)
    assert part.identity() == "gcpSecretManager project=p location=europe-west6 endpoint=https://e"
    assert GLOBAL.identity() == "gcpSecretManager project=ml-prod"
