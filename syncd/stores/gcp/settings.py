"""GCP Secret Manager's part of the mapping: `stores.<name>.gcpSecretManager`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from syncd.schema.part import Part
from syncd.stores.address import Address
from syncd.stores.one_of import OneOf
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.store_part import StorePart

ServiceAccountEmail = Annotated[str, StringConstraints(pattern=r"^[^@\s/:]+@[^@\s/:]+$")]
"""E-mail address of a Google service account."""

Project = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$", max_length=128)]
"""Id or number of a project, such as `ml-prod` or `example.com:ml`."""

Location = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
"""A region, such as `europe-west6`."""


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

    project: Project
    """Id of the project that holds the secrets."""
    location: Location | None = None
    """Region of regional secrets; left out, secrets are global ones."""
    transport: Literal["grpc", "rest"] = "grpc"
    """Wire of the requests; `rest` where a proxy lets no gRPC through."""
    endpoint: Address | None = None
    """Another endpoint, such as a private one; to an `http://` one (an emulator) no login is sent."""
    auth: GcpAuth = Field(default_factory=lambda: GcpAuth(default=DefaultLogin()))
    """How syncd logs in; left out, the application default credentials."""
    impersonate: tuple[ServiceAccountEmail, ...] = ()
    """Service accounts to impersonate, in this order; the last one reads the secrets."""

    @model_validator(mode="after")
    def _endpoint_fits(self) -> GcpSettings:
        if self.endpoint is not None and urlsplit(self.endpoint).path:
            raise ValueError("endpoint: scheme, host and port only")
        if self.is_plaintext and (self.auth.default is None or self.impersonate):
            raise ValueError(
                "endpoint: no login is sent over http://; use https://, or leave out serviceAccountKey"
                " and impersonate"
            )
        return self

    @property
    def is_plaintext(self) -> bool:
        """Whether the endpoint is one without TLS: no token is ever sent there."""
        return self.endpoint is not None and self.endpoint.startswith("http://")

    def identity(self) -> str:
        """Return the project, and the location and the endpoint where they are given."""
        location = f" location={self.location}" if self.location else ""
        endpoint = f" endpoint={self.endpoint}" if self.endpoint else ""
        return f"gcpSecretManager project={self.project}{location}{endpoint}"
