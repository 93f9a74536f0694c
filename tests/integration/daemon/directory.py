"""A daemon's world without Kubernetes: a mapping file, a directory as the cluster, OpenBao as the store."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.harness.fixtures import unique
from tests.harness.judge import SHIPPED_CREDENTIALS
from tests.integration.daemon.process import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.openbao import OpenBao

NAMESPACE = "team-a"
GROUP = "{store} every 1s"


@dataclass(slots=True)
class World:
    """The files of one test. `stores` are the mapping's, by name; `mount` is theirs in OpenBao."""

    folder: Path
    bao: OpenBao
    mount: str
    stores: dict[str, Any] = field(default_factory=dict)
    credentials: dict[str, Any] = field(default_factory=dict)
    mode: str = "enforce"

    @classmethod
    def create(cls, folder: Path, bao: OpenBao) -> World:
        """Makes a mount that its token may only read, an empty namespace, and the store `platform`."""
        mount = bao.enable_kv(unique("kv"), 2)
        token = folder / "vault-token"
        token.touch(mode=0o600)
        token.write_text(bao.token([bao.least_policy(mount, {mount: 2})]))
        (folder / "cluster" / NAMESPACE).mkdir(parents=True, mode=0o700)
        (folder / "cluster").chmod(0o700)
        _install_kserve_config(folder / "cluster" / "kserve" / "configmaps")
        world = cls(folder, bao, mount)
        world.add_store("platform", bao.url)
        return world

    def add_store(self, name: str, address: str) -> None:
        """Adds a store at this address, which takes the same token."""
        auth = {"token": {"file": str(self.folder / "vault-token")}}
        self.stores[name] = {"vault": {"address": address, "auth": auth}, "requests": {"timeout": "5s"}}

    def add(self, name: str, *, store: str = "platform", **more: Any) -> None:
        """Adds an S3 credential of this name, from the secret of this name, read every second."""
        self.credentials[name] = {
            "from": {"store": store, "secret": f"{self.mount}/{name}"},
            "s3": {"endpoint": "https://minio.example.com"},
            "to": [
                {"namespaces": [NAMESPACE], "serviceAccounts": ["models"], "createServiceAccounts": True}
                if name == "alpha"
                else {"namespaces": [NAMESPACE]}
            ],
            "schedule": {"interval": "1s"},
            **more,
        }

    def put(self, name: str, key: str) -> None:
        """Writes a secret, as its next version; the key id is derived from the key."""
        self.bao.put(self.mount, name, {"access_key": f"ID{key}", "secret_key": key})

    @property
    def mapping(self) -> Path:
        """The mapping's file."""
        return self.folder / "mapping.yaml"

    def write(self) -> None:
        """Writes the mapping as it is now."""
        document = {
            "apiVersion": "syncd.dev/v1alpha1",
            "kind": "Mapping",
            "mode": self.mode,
            "stores": self.stores,
            "credentials": self.credentials,
        }
        # In one step: the daemon must not read half of it.
        draft = self.folder / "mapping.draft"
        draft.write_text(json.dumps(document, indent=2))
        draft.replace(self.mapping)

    def start(self, text: str | None = None) -> Daemon:
        """Writes the mapping, or this text instead of it, and starts the daemon."""
        if text is None:
            self.write()
        else:
            self.mapping.write_text(text)
        return Daemon.start(
            self.folder / unique("daemon"),
            ["-f", str(self.mapping), "--directory", str(self.folder / "cluster")],
        )

    def file_of(self, name: str) -> Path:
        """The file of a Secret."""
        return self.folder / "cluster" / NAMESPACE / "secrets" / f"{name}.yaml"

    def has(self, name: str, key: str) -> bool:
        """Whether the cluster has exactly this key for the credential."""
        if not self.file_of(name).exists():
            return False
        data = yaml.safe_load(self.file_of(name).read_text())["data"]
        return base64.b64decode(data["AWS_SECRET_ACCESS_KEY"]).decode() == key


def _install_kserve_config(folder: Path) -> None:
    """Without it no new Secret is made beside those that are ours already."""
    name = "inferenceservice-config"
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "kserve"},
        "data": {"credentials": json.dumps(SHIPPED_CREDENTIALS)},
    }
    folder.mkdir(parents=True, mode=0o700)
    (folder / f"{name}.yaml").write_text(json.dumps(manifest, indent=2))
