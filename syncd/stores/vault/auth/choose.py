"""From the settings of a login to the method that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import UsageError
from syncd.stores.own_secret import OwnSecret, OwnSecretSpec
from syncd.stores.vault.auth.approle import AppRoleMethod
from syncd.stores.vault.auth.cert import CertMethod
from syncd.stores.vault.auth.jwt import JwtMethod
from syncd.stores.vault.auth.kubernetes import KubernetesMethod
from syncd.stores.vault.auth.token import TokenMethod
from syncd.stores.vault.auth.userpass import UserpassMethod

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.stores.clock import Clock
    from syncd.stores.interface import StoreContext
    from syncd.stores.vault.auth.method import Method
    from syncd.stores.vault.settings import VaultAuth


def choose(auth: VaultAuth, context: StoreContext, clock: Clock) -> Method:
    """Return the one method that is configured; nothing is read yet.

    Raises:
        UsageError: when none is, which reading the mapping already refuses.

    """

    def own(spec: OwnSecretSpec) -> OwnSecret:
        return OwnSecret(spec, context, clock.now)

    def of_file(path: Path) -> OwnSecret:
        return own(OwnSecretSpec(file=path))

    if auth.kubernetes is not None:
        return KubernetesMethod(auth.kubernetes, of_file(auth.kubernetes.token_file))
    if auth.jwt is not None:
        return JwtMethod(auth.jwt, of_file(auth.jwt.token_file))
    if auth.token is not None:
        return TokenMethod(own(auth.token))
    if auth.app_role is not None:
        return AppRoleMethod(auth.app_role, own(auth.app_role.secret_id))
    if auth.userpass is not None:
        return UserpassMethod(auth.userpass, own(auth.userpass.password))
    if auth.cert is not None:
        return CertMethod(auth.cert)
    raise UsageError("vault.auth names no way to log in")
