"""Azure Key Vault's part of the mapping: `stores.<name>.azureKeyVault`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from syncd.schema.part import Flag, NonEmpty, Part
from syncd.stores.address import Address
from syncd.stores.certificate_authority import CaSpec
from syncd.stores.one_of import OneOf
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.store_part import StorePart


def _vault_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or parts.path:
        raise ValueError("must be the vault itself, such as https://ml.vault.azure.net (https, and no path)")
    return text


VaultUrl = Annotated[Address, AfterValidator(_vault_url)]
"""`https://`, host and port of a vault: a token goes nowhere without TLS."""

ApiVersion = Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2}|\d\.\d)(-preview(\.\d)?)?$")]
"""A version of Key Vault's REST API, such as `2025-07-01` or `7.4`."""


class DefaultLogin(Part):
    """The chain of the Azure SDK: environment, workload identity, managed identity. It has no fields."""


class WorkloadIdentity(Part):
    """A federated token of the daemon's ServiceAccount; what is left out comes from the pod's environment."""

    client_id: NonEmpty | None = None
    """Client id of the application or managed identity; default: `AZURE_CLIENT_ID`."""
    tenant_id: NonEmpty | None = None
    """Tenant; default: `AZURE_TENANT_ID`."""
    token_file: Path | None = None
    """File with the federated token; default: `AZURE_FEDERATED_TOKEN_FILE`."""


class ManagedIdentity(Part):
    """An identity of the node; the system-assigned one when nothing is given."""

    client_id: NonEmpty | None = None
    """Client id of a user-assigned identity."""
    resource_id: NonEmpty | None = None
    """Resource id of a user-assigned identity."""

    @model_validator(mode="after")
    def _at_most_one(self) -> ManagedIdentity:
        if self.client_id is not None and self.resource_id is not None:
            raise ValueError("give clientId or resourceId, not both")
        return self


class Certificate(Part):
    """A certificate with its private key."""

    file: Path
    """File with certificate and key (PEM or PKCS 12)."""
    password: OwnSecretSpec | None = None
    """Password of the file."""


class ServicePrincipal(Part):
    """An application of Entra with a secret or a certificate."""

    tenant_id: NonEmpty
    """Tenant of the application."""
    client_id: NonEmpty
    """Client id of the application."""
    secret: OwnSecretSpec | None = None
    """Client secret of the application."""
    certificate: Certificate | None = None
    """Certificate of the application."""

    @model_validator(mode="after")
    def _exactly_one(self) -> ServicePrincipal:
        if (self.secret is None) == (self.certificate is None):
            raise ValueError("give exactly one of secret, certificate")
        return self


class AzureAuth(OneOf):
    """How syncd logs in; exactly one."""

    workload_identity: WorkloadIdentity | None = None
    """With the daemon's ServiceAccount, federated with Entra."""
    managed_identity: ManagedIdentity | None = None
    """With an identity of the node."""
    service_principal: ServicePrincipal | None = None
    """With a client secret or a certificate."""
    default: DefaultLogin | None = None
    """The SDK's own chain."""


class AzureSettings(StorePart):
    """Azure Key Vault. A secret is its name; a version is the id of 32 digits."""

    vault_url: VaultUrl
    """Address of the vault, such as `https://ml.vault.azure.net`."""
    cloud: Literal["Public", "USGovernment", "China"] = "Public"
    """Which Azure the vault is in."""
    ca: CaSpec | None = None
    """Certificate authority of a private cloud, added to the system's."""
    verify_challenge_resource: Flag = True
    """Refuse a vault that asks for tokens of another domain than its own; `false` only for private clouds."""
    api_version: ApiVersion | None = None
    """Version of the REST API, for private clouds that lag behind; left out, the SDK's own."""
    auth: AzureAuth = Field(default_factory=lambda: AzureAuth(default=DefaultLogin()))
    """How syncd logs in; left out, the SDK's own chain."""

    def identity(self) -> str:
        """Return the address of the vault."""
        return f"azureKeyVault {self.vault_url}"
