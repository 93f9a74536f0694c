"""A user name and a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.stores.vault.auth.method import PAUSES_OF_LOCKING, Grant, granted

if TYPE_CHECKING:
    from syncd.stores.own_secret import OwnSecret
    from syncd.stores.vault.session import VaultSession
    from syncd.stores.vault.settings import UserpassLogin


@dataclass(frozen=True, slots=True)
class UserpassMethod:
    """Logs in with the password as it is at that moment."""

    settings: UserpassLogin
    secret: OwnSecret
    pauses: tuple[float, ...] = PAUSES_OF_LOCKING

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Send name and password."""
        password = self.secret.read()
        client = session.client()
        answer = session.ask(
            lambda: client.auth.userpass.login(
                username=self.settings.username,
                password=password.reveal().decode(),
                use_token=False,
                mount_point=self.settings.mount_path,
            ),
            deadline,
        )
        return granted(answer, self, refused="the user is locked after refused logins")

    def changed(self) -> bool:
        """Tell whether the password is another one by now."""
        return self.secret.changed()

    def __str__(self) -> str:
        """Name the method."""
        return (
            f"auth.userpass (user {self.settings.username}, mount {self.settings.mount_path}, {self.secret})"
        )
