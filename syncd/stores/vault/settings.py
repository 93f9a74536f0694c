"""Vault's part of the mapping: `stores.<name>.vault`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import StringConstraints, model_validator

from syncd.schema.part import Flag, NonEmpty, Part
from syncd.stores.address import Address
from syncd.stores.certificate_authority import CaSpec
from syncd.stores.one_of import OneOf
from syncd.stores.own_secret import OwnSecretSpec
from syncd.stores.store_part import StorePart

SERVICE_ACCOUNT_TOKEN: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")

MountPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$", max_length=255
    ),
]
"""Where an auth method is mounted, without `auth/` and without slashes at its ends."""

VaultNamespace = Annotated[
    str,
    StringConstraints(
        pattern=r"^/?[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*/?$", max_length=255
    ),
]
"""A namespace of Vault Enterprise or OpenBao, such as `ml` or `ml/prod`."""


class KubernetesLogin(Part):
    """The token of the daemon's ServiceAccount, which Vault shows to the API server."""

    role: NonEmpty
    """Role of the auth method."""
    mount_path: MountPath = "kubernetes"
    """Where the auth method is mounted."""
    token_file: Path = SERVICE_ACCOUNT_TOKEN
    """File with the ServiceAccount's token, read at every login."""
    audience: NonEmpty | None = None
    """Audience that the token must be made for; a token of another audience is not sent."""


class JwtLogin(Part):
    """A JSON web token that Vault checks by itself, such as a projected ServiceAccount token."""

    role: NonEmpty
    """Role of the auth method."""
    mount_path: MountPath = "jwt"
    """Where the auth method is mounted."""
    token_file: Path
    """File with the token, read at every login."""


class AppRoleLogin(Part):
    """A role id and a secret id."""

    role_id: NonEmpty
    """Id of the role; it is no secret."""
    secret_id: OwnSecretSpec
    """The secret id, or the token that it is wrapped in."""
    secret_id_wrapped: Flag = False
    """`secretId` is a response-wrapping token: unwrapped once, the secret id is then kept in memory."""
    mount_path: MountPath = "approle"
    """Where the auth method is mounted."""


class UserpassLogin(Part):
    """A user name and a password."""

    username: NonEmpty
    """Name of the user."""
    password: OwnSecretSpec
    """The user's password."""
    mount_path: MountPath = "userpass"
    """Where the auth method is mounted."""


class CertLogin(Part):
    """A TLS client certificate."""

    cert_file: Path
    """File with the certificate (PEM), and those between it and its authority."""
    key_file: Path
    """File with its private key (PEM, not encrypted)."""
    role: NonEmpty | None = None
    """Role of the auth method; left out, Vault tries all of them."""
    mount_path: MountPath = "cert"
    """Where the auth method is mounted."""


class VaultAuth(OneOf):
    """How syncd logs in; exactly one."""

    kubernetes: KubernetesLogin | None = None
    """With the daemon's ServiceAccount: the usual one inside a cluster."""
    jwt: JwtLogin | None = None
    """With a JSON web token."""
    token: OwnSecretSpec | None = None
    """With a token that somebody else renews; read again when it changes."""
    app_role: AppRoleLogin | None = None
    """With a role id and a secret id."""
    userpass: UserpassLogin | None = None
    """With a user name and a password."""
    cert: CertLogin | None = None
    """With a TLS client certificate."""


class VaultSettings(StorePart):
    """HashiCorp Vault or OpenBao: KV version 1 and 2, detected. A secret is `MOUNT/PATH`, without `data/`."""

    address: Address
    """Address of the server, such as `https://vault.vault.svc:8200`."""
    namespace: VaultNamespace | None = None
    """Namespace of Vault Enterprise or OpenBao, for the login and the secrets."""
    ca: CaSpec | None = None
    """Certificate authority of the server, added to the system's."""
    tls_server_name: NonEmpty | None = None
    """Name that the server's certificate must have, where it is not the host of `address`."""
    auth: VaultAuth
    """How syncd logs in."""

    @model_validator(mode="after")
    def _tls_needs_https(self) -> VaultSettings:
        if self.address.startswith("https://"):
            return self
        if self.ca is not None or self.tls_server_name is not None or self.auth.cert is not None:
            raise ValueError("ca, tlsServerName and auth.cert need an address with https://")
        return self

    def identity(self) -> str:
        """Return the address and the namespace."""
        namespace = f" namespace={self.namespace.strip('/')}" if self.namespace else ""
        return f"vault {self.address}{namespace}"
