"""AWS Secrets Manager's part of the mapping: `stores.<name>.awsSecretsManager`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from syncd.schema.part import Flag, NonEmpty, Part
from syncd.stores.address import Address
from syncd.stores.one_of import OneOf
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.store_part import StorePart

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
"""ARN of an IAM role."""

SessionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{2,64}$")]
"""What CloudTrail shows for the session: 2 to 64 letters, digits and `_+=,.@-`."""


class DefaultLogin(Part):
    """The chain of the AWS SDK: IRSA, pod identity, instance role, environment. It has no fields."""


class ProfileLogin(Part):
    """A profile of a shared credentials file."""

    name: NonEmpty
    """Name of the profile."""
    file: Path | None = None
    """The credentials file, read again when it changes; left out, the one of the SDK."""


class StaticLogin(Part):
    """An access key of a user; read again when it changes."""

    access_key_id: OwnSecretSpec
    """Id of the access key."""
    secret_access_key: OwnSecretSpec
    """The secret access key."""


class AwsAuth(OneOf):
    """How syncd logs in; exactly one."""

    default: DefaultLogin | None = None
    """The SDK's own chain: IRSA, pod identity, instance role, environment."""
    profile: ProfileLogin | None = None
    """A profile of a shared credentials file."""
    static: StaticLogin | None = None
    """An access key."""


class AssumeRole(Part):
    """A role to assume."""

    role_arn: RoleArn
    """ARN of the role."""
    external_id: NonEmpty | None = None
    """External id that the role asks for."""
    session_name: SessionName = "syncd"
    """Name of the session, as CloudTrail shows it."""
    session_tags: Mapping[NonEmpty, str] = Field(default_factory=dict)
    """Tags of the session."""


class AwsSettings(StorePart):
    """AWS Secrets Manager. A secret is a name or ARN; a version is an id (32 to 64 characters) or a stage."""

    region: NonEmpty
    """Region, such as `eu-west-1`."""
    endpoint: Address | None = None
    """Another endpoint of Secrets Manager, such as a VPC endpoint; STS keeps its own."""
    use_fips_endpoint: Flag = False
    """Use the FIPS 140 endpoints of the region, of STS too."""
    use_dual_stack_endpoint: Flag = False
    """Use the endpoints that have IPv4 and IPv6, of STS too."""
    auth: AwsAuth = Field(default_factory=lambda: AwsAuth(default=DefaultLogin()))
    """How syncd logs in; left out, the SDK's own chain."""
    assume_role: tuple[AssumeRole, ...] = ()
    """Roles to assume on top of `auth`, in this order."""

    @model_validator(mode="after")
    def _one_way_to_the_endpoint(self) -> AwsSettings:
        if self.endpoint is not None and (self.use_fips_endpoint or self.use_dual_stack_endpoint):
            raise ValueError("give endpoint, or useFipsEndpoint and useDualStackEndpoint, not both")
        return self

    def identity(self) -> str:
        """Return the region and the endpoint."""
        endpoint = f" endpoint={self.endpoint}" if self.endpoint else ""
        return f"awsSecretsManager region={self.region}{endpoint}"
