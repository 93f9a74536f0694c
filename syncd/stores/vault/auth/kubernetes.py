"""The token of the daemon's ServiceAccount, which Vault shows to the API server."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import AuthenticationFailed
from syncd.stores.vault.auth.method import PAUSES, Grant, granted

if TYPE_CHECKING:
    from syncd.model.secret import SecretValue
    from syncd.stores.own_secret import OwnSecret
    from syncd.stores.vault.session import VaultSession
    from syncd.stores.vault.settings import KubernetesLogin

_REFUSED: Final = (
    "the role does not allow this ServiceAccount or namespace, the token has expired,"
    " or Vault cannot ask the API server about it"
)


@dataclass(frozen=True, slots=True)
class KubernetesMethod:
    """Logs in with the token file as it is at that moment: the kubelet replaces it every hour or so."""

    settings: KubernetesLogin
    secret: OwnSecret
    pauses: tuple[float, ...] = PAUSES

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Send the token, unless it is made for another audience."""
        jwt = self.secret.read()
        if self.settings.audience is not None and self.settings.audience not in audiences(jwt):
            raise AuthenticationFailed(
                f"{self}: the token is not made for audience {self.settings.audience}, so it was not sent;"
                " project one with that audience (serviceAccountToken.audience) and name it in tokenFile"
            )
        client = session.client()
        answer = session.ask(
            lambda: client.auth.kubernetes.login(
                role=self.settings.role,
                jwt=jwt.reveal().decode(),
                use_token=False,
                mount_point=self.settings.mount_path,
            ),
            deadline,
        )
        return granted(answer, self, refused=_REFUSED)

    def changed(self) -> bool:
        """Tell whether the file has another token by now."""
        return self.secret.changed()

    def __str__(self) -> str:
        """Name the method."""
        return f"auth.kubernetes (role {self.settings.role}, mount {self.settings.mount_path}, {self.secret})"


def audiences(jwt: SecretValue) -> frozenset[str]:
    """Return the audiences that a JSON web token says it is for; none when it cannot be read."""
    parts = jwt.reveal().split(b".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
    except (ValueError, IndexError, RecursionError):
        return frozenset()
    said = claims.get("aud") if isinstance(claims, dict) else None
    return frozenset({said} if isinstance(said, str) else map(str, said) if isinstance(said, list) else ())
