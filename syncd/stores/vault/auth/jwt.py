"""A JSON web token that Vault checks by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.stores.vault.auth.method import PAUSES, Grant, granted

if TYPE_CHECKING:
    from syncd.stores.own_secret import OwnSecret
    from syncd.stores.vault.session import VaultSession
    from syncd.stores.vault.settings import JwtLogin


@dataclass(frozen=True, slots=True)
class JwtMethod:
    """Logs in with the token file as it is at that moment."""

    settings: JwtLogin
    secret: OwnSecret
    pauses: tuple[float, ...] = PAUSES

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Send the token."""
        jwt = self.secret.read()
        client = session.client()
        answer = session.ask(
            lambda: client.auth.jwt.jwt_login(
                role=self.settings.role,
                jwt=jwt.reveal().decode(),
                use_token=False,
                path=self.settings.mount_path,
            ),
            deadline,
        )
        return granted(answer, self, refused="the role does not allow the token")

    def changed(self) -> bool:
        """Tell whether the file has another token by now."""
        return self.secret.changed()

    def __str__(self) -> str:
        """Name the method."""
        return f"auth.jwt (role {self.settings.role}, mount {self.settings.mount_path}, {self.secret})"
