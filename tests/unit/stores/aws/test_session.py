"""Which endpoints the clients of a store have; nothing is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from syncd.stores.aws.keys import Keys
from syncd.stores.aws.session import SECRETS_MANAGER, STS, AwsSession
from syncd.stores.aws.settings import AwsSettings

if TYPE_CHECKING:
    from pathlib import Path

KEYS = Keys("AKIA", "secret")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of the caller's own AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def endpoints(region: str = "eu-west-1", **settings: Any) -> tuple[str, str]:
    """Where Secrets Manager and STS are asked."""
    session = AwsSession(AwsSettings.model_validate({"region": region, **settings}), 8)
    urls = tuple(str(session.client(service, KEYS).meta.endpoint_url) for service in (SECRETS_MANAGER, STS))
    return urls[0], urls[1]


@pytest.mark.parametrize(
    ("settings", "secrets_manager", "sts"),
    [
        ({}, "https://secretsmanager.eu-west-1.amazonaws.com", "https://sts.eu-west-1.amazonaws.com"),
        (
            {"region": "cn-north-1"},
            "https://secretsmanager.cn-north-1.amazonaws.com.cn",
            "https://sts.cn-north-1.amazonaws.com.cn",
        ),
        (
            {"region": "us-east-1", "useFipsEndpoint": "true"},
            "https://secretsmanager-fips.us-east-1.amazonaws.com",
            "https://sts-fips.us-east-1.amazonaws.com",
        ),
        (
            {"useDualStackEndpoint": "true"},
            "https://secretsmanager.eu-west-1.api.aws",
            "https://sts.eu-west-1.api.aws",
        ),
        (
            {"endpoint": "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com"},
            "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_endpoints(settings: dict[str, Any], secrets_manager: str, sts: str) -> None:
    """STS is the region's own, FIPS and dual-stack are for both, `endpoint` is for Secrets Manager only."""
    assert endpoints(**settings) == (secrets_manager, sts)


def test_the_sdks_own_variables_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mapping leaves open is the SDK's: a FIPS endpoint asked for by variable is used."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert endpoints("us-east-1")[0] == "https://secretsmanager-fips.us-east-1.amazonaws.com"


@pytest.mark.parametrize("keys", [KEYS, None])
@pytest.mark.parametrize("service", [SECRETS_MANAGER, STS])
def test_one_attempt(service: str, keys: Keys | None) -> None:
    """No client repeats anything by itself, of STS neither."""
    session = AwsSession(AwsSettings.model_validate({"region": "eu-west-1"}), 8)
    retries = session.client(service, keys).meta.config.retries
    assert retries["total_max_attempts"] == 1


def test_keys_hide_themselves() -> None:
    """Keys show nothing of what they hold."""
    assert "secret" not in repr(Keys("AKIA", "secret", "token")).replace("asked_for", "")
