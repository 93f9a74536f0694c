"""syncd check of all four stores at once, over their real SDKs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.command import syncd
from tests.integration.cli.four_stores import CANARY, DENIED, MISSING, WELL, FourStores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.aws import AwsServer
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority

RIGHTS = {
    "vault": "read on ",
    "aws": "secretsmanager:GetSecretValue",
    "gcp": "secretmanager.versions.access",
    "keyvault": "Key Vault Secrets User",
}
"""What each store's own words name when a secret may not be read."""


@pytest.fixture
def scene(
    tmp_path: Path,
    openbao: OpenBao,
    aws_server: AwsServer,
    authority: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FourStores]:
    """Four stores, each with a secret that is well, one that is denied and one that is missing."""
    scene = FourStores.start(tmp_path, openbao, aws_server, authority, monkeypatch)
    yield scene
    scene.close()


def test_four_stores_at_once(scene: FourStores) -> None:
    """Each says how it is, as whom it knows us, which version and how old, and which right is missing."""
    ended = syncd("--log-level", "debug", "check", "-o", "json", "-f", str(scene.write()))
    assert ended.code == 3, ended.err
    assert not ended.prints(CANARY)
    found = json.loads(ended.out)
    assert {store["name"]: store["status"] for store in found["stores"]} == dict.fromkeys(RIGHTS, "ok")
    assert all(step["detail"] for store in found["stores"] for step in store["steps"])
    secrets = {(one["store"], one["secret"].rpartition("/")[2]): one for one in found["secrets"]}
    assert {key: one["status"] for key, one in secrets.items()} == {
        (store, secret): status
        for store in RIGHTS
        for secret, status in ((WELL, "ok"), (DENIED, "AccessDenied"), (MISSING, "SecretNotFound"))
    }
    for store, right in RIGHTS.items():
        well, denied = secrets[store, WELL], secrets[store, DENIED]
        assert right in denied["message"], denied["message"]
        assert well["version"], store
        assert well["created"], store
        assert well["fields"] == "ok"


def test_one_of_four_is_dead(scene: FourStores) -> None:
    """A dead store is told once, the other three are checked, and it is 3."""
    scene.aws.close()
    ended = syncd("check", "-f", str(scene.write()))
    assert ended.code == 3, ended.err
    assert ended.out.count("store aws: StoreUnavailable") == 1
    lines = [line.split() for line in ended.out.splitlines()]
    for store in ("vault", "gcp", "keyvault"):
        assert any(line[:2] == [store, "ok"] and line[-1] == f"{store}-well" for line in lines), ended.out
