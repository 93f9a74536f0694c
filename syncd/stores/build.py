"""From a store's settings to a guarded adapter. Only the SDK of a configured store is imported."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from syncd.model.errors import UsageError
from syncd.stores.guarded import Bounds, GuardedStore

if TYPE_CHECKING:
    from syncd.model.secret import StoreName
    from syncd.stores.interface import SecretStore, StoreBuilder, StoreContext
    from syncd.stores.store_part import StorePart

_ADAPTERS: Final = {
    "vault": ("syncd.stores.vault.adapter", "hvac", "vault"),
    "gcpSecretManager": ("syncd.stores.gcp.adapter", "google", "gcp"),
    "awsSecretsManager": ("syncd.stores.aws.adapter", "boto3", "aws"),
    "azureKeyVault": ("syncd.stores.azure.adapter", "azure", "azure"),
    "kubernetes": ("syncd.stores.kubernetes.adapter", "", ""),
    "file": ("syncd.stores.file.adapter", "", ""),
}
"""Type of store → module with its `build`, the SDK that it imports, and the extra that installs it."""


def build(
    name: StoreName,
    store_type: str,
    settings: StorePart,
    bounds: Bounds,
    context: StoreContext,
) -> SecretStore:
    """Make one configured store, guarded; nothing is asked of it yet.

    Args:
        name: the user's name for it.
        store_type: its key in the mapping, as in `STORE_PARTS`.
        settings: its part of the mapping.
        bounds: time-out, concurrency and rate of its requests.
        context: what it may ask of its surroundings.

    Raises:
        UsageError: when the SDK of this type is not installed.

    """
    module, sdk, extra = _ADAPTERS[store_type]
    adapter = _import(module, sdk)
    if adapter is None:
        raise UsageError(f"stores.{name}: {sdk} is not installed: pip install 'syncd[{extra}]'")
    make: StoreBuilder = adapter.build
    return GuardedStore(make(name, settings, context, bounds.concurrency), bounds, context.emit)


def _import(module: str, sdk: str) -> Any:  # noqa: ANN401  # a module
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not sdk or error.name is None or error.name.partition(".")[0] != sdk:
            raise
    return None
