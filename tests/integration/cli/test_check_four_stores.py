"""syncd check of all four stores at once, over their real SDKs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.harness.fixtures import unique
from tests.harness.four_stores import STORES, FourStores, without_sdk_variables
from tests.integration.cli.command import syncd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.aws import AwsServer
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority
    from tests.integration.cli.command import Ended

CANARY = "canary-60c9"
RIGHTS = {
    "vault": "read on ",
    "aws": "secretsmanager:GetSecretValue",
    "gcp": "secretmanager.versions.access",
    "azure": "Key Vault Secrets User",
}
"""What each store's own words name when a secret may not be read."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Four stores, each with a secret that is well, one that is denied and one that is missing."""

    stores: FourStores
    mapping: Path
    well: str
    denied: str
    missing: str

    def check(self, *arguments: str) -> Ended:
        """Check the mapping; no output has a value."""
        flags = ("--log-level", "debug", "check", "-f", str(self.mapping), *arguments)
        ended = syncd(*flags, env=self.stores.environment)
        assert not ended.prints(CANARY)
        return ended


@pytest.fixture
def scene(
    tmp_path: Path,
    openbao: OpenBao,
    kv2: str,
    aws_server: AwsServer,
    authority: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    """The stores, and a mapping with a credential for each secret of each."""
    for name in os.environ.keys() - without_sdk_variables().keys():
        monkeypatch.delenv(name)
    stores = FourStores.start(openbao, kv2, aws_server, authority, tmp_path)
    scene = Scene(stores, tmp_path / "mapping.yaml", unique("well"), unique("denied"), unique("missing"))
    for store in STORES:
        for name in (scene.well, scene.denied):
            stores.put(store, name, {"token": f"hf_{CANARY}"})
    deny(scene, tmp_path / "vault-token")
    credentials = {
        f"{store}-{name}": {
            "from": {"store": store, "secret": stores.secret(store, name)},
            "huggingFace": {},
            "to": [{"namespaces": [f"{store}-{name}"]}],
        }
        for store in STORES
        for name in (scene.well, scene.denied, scene.missing)
    }
    header = {"apiVersion": "syncd.dev/v1alpha1", "kind": "Mapping"}
    document = {**header, "stores": dict(stores.settings), "credentials": credentials}
    scene.mapping.write_text(yaml.safe_dump(document))
    yield scene
    stores.close()


def deny(scene: Scene, vault_token: Path) -> None:
    """Take the right to read one secret away, in each store's own way."""
    bao, mount = scene.stores.bao, scene.stores.mount
    paths = {f"{mount}/data/{name}": ("read",) for name in (scene.well, scene.missing)}
    vault_token.write_text(bao.token([bao.write_policy(unique("narrow"), paths)]))
    scene.stores.aws_proxy.deny(scene.denied)
    scene.stores.gcp.deny("access", scene.denied)
    scene.stores.azure.vault.denied[scene.denied] = "ForbiddenByRbac"


def test_four_stores_at_once(scene: Scene) -> None:
    """Each says how it is, as whom it knows us, which version and how old, and which right is missing."""
    ended = scene.check("-o", "json")
    assert ended.code == 3, ended.err
    found = json.loads(ended.out)
    assert {store["name"]: store["status"] for store in found["stores"]} == dict.fromkeys(STORES, "ok")
    assert all(step["detail"] for store in found["stores"] for step in store["steps"])
    secrets = {(one["store"], one["secret"].rpartition("/")[2]): one for one in found["secrets"]}
    statuses = {scene.well: "ok", scene.denied: "AccessDenied", scene.missing: "SecretNotFound"}
    assert {key: one["status"] for key, one in secrets.items()} == {
        (store, name): status for store in STORES for name, status in statuses.items()
    }
    for store in STORES:
        well, denied = secrets[store, scene.well], secrets[store, scene.denied]
        assert RIGHTS[store] in denied["message"]
        assert well["version"], store
        assert well["created"], store
        assert well["fields"] == "ok"


@pytest.mark.parametrize("down", STORES)
def test_one_of_four_is_down(scene: Scene, down: str) -> None:
    """A store that is down is told, the other three are checked, and it is 3."""
    (store,) = (name for name in STORES if name == down)
    scene.stores.take_down(store)
    ended = scene.check()
    assert ended.code == 3, ended.err
    assert ended.out.count(f"store {down}: StoreUnavailable") == 1
    lines = [line.split() for line in ended.out.splitlines()]
    well = [line[0] for line in lines if line[1:2] == ["ok"] and line[-1].startswith(f"{line[0]}-well")]
    assert sorted(well) == sorted(set(STORES) - {down})
