"""A real OpenBao as the stores' contract and tests use it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncd.model.secret import SecretRef, SecretValue, StoreName
from syncd.stores.interface import StoreContext
from syncd.stores.vault.adapter import VaultStore
from syncd.stores.vault.settings import VaultSettings
from syncd.testing.stores import Failure, digest, found
from tests.harness.fault_http import FaultProxy, Reply
from tests.harness.openbao_auth import write_secret_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Literal

    from syncd.model.events import Event
    from syncd.model.secret import Digest
    from syncd.stores.interface import Fetched, SecretStore
    from tests.harness.openbao import OpenBao
    from tests.harness.openbao_auth import AppRole

NAME = StoreName("platform")
SOON = 20.0
HTML = Reply(404, b"<html>not here</html>", {"Content-Type": "text/html"})


@dataclass(slots=True)
class Surroundings:
    """A cluster that has these Secrets and ConfigMaps, and the events that were emitted."""

    secrets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def context(self) -> StoreContext:
        """What a store is given."""
        return StoreContext(
            "syncd", self._secret, lambda _, name: self.config_maps.get(name), self.events.append
        )

    def _secret(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        data = self.secrets.get(name) if namespace == "syncd" else None
        return None if data is None else {key: SecretValue(value) for key, value in data.items()}


def vault(
    url: str, auth: Mapping[str, Any], around: Surroundings | None = None, **settings: Any
) -> VaultStore:
    """A store as the mapping would configure it."""
    part = VaultSettings.model_validate({"address": url, "auth": auth, **settings})
    return VaultStore(NAME, part, (around or Surroundings()).context(), 8)


def secret_id(role: AppRole, file: Path, **more: object) -> dict[str, object]:
    """The settings of an AppRole login whose secret id is in `file`."""
    return {"appRole": {"roleId": role.role_id, "secretId": {"file": str(file)}, **more}}


def key_of(answer: Fetched) -> Digest:
    """The digest of the property `key`."""
    return digest(found(answer).properties()["key"])


def text(value: str) -> Digest:
    """The digest that a text must have."""
    return digest(SecretValue(value.encode()))


def read(store: SecretStore, secret: str, version: str | None = None, *, within: float = SOON) -> Fetched:
    """One fetch."""
    ref = SecretRef(NAME, secret, version)
    return store.fetch([ref], deadline=time.monotonic() + within)[ref]


@dataclass(slots=True)
class VaultRig:
    """One mount of a real server behind a proxy that can misbehave, read with a token of a least policy."""

    server: OpenBao
    proxy: FaultProxy
    mount: str
    version: Literal[1, 2]
    store: SecretStore

    @classmethod
    def make(
        cls, server: OpenBao, proxy: FaultProxy, mount: str, version: Literal[1, 2], folder: Path
    ) -> VaultRig:
        """A store with a token file in `folder`."""
        policy = server.least_policy(f"contract-{mount}", {mount: version})
        token = write_secret_file(folder / "token", server.token([policy]) + "\n")
        return cls(server, proxy, mount, version, vault(proxy.url, {"token": {"file": str(token)}}))

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """A secret below `contract/` in the mount."""
        return SecretRef(NAME, f"{self.mount}/contract/{name}", version)

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Write it with the root token, past the proxy."""
        self.server.put(self.mount, f"contract/{name}", values, version=self.version)
        if self.version == 1:
            return None
        data = self.server.root.must("GET", f"{self.mount}/data/contract/{name}")["data"]
        return str(data["metadata"]["version"])

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Vault has no bytes."""
        raise AssertionError(name, sorted(values))

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

    def fail(self, how: Failure) -> None:
        """Let the proxy answer; the mount was not asked for yet, or it was: both must work."""
        if how is Failure.STOP:
            self.proxy.close()
            return
        self.proxy.answer("", _REPLIES[how])


_REPLIES = {
    Failure.ERROR: Reply(500, b'{"errors":["1 error occurred:\\n\\t* internal error\\n\\n"]}'),
    Failure.THROTTLE: Reply(
        429, b'{"errors":["request path: rate limit quota exceeded"]}', {"Retry-After": "3"}
    ),
    Failure.HANG: Reply(200, b'{"data":{}}' + b" " * 1000, drip=0.05),
    Failure.UNKNOWN_TO_IT: Reply(403, b'{"errors":["permission denied"]}'),
}
