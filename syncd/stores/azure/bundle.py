"""What a vault says of a secret that it gives: value, version, and when that is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncd.model.errors import PayloadRefused, StoreUnavailable, VersionUnavailable
from syncd.model.secret import ChangeToken, RemoteSecret, SecretValue

if TYPE_CHECKING:
    from azure.keyvault.secrets import KeyVaultSecret

    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched


def secret_of(answer: KeyVaultSecret, ref: SecretRef, now: datetime) -> Fetched:
    """Return the secret, or why it is none: switched off, not valid yet, or not what a vault answers.

    The vault itself gives secrets out before and after their time ("About Azure Key Vault secrets": `nbf` and
    `exp` inform). One that has expired is returned with `expires`: what that means is decided for all stores.
    """
    told = answer.properties
    # The SDK takes `{}` for a secret without value or id.
    if not told.id or told.version is None:
        return StoreUnavailable(f"{ref}: the answer is no secret of a vault (a proxy's?)")
    version = told.version
    if told.enabled is False:
        return VersionUnavailable(
            f"{ref}: version {version} is disabled in the vault; enable it, or pin another"
        )
    start = _moment(told.not_before)
    if start is not None and start > now:
        return VersionUnavailable(
            f"{ref}: version {version} is not valid before {start:%Y-%m-%d %H:%M:%S} UTC; pin another"
        )
    if not isinstance(answer.value, str):
        return PayloadRefused(f"{ref}: version {version} has no value")
    return RemoteSecret(
        ref,
        ChangeToken(version) if version else None,
        SecretValue(answer.value.encode("utf-8", "surrogatepass")),
        created=_moment(told.created_on),
        expires=_moment(told.expires_on),
    )


def _moment(value: object) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None
