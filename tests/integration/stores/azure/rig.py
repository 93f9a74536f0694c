"""A vault on loopback as the stores' contract and tests use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncd.model.secret import SecretRef, canonical_json
from syncd.stores.azure.adapter import KeyVaultStore
from syncd.stores.azure.settings import AzureSettings
from syncd.testing.stores import Failure
from tests.harness.azure.entra import Refusal
from tests.harness.azure.server import TOKEN_ENDPOINT, AzureServer
from tests.harness.azure.vault import error
from tests.harness.fault_http import Reply
from tests.integration.stores.rig import NAME, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from syncd.stores.interface import SecretStore

SECRET = "client-secret-of-the-tests"  # it opens nothing but the test server


def key_vault(
    url: str, auth: Mapping[str, Any], around: Surroundings | None = None, **settings: Any
) -> KeyVaultStore:
    """A store as the mapping would configure it."""
    part = AzureSettings.model_validate({"vaultUrl": url, "auth": auth, **settings})
    return KeyVaultStore(NAME, part, (around or Surroundings()).context(), 8)


def principal(server: AzureServer, client_id: str, file: Path) -> dict[str, Any]:
    """The settings of a service principal whose client secret is in `file`."""
    return {
        "servicePrincipal": {
            "tenantId": server.tenant,
            "clientId": client_id,
            "secret": {"file": str(file)},
        }
    }


@dataclass(slots=True)
class AzureRig:
    """One vault, read by a service principal with a client secret."""

    server: AzureServer
    auth: Mapping[str, Any]
    trust: Mapping[str, Any]
    store: SecretStore
    # The reference says 25 KB ("About Azure Key Vault secrets"); our server takes what other stores do.
    largest: int = 64 * 1024
    unusual: Sequence[str] = ("a", "0", "-", "A-Za-z0-9-", "a" * 127)
    no_names: Sequence[str] = (
        "",
        "a_b",
        "a.b",
        "a/b",
        "..",
        "../certificates/a",
        "a?b",
        "a b",
        "é",
        "a" * 128,
        "a\n",
    )
    no_version: str = "0" * 32

    @classmethod
    def make(cls, server: AzureServer, ca: Path, folder: Path) -> AzureRig:
        """A store with a client secret in `folder`; `ca` is what signed the server's certificate."""
        file = folder / "client-secret"
        file.write_text(SECRET)
        auth = principal(server, server.application(SECRET), file)
        trust: dict[str, Any] = {"ca": {"file": str(ca)}}
        return cls(server, auth, trust, key_vault(server.url, auth, **trust))

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """A secret of the vault."""
        return SecretRef(NAME, name, version)

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Write it as a JSON object."""
        return self.server.vault.put(name, canonical_json(values).decode())

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Key Vault has no bytes."""
        raise AssertionError(name, sorted(values))

    def put_value(self, name: str, value: bytes) -> str | None:
        """Write it as it is; Key Vault has only text."""
        return self.server.vault.put(name, value.decode())

    def take_away(self, name: str, version: str) -> None:
        """Disable a version."""
        self.server.vault.disable(name, version)

    def deny(self, name: str) -> None:
        """Take the role away for one secret."""
        self.server.vault.denied[name] = "ForbiddenByRbac"

    def forget_login(self) -> None:
        """Revoke every token."""
        self.server.tokens.revoke()

    def fail(self, how: Failure) -> None:
        """Let the vault answer so, whatever is asked of it; Entra goes on, except that it may not know us."""
        if how is Failure.STOP:
            self.server.close()
        elif how is Failure.DISTRUSTED:
            self.store.close()
            self.store = key_vault(self.server.url, self.auth)
        elif how is Failure.UNKNOWN_TO_IT:
            unknown = Refusal(400, "unauthorized_client", 700016, "The application was not found.")
            self.server.answer(TOKEN_ENDPOINT, unknown.reply())
        else:
            self.server.answer("^/(deleted)?secrets", _REPLIES[how])


_REPLIES = {
    Failure.ERROR: error(500, "InternalServerError", "An internal error occurred."),
    Failure.THROTTLE: error(429, "Throttled", "Too many requests.", headers={"Retry-After": "3"}),
    Failure.THROTTLE_SILENTLY: error(429, "Throttled", "Too many requests."),
    Failure.HANG: Reply(200, b'{"value":"x"}' + b" " * 1000, {"Content-Type": "application/json"}, drip=0.05),
}
