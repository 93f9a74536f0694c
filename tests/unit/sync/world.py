"""A whole sweep without a machine: a directory of manifests, a store in memory, a mapping as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import yaml

from syncd.app import digest_key
from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.model.errors import SecretNotFound
from syncd.model.names import Instance
from syncd.model.secret import ChangeToken, RemoteSecret, SecretValue, StoreName, canonical_json
from syncd.stores.interface import SecretStore
from syncd.sync.engine import Engine
from syncd.sync.kserve_config import ConfigMemory
from syncd.sync.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from syncd.mapping.settings import MappingDocument
    from syncd.model.errors import StoreError
    from syncd.model.events import Event
    from syncd.model.names import CredentialId
    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched
    from syncd.sync.sweep import Swept
    from syncd.sync.want import Removal

STORE = StoreName("vault")
SECOND = StoreName("second")
_HEAD = """
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores:
  vault: {file: {directory: /nowhere}}
  second: {awsSecretsManager: {region: eu-west-1}}
"""


class Shelf(SecretStore):
    """A store in memory: path → versions, each with its properties.

    `versioned` says whether it tells which version it gave; `made` and `expires` what it says of a path's
    newest one.
    """

    def __init__(self, name: StoreName = STORE) -> None:
        """Start empty."""
        self.name = name
        self._secrets: dict[str, list[Mapping[str, str]]] = {}
        self.failing: dict[str, StoreError] = {}
        self.down: StoreError | None = None
        self.versioned = True
        self.made: dict[str, datetime] = {}
        self.expires: dict[str, datetime] = {}

    def put(self, path: str, **properties: str) -> None:
        """Write a new version."""
        self._secrets.setdefault(path, []).append(properties)

    def take(self, path: str) -> None:
        """Forget a secret."""
        del self._secrets[path]

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Answer from memory."""
        return {ref: self._answer(ref) for ref in refs}

    def _answer(self, ref: SecretRef) -> Fetched:
        failed = self.down or self.failing.get(ref.secret)
        if failed is not None:
            return failed
        if ref.secret not in self._secrets:
            return SecretNotFound(f"{ref}: there is no such secret")
        versions = self._secrets[ref.secret]
        number = int(ref.version) if ref.version is not None else len(versions)
        return RemoteSecret(
            ref,
            ChangeToken(str(number)) if self.versioned else None,
            SecretValue(canonical_json(dict(versions[number - 1]))),
            created=self.made.get(ref.secret),
            expires=self.expires.get(ref.secret),
        )


class World:
    """One instance of syncd on one directory; `again()` is a restart."""

    def __init__(self, root: Path) -> None:
        """Start with namespaces nlp and search, each with ServiceAccount models."""
        self.root = root
        self.shelf = Shelf()
        self.second = Shelf(SECOND)
        self.events: list[Event] = []
        self.document: MappingDocument | None = None
        self.time = 1_700_000_000.0
        self.address = "vault memory"
        for namespace in ("nlp", "search"):
            self.account(namespace, "models")
        self.again()

    def again(self) -> None:
        """Forget everything that is only in memory, as a restart does."""
        key = digest_key()
        instance = Instance("syncd")
        self.cluster = DirectoryCluster(
            self.root, instance=instance, kserve_namespace="kserve", digest_key=key, timeout=5
        )
        self.engine = Engine(
            Surroundings(
                cluster=self.cluster,
                stores={STORE: self.shelf, SECOND: self.second},
                addresses={STORE: self.address, SECOND: "second memory"},
                instance=instance,
                namespace="syncd",
                digest_key=key,
                config=ConfigMemory(missing_is_shipped=True),
                fence=lambda: None,
                emit=self.events.append,
                now=lambda: self.time,
                clock=lambda: self.time,
            )
        )

    def sync(
        self,
        credentials: str,
        removal: Removal = "act",
        due: frozenset[CredentialId] | None = None,
        settings: str = "",
    ) -> Swept:
        """Put this mapping in force and sweep everything, or what is due."""
        lines = credentials.strip().splitlines()
        named = "credentials:\n" if lines else "credentials: {}\n"
        text = _HEAD + settings + named + "".join(f"  {line}\n" for line in lines)
        reading = read({"m.yaml": text}, self.document)
        self.document = accept(self.document, reading)
        assert self.document is not None, [str(problem) for problem in reading.problems]
        return self.engine.run(self.document, due, removal=removal, deadline=time.monotonic() + 30)

    def account(self, namespace: str, name: str, **more: Any) -> None:
        """Write a ServiceAccount, as somebody else would."""
        metadata = {"name": name, "namespace": namespace, **more.pop("metadata", {})}
        self.write("serviceaccounts", "ServiceAccount", metadata, more)

    def write(self, folder: str, kind: str, metadata: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
        """Write a manifest, as somebody else would."""
        path = self.root / metadata["namespace"] / folder / f"{metadata['name']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}))

    def get(self, folder: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return a manifest as it is, None if there is none."""
        path = self.root / namespace / folder / f"{name}.yaml"
        return yaml.safe_load(path.read_text()) if path.exists() else None

    def secret(self, name: str, namespace: str = "nlp") -> dict[str, Any] | None:
        """Return a Secret."""
        return self.get("secrets", namespace, name)

    def listed(self, name: str = "models", namespace: str = "nlp") -> list[str]:
        """Return the names on a ServiceAccount's list of Secrets."""
        found = self.get("serviceaccounts", namespace, name) or {}
        return [item.get("name", "") for item in found.get("secrets", [])]
