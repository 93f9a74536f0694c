"""The settings of every type of store, by the key that it has in the mapping. No SDK is imported for them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from syncd.stores.aws.settings import AwsSettings
from syncd.stores.azure.settings import AzureSettings
from syncd.stores.file.settings import FileSettings
from syncd.stores.gcp.settings import GcpSettings
from syncd.stores.kubernetes.settings import KubernetesSettings
from syncd.stores.vault.settings import VaultSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.stores.store_part import StorePart

STORE_PARTS: Final[Mapping[str, type[StorePart]]] = MappingProxyType(
    {
        "vault": VaultSettings,
        "awsSecretsManager": AwsSettings,
        "gcpSecretManager": GcpSettings,
        "azureKeyVault": AzureSettings,
        "kubernetes": KubernetesSettings,
        "file": FileSettings,
    }
)
"""Key under `stores.<name>` → its pydantic part."""
