"""A TLS client certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.stores.own_secret import Stamp, stamp
from syncd.stores.vault.auth.method import PAUSES, Grant, granted

if TYPE_CHECKING:
    from syncd.stores.vault.session import VaultSession
    from syncd.stores.vault.settings import CertLogin


@dataclass(slots=True)
class CertMethod:
    """Logs in with certificate and key as they are at that moment, and keeps presenting them."""

    settings: CertLogin
    pauses: tuple[float, ...] = PAUSES
    _stamps: tuple[Stamp | None, ...] = field(default=(), repr=False)

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Open new connections with the certificate, and ask for a token over them."""
        self._stamps = self._look()
        session.present((self.settings.cert_file, self.settings.key_file))
        client = session.client()
        # hvac's own method wants the authorities as a file and writes the certificate into the request.
        answer = session.ask(
            lambda: client.adapter.login(
                f"/v1/auth/{self.settings.mount_path}/login",
                use_token=False,
                json={"name": self.settings.role} if self.settings.role is not None else {},
            ),
            deadline,
        )
        return granted(answer, self, refused="no role accepts the certificate")

    def changed(self) -> bool:
        """Tell whether one of the files is another by now."""
        return self._look() != self._stamps

    def _look(self) -> tuple[Stamp | None, ...]:
        return stamp(self.settings.cert_file), stamp(self.settings.key_file)

    def __str__(self) -> str:
        """Name the method."""
        role = f"role {self.settings.role}, " if self.settings.role is not None else ""
        return f"auth.cert ({role}mount {self.settings.mount_path}, file {self.settings.cert_file})"
