"""From settings to adapters, importing no SDK that is not configured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.secret import StoreName
from syncd.stores.build import build
from syncd.stores.guarded import Bounds, GuardedStore
from syncd.stores.settings import STORE_PARTS
from tests.unit.stores.rigs import FakeCluster

if TYPE_CHECKING:
    from syncd.stores.interface import SecretStore

NAME = StoreName("mine")
ROOT = Path(__file__).parents[3]
SETTINGS: dict[str, dict[str, Any]] = {
    "vault": {"address": "https://vault:8200", "auth": {"token": {"file": "/x"}}},
    "awsSecretsManager": {"region": "eu-west-1"},
    "gcpSecretManager": {"project": "ml-prod"},
    "azureKeyVault": {"vaultUrl": "https://ml.vault.azure.net"},
    "kubernetes": {"namespaces": ["a"]},
    "file": {"directory": "/etc/credentials"},
}


def make(store_type: str) -> SecretStore:
    """Build a store of this type."""
    part = STORE_PARTS[store_type].model_validate(SETTINGS[store_type])
    return build(NAME, store_type, part, Bounds(), FakeCluster().context())


def run(program: str) -> str:
    """Run a program in a Python of its own, which has imported nothing yet; return what it prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("store_type", STORE_PARTS)
def test_every_type_is_built(store_type: str) -> None:
    """Stores of every type are built, guarded, under the user's name, and nothing is asked of them."""
    store = make(store_type)
    assert isinstance(store, GuardedStore)
    assert store.name == NAME
    store.close()


def test_missing_sdk() -> None:
    """Without hvac the error says what to install."""
    program = (
        "import sys\n"
        "sys.modules['hvac'] = None\n"
        "from syncd.model.errors import UsageError\n"
        "from tests.unit.stores.test_build import make\n"
        "try:\n"
        "    make('vault')\n"
        "except UsageError as error:\n"
        "    print(error)\n"
    )
    assert run(program) == "stores.mine: hvac is not installed: pip install 'syncd[vault]'"


def test_only_configured_sdks_are_imported() -> None:
    """Settings of all types and a file store are made without importing any SDK."""
    program = (
        "import sys\n"
        "from syncd.stores import build, settings\n"
        "import syncd.stores.file.adapter, syncd.stores.kubernetes.adapter\n"
        "print(sorted({'hvac', 'requests', 'boto3', 'google.cloud', 'azure'} & set(sys.modules)))\n"
    )
    assert run(program) == "[]"
