"""What the mapping may say of a vault, and what it may not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.model.errors import StoreMisconfigured
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.azure.claims import holder
from syncd.stores.azure.identity import authority_options
from syncd.stores.azure.names import refused
from syncd.stores.azure.settings import AzureSettings
from tests.harness.azure.tokens import Tokens


@pytest.mark.parametrize("url", ["http://ml.vault.azure.net", "https://ml.vault.azure.net/secrets", "ml"])
def test_address_that_is_no_vault(url: str) -> None:
    """A vault is reached by TLS only, and is a host without a path."""
    with pytest.raises(ValidationError, match="vaultUrl"):
        AzureSettings.model_validate({"vaultUrl": url})


@pytest.mark.parametrize("version", ["2016-10-01", "7.4", "7.6-preview.2", "2025-06-01-preview"])
def test_api_versions(version: str) -> None:
    """Versions of the REST API are dates, or numbers, or previews of these."""
    part = AzureSettings.model_validate({"vaultUrl": "https://v", "apiVersion": version})
    assert part.api_version == version


def test_api_version_that_is_none() -> None:
    """Anything else is refused before it becomes a part of an address."""
    with pytest.raises(ValidationError, match="apiVersion"):
        AzureSettings.model_validate({"vaultUrl": "https://v", "apiVersion": "7.4&x=y"})


@pytest.mark.parametrize(
    ("cloud", "host", "options"),
    [
        ("Public", "", {}),
        ("Public", "https://login.microsoftonline.com/", {}),
        ("Public", "login.microsoftonline.us", {}),
        ("Public", "https://login.local.example/", {"disable_instance_discovery": True}),
        ("USGovernment", "https://login.local.example", {"authority": "login.microsoftonline.us"}),
        ("China", "", {"authority": "login.chinacloudapi.cn"}),
    ],
)
def test_where_tokens_come_from(
    monkeypatch: pytest.MonkeyPatch, cloud: str, host: str, options: dict[str, object]
) -> None:
    """The cloud decides; in the public one the SDK's own variable may name a private cloud's authority."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", host)
    assert authority_options(cloud) == options


def test_name_with_its_version() -> None:
    """A name and a version of the right form are not refused; a version of another form is."""
    store = StoreName("kv")
    assert refused(SecretRef(store, "Models-S3", "0" * 32)) is None
    assert isinstance(refused(SecretRef(store, "models-s3", "7")), StoreMisconfigured)


@pytest.mark.parametrize("token", [None, "", "opaque", "a.b.c", "a.bnVsbA.c", "a.eyJvaWQiOjF9.c", "ü.ü.ü"])
def test_token_that_tells_nothing(token: str | None) -> None:
    """A token that is no JSON web token, or has no claims that we know, says nothing of itself."""
    assert holder(token) == "a token that does not say for whom"


def test_token_of_an_application() -> None:
    """Application, object and tenant are told."""
    token = Tokens("of-tests").give("4f1c", "https://vault.azure.net")
    assert holder(token).startswith("application 4f1c, object ")
    assert holder(token).endswith(", tenant of-tests")
