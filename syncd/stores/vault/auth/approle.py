"""A role id and a secret id, which may come wrapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.model.errors import AuthenticationFailed, StoreUnavailable
from syncd.model.secret import SecretValue
from syncd.stores.vault.auth.method import PAUSES_OF_LOCKING, Grant, granted, raise_login_fault
from syncd.stores.vault.auth.token import header_value
from syncd.stores.vault.errors import Fault, FaultKind

if TYPE_CHECKING:
    from syncd.stores.own_secret import OwnSecret
    from syncd.stores.vault.session import VaultSession
    from syncd.stores.vault.settings import AppRoleLogin


@dataclass(slots=True)
class AppRoleMethod:
    """Logs in with the secret id as it is at that moment; a wrapped one is unwrapped once and kept."""

    settings: AppRoleLogin
    secret: OwnSecret
    pauses: tuple[float, ...] = PAUSES_OF_LOCKING
    _unwrapped: tuple[SecretValue, SecretValue] | None = field(default=None, repr=False)

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Send both ids."""
        secret_id = self._unwrap(session, deadline) if self.settings.secret_id_wrapped else self.secret.read()
        client = session.client()
        answer = session.ask(
            lambda: client.auth.approle.login(
                role_id=self.settings.role_id,
                secret_id=secret_id.reveal().decode(),
                use_token=False,
                mount_point=self.settings.mount_path,
            ),
            deadline,
        )
        return granted(answer, self, refused="the role is locked after refused logins")

    def changed(self) -> bool:
        """Tell whether the secret id, or what it is wrapped in, is another one by now."""
        return self.secret.changed()

    def _unwrap(self, session: VaultSession, deadline: float) -> SecretValue:
        wrapping = header_value(self.secret)
        if self._unwrapped is not None and self._unwrapped[0] == wrapping:
            return self._unwrapped[1]
        client = session.client(wrapping)
        answer = session.ask(client.sys.unwrap, deadline)
        if isinstance(answer, Fault):
            if answer.kind in {FaultKind.REFUSED, FaultKind.TOKEN, FaultKind.DENIED}:
                raise AuthenticationFailed(
                    f"{self}: the wrapping token has expired or was used already. If syncd did not use it,"
                    " somebody else has the secret id: destroy that, then write a new wrapping token"
                )
            raise_login_fault(answer, self)
        data = answer.get("data")
        secret_id = data.get("secret_id") if isinstance(data, dict) else None
        if not isinstance(secret_id, str) or not secret_id:
            raise StoreUnavailable(f"{self}: what was unwrapped holds no secret_id")
        self._unwrapped = (wrapping, SecretValue(secret_id.encode()))
        return self._unwrapped[1]

    def __str__(self) -> str:
        """Name the method."""
        return f"auth.appRole (mount {self.settings.mount_path}, {self.secret})"
