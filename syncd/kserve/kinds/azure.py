"""Azure Blob Storage and file shares.

Written with the `AZURE_*` keys; the older `AZ_*` spelling gives the same environment.

Source: KServe v0.19.0 `pkg/credentials/azure/azure_secret.go`. It refers to `AZURE_TENANT_ID` whether the
Secret has it or not, so beside a client id the tenant is required: without it the container never starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import model_validator

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.fields import (
    AzureId,
    LiteralAzureId,
    Secret,
    inputs_of,
    usual_names,
)
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.model.reasons import Reason
from syncd.schema.part import Part

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.secret import SecretValue
    from syncd.schema.source import SourceSpec

_STORAGE_KEY: Final = "AZURE_STORAGE_ACCESS_KEY"

USUAL: Final = {
    "servicePrincipal.clientId": usual_names("clientId", "AZURE_CLIENT_ID"),
    "servicePrincipal.tenantId": usual_names("tenantId", "AZURE_TENANT_ID"),
    "servicePrincipal.clientSecret": usual_names("clientSecret", "AZURE_CLIENT_SECRET"),
    "accountKey.key": (*usual_names("accountKey", _STORAGE_KEY), "key"),
    "sasToken.key": (*usual_names("sasToken", _STORAGE_KEY), "key"),
}


class ServicePrincipal(Part):
    """An app registration and its secret."""

    client_id: AzureId | None = None
    """Application (client) id (`AZURE_CLIENT_ID`). Left out: the first of its usual names in the secret."""
    tenant_id: AzureId | None = None
    """Directory (tenant) id (`AZURE_TENANT_ID`). Left out: the first of its usual names in the secret."""
    client_secret: Secret | None = None
    """Client secret (`AZURE_CLIENT_SECRET`). Left out: the first of its usual names in the secret."""
    subscription_id: AzureId | None = None
    """Subscription id (`AZURE_SUBSCRIPTION_ID`). Left out: it is not written."""


class WorkloadIdentity(Part):
    """A managed identity that the pod gets by federation; no secret."""

    client_id: LiteralAzureId
    """Client id of the managed identity (`AZURE_CLIENT_ID`), written out."""
    tenant_id: LiteralAzureId
    """Tenant id (`AZURE_TENANT_ID`), written out."""


class AccountKey(Part):
    """The key of a storage account."""

    key: Secret | None = None
    """Account key, base64 (`AZURE_STORAGE_ACCESS_KEY`). Left out: the first of its usual names in the
    secret."""
    tenant_id: AzureId | None = None
    """Tenant id (`AZURE_TENANT_ID`), for other readers of the Secret: KServe does not look at it here."""


class SasToken(Part):
    """A shared access signature."""

    key: Secret | None = None
    """SAS token, with or without its question mark (`AZURE_STORAGE_ACCESS_KEY`). Left out: the first of its
    usual names in the secret."""
    tenant_id: AzureId | None = None
    """Tenant id (`AZURE_TENANT_ID`), for other readers of the Secret: KServe does not look at it here."""


class AzurePart(KindPart):
    """Azure Blob Storage and file shares: exactly one way to authenticate."""

    service_principal: ServicePrincipal | None = None
    """An app registration and its secret."""
    workload_identity: WorkloadIdentity | None = None
    """A managed identity, keyless: needs no `from`."""
    account_key: AccountKey | None = None
    """The key of a storage account; the only one that reads file shares."""
    sas_token: SasToken | None = None
    """A shared access signature."""

    @model_validator(mode="after")
    def _exactly_one(self) -> AzurePart:
        ways = (
            self.service_principal,
            self.workload_identity,
            self.account_key,
            self.sas_token,
        )
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of servicePrincipal, workloadIdentity, accountKey, sasToken")
        return self

    def inputs(self) -> Inputs:
        """Ask for the fields of the one way that is given."""
        asked: dict[str, str | SourceSpec | None] = {}
        whole = None
        if principal := self.service_principal:
            asked["servicePrincipal.clientId"] = principal.client_id
            asked["servicePrincipal.tenantId"] = principal.tenant_id
            asked["servicePrincipal.clientSecret"] = principal.client_secret
            asked["servicePrincipal.subscriptionId"] = principal.subscription_id
            if principal.client_id is not None and principal.tenant_id is not None:
                whole = "servicePrincipal.clientSecret"
        if identity := self.workload_identity:
            asked["workloadIdentity.clientId"] = identity.client_id
            asked["workloadIdentity.tenantId"] = identity.tenant_id
        if account := self.account_key:
            whole = "accountKey.key"
            asked[whole] = account.key
            asked["accountKey.tenantId"] = account.tenant_id
        if sas := self.sas_token:
            whole = "sasToken.key"
            asked[whole] = sas.key
            asked["sasToken.tenantId"] = sas.tenant_id
        return inputs_of(asked, USUAL, whole=whole)


def _compose(values: Values, _entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    return Rendered(detects_as="azure", exclusive=False, type="Opaque", data=_data(values))


def _data(values: Values) -> dict[str, SecretValue]:
    if values.under("servicePrincipal"):
        return _principal(values)
    if values.under("workloadIdentity"):
        return _identity(values, "workloadIdentity")
    for name, check in (
        ("accountKey", checks.token),
        ("sasToken", checks.sas_token),
    ):
        if values.under(name):
            key = {_STORAGE_KEY: secret(values.text(f"{name}.key", check))}
            return key | _optional(values, f"{name}.tenantId", "AZURE_TENANT_ID")
    values.refuse(
        "servicePrincipal|accountKey|sasToken",
        Reason.PROPERTY_NOT_FOUND,
        "is missing; none of the usual names is in the secret",
    )
    return {}


def _principal(values: Values) -> dict[str, SecretValue]:
    client_secret = values.text("servicePrincipal.clientSecret")
    return (
        _identity(values, "servicePrincipal")
        | {"AZURE_CLIENT_SECRET": secret(client_secret)}
        | _optional(values, "servicePrincipal.subscriptionId", "AZURE_SUBSCRIPTION_ID")
    )


def _identity(values: Values, way: str) -> dict[str, SecretValue]:
    return {
        "AZURE_CLIENT_ID": secret(values.text(f"{way}.clientId", checks.azure_id)),
        "AZURE_TENANT_ID": secret(values.text(f"{way}.tenantId", checks.azure_id)),
    }


def _optional(values: Values, field: str, key: str) -> dict[str, SecretValue]:
    text = values.optional(field, checks.azure_id)
    return {} if text is None else {key: secret(text)}


KIND: Final = StorageKind(name="azure", part=AzurePart, usual=USUAL, since="v0.4", compose=_compose)
