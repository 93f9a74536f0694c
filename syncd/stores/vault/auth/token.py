"""A token that somebody else renews."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import AuthenticationFailed
from syncd.stores.vault.auth.method import PAUSES, Grant

if TYPE_CHECKING:
    from syncd.model.secret import SecretValue
    from syncd.stores.own_secret import OwnSecret
    from syncd.stores.vault.session import VaultSession

_SPACE: Final = 0x20
_LAST_PRINTABLE: Final = 0x7E


@dataclass(frozen=True, slots=True)
class TokenMethod:
    """Takes the token as it is, and again when it changes; it is never renewed or revoked by us."""

    secret: OwnSecret
    pauses: tuple[float, ...] = PAUSES

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Read the token; Vault is not asked."""
        del session, deadline
        return Grant(header_value(self.secret), ours=False)

    def changed(self) -> bool:
        """Tell whether the token is another one by now."""
        return self.secret.changed()

    def __str__(self) -> str:
        """Name the method."""
        return f"auth.token ({self.secret})"


def header_value(secret: OwnSecret) -> SecretValue:
    """Return the secret if a header can carry it.

    Raises:
        AuthenticationFailed: when it is not there, or holds what no token has.

    """
    value = secret.read()
    if any(byte <= _SPACE or byte > _LAST_PRINTABLE for byte in value.reveal()):
        raise AuthenticationFailed(f"{secret}: holds characters that no token has")
    return value
