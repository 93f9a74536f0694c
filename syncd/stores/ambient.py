"""The caller's own login in place of the mapping's: for people at a terminal, never for the daemon."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from syncd.model.errors import UsageError
from syncd.stores.aws.settings import AwsAuth, AwsSettings
from syncd.stores.aws.settings import DefaultLogin as AwsDefault
from syncd.stores.azure.settings import AzureAuth, AzureSettings
from syncd.stores.azure.settings import DefaultLogin as AzureDefault
from syncd.stores.gcp.settings import DefaultLogin as GcpDefault
from syncd.stores.gcp.settings import GcpAuth, GcpSettings
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.vault.settings import VaultAuth, VaultSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.schema.part import Part

AnyPart = TypeVar("AnyPart", bound="Part")

TOKEN_VARIABLE: Final = "VAULT_TOKEN"
TOKEN_FILE: Final = ".vault-token"
"""Where `vault login` and `bao login` leave the token, in the home directory."""


def with_callers_login(
    part: AnyPart, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> AnyPart:
    """Return a store's settings with the login of whoever runs this; all else stays.

    Vault: `VAULT_TOKEN`, or the token of `vault login`. AWS, GCP, Azure: the SDK's own chain (a profile,
    `gcloud auth application-default login`, `az login`), and no role or account on top of it. Stores without
    a login are returned as they are.

    Args:
        part: the settings of one store.
        environment: where `VAULT_TOKEN` is looked for.
        home: where `.vault-token` is looked for; the caller's home directory when None.

    Raises:
        UsageError: when there is no token for Vault.

    """
    match part:
        case VaultSettings():
            return part.model_copy(update={"auth": VaultAuth(token=_token(environment, home or Path.home()))})
        case AwsSettings():
            return part.model_copy(update={"auth": AwsAuth(default=AwsDefault()), "assume_role": ()})
        case GcpSettings():
            return part.model_copy(update={"auth": GcpAuth(default=GcpDefault()), "impersonate": ()})
        case AzureSettings():
            return part.model_copy(update={"auth": AzureAuth(default=AzureDefault())})
        case _:
            return part


def _token(environment: Mapping[str, str], home: Path) -> OwnSecretSpec:
    if environment.get(TOKEN_VARIABLE):
        return OwnSecretSpec(env=TOKEN_VARIABLE)
    file = home / TOKEN_FILE
    if file.is_file():
        return OwnSecretSpec(file=file)
    raise UsageError(
        f"--store-auth ambient: {TOKEN_VARIABLE} is not set and {file} does not exist; run `vault login`, or"
        " use the mapping's own login with --store-auth configured"
    )
