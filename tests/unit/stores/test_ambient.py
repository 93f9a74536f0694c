"""--store-auth ambient: the caller's own login in place of the mapping's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import UsageError
from syncd.stores.ambient import with_callers_login
from syncd.stores.aws.settings import AwsSettings
from syncd.stores.azure.settings import AzureSettings
from syncd.stores.file.settings import FileSettings
from syncd.stores.gcp.settings import GcpSettings
from syncd.stores.vault.settings import VaultSettings

if TYPE_CHECKING:
    from pathlib import Path

VAULT = VaultSettings.model_validate(
    {"address": "https://vault:8200", "namespace": "ml", "auth": {"kubernetes": {"role": "syncd"}}}
)


def test_vault_token_of_the_environment(tmp_path: Path) -> None:
    """VAULT_TOKEN counts before the file, and all but the login stays."""
    (tmp_path / ".vault-token").write_text("t")
    part = with_callers_login(VAULT, {"VAULT_TOKEN": "t"}, tmp_path)
    assert part.auth.kubernetes is None
    assert part.auth.token is not None
    assert part.auth.token.env == "VAULT_TOKEN"
    assert (part.address, part.namespace) == (VAULT.address, VAULT.namespace)


def test_vault_token_of_the_home_directory(tmp_path: Path) -> None:
    """Without VAULT_TOKEN it is the token of `vault login`."""
    (tmp_path / ".vault-token").write_text("t")
    part = with_callers_login(VAULT, {}, tmp_path)
    assert part.auth.token is not None
    assert part.auth.token.file == tmp_path / ".vault-token"


def test_no_vault_token(tmp_path: Path) -> None:
    """Without either the error says what to do."""
    with pytest.raises(UsageError, match="vault login"):
        with_callers_login(VAULT, {}, tmp_path)


def test_aws() -> None:
    """AWS takes the SDK's own chain, and assumes no role on top of it."""
    part = AwsSettings.model_validate(
        {
            "region": "eu-west-1",
            "auth": {"profile": {"name": "ml"}},
            "assumeRole": [{"roleArn": "arn:aws:iam::111122223333:role/reader"}],
        }
    )
    changed = with_callers_login(part, {})
    assert changed.auth.default is not None
    assert (changed.auth.profile, changed.assume_role, changed.region) == (None, (), "eu-west-1")


def test_gcp() -> None:
    """Google Cloud takes the application default credentials, and impersonates nobody."""
    part = GcpSettings.model_validate(
        {"project": "ml", "auth": {"serviceAccountKey": {"env": "KEY"}}, "impersonate": ["a@b.example"]}
    )
    changed = with_callers_login(part, {})
    assert changed.auth.default is not None
    assert (changed.auth.service_account_key, changed.impersonate) == (None, ())


def test_azure() -> None:
    """Azure takes the SDK's own chain."""
    part = AzureSettings.model_validate(
        {"vaultUrl": "https://ml.vault.azure.net", "auth": {"workloadIdentity": {}}}
    )
    changed = with_callers_login(part, {})
    assert changed.auth.default is not None
    assert changed.auth.workload_identity is None


def test_stores_without_a_login(tmp_path: Path) -> None:
    """A store that has no login is left as it is."""
    part = FileSettings(directory=tmp_path)
    assert with_callers_login(part, {}) is part
