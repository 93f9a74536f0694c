"""GCP Secret Manager's part of the mapping: `stores.<name>.gcpSecretManager`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from syncd.schema.part import NonEmpty, Part
from syncd.stores.address import Address
from syncd.stores.one_of import OneOf
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.store_part import StorePart

ServiceAccountEmail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
"""E-mail address of a Google service account."""


class DefaultLogin(Part):
    """Application default credentials: workload identity, or the environment's. It has no fields."""


class GcpAuth(OneOf):
    """How syncd logs in; exactly one."""

    default: DefaultLogin | None = None
    """Workload identity, or the other application default credentials."""
    service_account_key: OwnSecretSpec | None = None
    """The key (JSON) of a Google service account."""


class GcpSettings(StorePart):
    """GCP Secret Manager. A secret is its id in the project; a version is a number or an alias."""

    project: NonEmpty
    """Id of the project that holds the secrets."""
    location: NonEmpty | None = None
    """Region of regional secrets; left out, secrets are global ones."""
    transport: Literal["grpc", "rest"] = "grpc"
    """Wire of the requests; `rest` where a proxy lets no gRPC through."""
    endpoint: Address | None = None
    """Another endpoint, such as a private one."""
    auth: GcpAuth = Field(default_factory=lambda: GcpAuth(default=DefaultLogin()))
    """How syncd logs in; left out, the application default credentials."""
    impersonate: tuple[ServiceAccountEmail, ...] = ()
    """Service accounts to impersonate, in this order; the last one reads the secrets."""

    def identity(self) -> str:
        """Return the project and the location."""
        location = f" location={self.location}" if self.location else ""
        return f"gcpSecretManager project={self.project}{location}"
