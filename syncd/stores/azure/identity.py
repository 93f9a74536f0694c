"""The logins of the mapping as credentials of the SDK."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from azure.identity import (
    AzureAuthorityHosts,
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from cryptography.exceptions import UnsupportedAlgorithm

from syncd.model.errors import AuthenticationFailed, StoreMisconfigured
from syncd.stores.own_secret import OwnSecret, read_file, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from azure.core.credentials import SupportsTokenInfo

    from syncd.model.secret import SecretValue
    from syncd.stores.azure.settings import (
        AzureSettings,
        Certificate,
        ManagedIdentity,
        ServicePrincipal,
        WorkloadIdentity,
    )
    from syncd.stores.clock import Clock
    from syncd.stores.interface import StoreContext
    from syncd.stores.own_secret import Stamp

_AUTHORITIES: Final[Mapping[str, str]] = {
    "USGovernment": AzureAuthorityHosts.AZURE_GOVERNMENT,
    "China": AzureAuthorityHosts.AZURE_CHINA,
}
_KNOWN_AUTHORITIES: Final = frozenset({AzureAuthorityHosts.AZURE_PUBLIC_CLOUD, *_AUTHORITIES.values()})


class Watched(Protocol):
    """Something that a login is made of, and that may become another."""

    def changed(self) -> bool:
        """Tell whether it is another than it was when it was last read."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """One login of the mapping.

    `make` reads what is needed and returns a new credential; it raises `AuthenticationFailed`,
    `StoreMisconfigured` or `StoreUnavailable`. `name` is for messages. `own_tenant`: it logs in at the tenant
    of its settings, whichever the vault names. The SDK refuses any other, remembers a vault's tenant for as
    long as the process lives, and does not know that a tenant's domain name is the tenant.
    """

    name: str
    make: Callable[[], SupportsTokenInfo]
    watched: tuple[Watched, ...] = ()
    own_tenant: bool = True

    def changed(self) -> bool:
        """Tell whether anything that the credential was made of has changed since."""
        return any(item.changed() for item in self.watched)


def choose(
    settings: AzureSettings, context: StoreContext, clock: Clock, options: Callable[[], Mapping[str, Any]]
) -> Method:
    """Return the login that the settings name; `options` are what every credential is made with."""
    auth = settings.auth

    def sdk_options() -> Mapping[str, Any]:
        return {**options(), **authority_options(settings.cloud)}

    if auth.workload_identity is not None:
        return _workload(auth.workload_identity, sdk_options)
    if auth.managed_identity is not None:
        return _managed(auth.managed_identity, sdk_options)
    if auth.service_principal is not None:
        return _principal(auth.service_principal, context, clock, sdk_options)
    return Method(
        "the SDK's default chain", lambda: DefaultAzureCredential(**sdk_options()), own_tenant=False
    )


def authority_options(cloud: str) -> Mapping[str, Any]:
    """Return what tells the SDK where tokens come from.

    `AZURE_AUTHORITY_HOST` stays in force in the public cloud. MSAL asks Microsoft about an authority that it
    does not know, and a private cloud's is known to nobody.
    """
    if cloud in _AUTHORITIES:
        return {"authority": _AUTHORITIES[cloud]}
    host = os.environ.get("AZURE_AUTHORITY_HOST", "").removeprefix("https://").rstrip("/")
    return {"disable_instance_discovery": True} if host and host not in _KNOWN_AUTHORITIES else {}


def _workload(spec: WorkloadIdentity, options: Callable[[], Mapping[str, Any]]) -> Method:
    def make() -> SupportsTokenInfo:
        missing = [
            f"{field} ({variable})"
            for field, variable, value in (
                ("clientId", "AZURE_CLIENT_ID", spec.client_id),
                ("tenantId", "AZURE_TENANT_ID", spec.tenant_id),
                ("tokenFile", "AZURE_FEDERATED_TOKEN_FILE", spec.token_file),
            )
            if not value and not os.environ.get(variable)
        ]
        if missing:
            raise StoreMisconfigured(
                f"workload identity: the pod does not have {', '.join(missing)}; does it have the label"
                " azure.workload.identity/use, and its ServiceAccount the annotation"
                " azure.workload.identity/client-id?"
            )
        return WorkloadIdentityCredential(
            client_id=spec.client_id,
            tenant_id=spec.tenant_id,
            token_file_path=str(spec.token_file) if spec.token_file is not None else None,
            **options(),
        )

    return Method("workload identity", make)


def _managed(spec: ManagedIdentity, options: Callable[[], Mapping[str, Any]]) -> Method:
    def make() -> SupportsTokenInfo:
        resource = {"resource_id": spec.resource_id} if spec.resource_id is not None else None
        return ManagedIdentityCredential(client_id=spec.client_id, identity_config=resource, **options())

    which = f" {spec.client_id or spec.resource_id}" if spec.client_id or spec.resource_id else ""
    return Method(f"managed identity{which}", make)


def _principal(
    spec: ServicePrincipal, context: StoreContext, clock: Clock, options: Callable[[], Mapping[str, Any]]
) -> Method:
    name = f"service principal {spec.client_id} of tenant {spec.tenant_id}"
    if spec.certificate is not None:
        return _by_certificate(name, spec, spec.certificate, context, clock, options)
    if spec.secret is None:
        raise StoreMisconfigured(f"{name}: has neither secret nor certificate")
    secret = OwnSecret(spec.secret, context, clock.now)

    def make() -> SupportsTokenInfo:
        text = secret.read().reveal().decode()
        return ClientSecretCredential(spec.tenant_id, spec.client_id, text, **options())

    return Method(f"{name}, secret in {secret}", make, (secret,))


def _by_certificate(
    name: str,
    spec: ServicePrincipal,
    certificate: Certificate,
    context: StoreContext,
    clock: Clock,
    options: Callable[[], Mapping[str, Any]],
) -> Method:
    file = _File(certificate.file)
    password = OwnSecret(certificate.password, context, clock.now) if certificate.password else None

    def make() -> SupportsTokenInfo:
        data, opened_by = file.read().reveal(), password.read().reveal() if password else None
        try:
            return CertificateCredential(
                spec.tenant_id,
                spec.client_id,
                certificate_data=data,
                password=opened_by,
                **options(),
            )
        except (ValueError, TypeError, UnsupportedAlgorithm):
            pass
        raise AuthenticationFailed(
            f"{name}: {certificate.file}: no certificate with its RSA private key (PEM or PKCS 12), or the"
            " password does not open it"
        )

    watched = (file,) if password is None else (file, password)
    return Method(f"{name}, certificate in {certificate.file}", make, watched)


class _File:
    """A file of bytes, and whether it is another than it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None

    def read(self) -> SecretValue:
        self._stamp = stamp(self._path)
        content = read_file(self._path)
        if content is None:
            raise AuthenticationFailed(
                f"file {self._path}: there is no such thing; a store needs it to log in"
            )
        return content

    def changed(self) -> bool:
        return stamp(self._path) != self._stamp
