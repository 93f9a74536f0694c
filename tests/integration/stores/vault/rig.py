"""A real OpenBao as the stores' contract and tests use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from syncd.model.secret import SecretRef
from syncd.stores.vault.adapter import VaultStore
from syncd.stores.vault.settings import VaultSettings
from syncd.testing.stores import Failure
from tests.harness.fault_http import FaultProxy, Reply, ScriptedServer
from tests.harness.openbao_auth import enable_approle, write_secret_file
from tests.harness.tls import CertificateAuthority
from tests.integration.stores.rig import NAME, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Literal

    from syncd.stores.interface import SecretStore
    from tests.harness.openbao import OpenBao
    from tests.harness.openbao_auth import AppRole


def vault(
    url: str, auth: Mapping[str, Any], around: Surroundings | None = None, **settings: Any
) -> VaultStore:
    """A store as the mapping would configure it."""
    part = VaultSettings.model_validate({"address": url, "auth": auth, **settings})
    return VaultStore(NAME, part, (around or Surroundings()).context(), 8)


def secret_id(role: AppRole, file: Path, **more: object) -> dict[str, object]:
    """The settings of an AppRole login whose secret id is in `file`."""
    return {"appRole": {"roleId": role.role_id, "secretId": {"file": str(file)}, **more}}


@dataclass(slots=True)
class VaultRig:
    """One mount of a real server behind a proxy that can misbehave, read by an AppRole of a least policy."""

    server: OpenBao
    proxy: FaultProxy
    mount: str
    version: Literal[1, 2]
    folder: Path
    auth: Mapping[str, Any]
    store: SecretStore
    distrusted: ScriptedServer | None = None
    largest: int = 64 * 1024
    unusual: Sequence[str] = ("a b", "100%", "what?", "no#1", "a+b", "é/鍵", "data/x", "%2e%2e/x", "a" * 200)
    no_names: Sequence[str] = ("", "kv", "/kv/a", "kv/a/", "kv//a", "kv/../other/a", "kv/./a", "kv/a\nb")
    no_version: str = "999"

    @classmethod
    def make(
        cls, server: OpenBao, proxy: FaultProxy, mount: str, version: Literal[1, 2], folder: Path
    ) -> VaultRig:
        """A store with a secret id in `folder`."""
        policy = server.least_policy(f"contract-{mount}", {mount: version})
        login = f"approle-{mount}"
        role = enable_approle(server, login, "syncd", [policy])
        auth = secret_id(role, write_secret_file(folder / "secret-id", role.secret_id), mountPath=login)
        return cls(server, proxy, mount, version, folder, auth, vault(proxy.url, auth))

    def close(self) -> None:
        """End what was started."""
        self.store.close()
        if self.distrusted is not None:
            self.distrusted.close()

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """A secret below `contract/` in the mount."""
        return SecretRef(NAME, f"{self.mount}/contract/{name}", version)

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Write it with the root token, past the proxy."""
        path = quote(f"contract/{name}")
        self.server.put(self.mount, path, values, version=self.version)
        if self.version == 1:
            return None
        data = self.server.root.must("GET", f"{self.mount}/data/{path}")["data"]
        return str(data["metadata"]["version"])

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Vault has no bytes."""
        raise AssertionError(name, sorted(values))

    def put_value(self, name: str, value: bytes) -> str | None:
        """A secret of Vault has properties."""
        raise AssertionError(name, len(value))

    def take_away(self, name: str, version: str) -> None:
        """Delete a version."""
        self.server.delete_versions(self.mount, f"contract/{name}", [int(version)])

    def deny(self, name: str) -> None:
        """Deny one path in the policy."""
        inside = "data/" if self.version == 2 else ""
        self.server.write_policy(
            f"contract-{self.mount}",
            {
                f"{self.mount}/{inside}*": ("read",),
                f"{self.mount}/{inside}contract/{name}": ("deny",),
            },
        )

    def forget_login(self) -> None:
        """Revoke every token that the role got."""
        self.server.root.must("PUT", f"sys/leases/revoke-prefix/auth/approle-{self.mount}/login")

    def fail(self, how: Failure) -> None:
        """Let the proxy answer; the mount was not asked for yet, or it was: both must work."""
        if how is Failure.STOP:
            self.proxy.close()
        elif how is Failure.DISTRUSTED:
            self.store.close()
            self.distrusted = ScriptedServer(CertificateAuthority.create(self.folder / "unknown"))
            self.store = vault(self.distrusted.url, self.auth)
        elif how is Failure.UNKNOWN_TO_IT:
            self.proxy.answer(r"^/v1/(?!sys/health)", Reply(403, b'{"errors":["permission denied"]}'))
        else:
            self.proxy.answer("", _REPLIES[how])


_QUOTA = b'{"errors":["request path: rate limit quota exceeded"]}'
_REPLIES = {
    Failure.ERROR: Reply(500, b'{"errors":["1 error occurred:\\n\\t* internal error\\n\\n"]}'),
    Failure.THROTTLE: Reply(429, _QUOTA, {"Retry-After": "3"}),
    Failure.THROTTLE_SILENTLY: Reply(429, _QUOTA),
    Failure.HANG: Reply(200, b'{"data":{}}' + b" " * 1000, drip=0.05),
}
