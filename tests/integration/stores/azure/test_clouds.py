"""Clouds by their real names, behind a proxy that takes every name to a server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from syncd.model.errors import StoreError
from syncd.testing.stores import digest, found
from tests.harness.azure.certificates import Identity
from tests.harness.azure.server import AzureServer
from tests.harness.tunnel import Tunnel
from tests.integration.stores.azure.rig import SECRET, key_vault, principal
from tests.integration.stores.rig import read, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.tls import CertificateAuthority

CLOUDS = [
    ("Public", "ml.vault.azure.net", "login.microsoftonline.com"),
    ("USGovernment", "ml.vault.usgovcloudapi.net", "login.microsoftonline.us"),
    ("China", "ml.vault.azure.cn", "login.chinacloudapi.cn"),
]
PRIVATE = ("Public", "ml.vault.local.example", "login.local.example")


@pytest.fixture
def cloud(
    request: pytest.FixtureRequest, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    """One cloud, behind the proxy of the environment."""
    name, vault, login = request.param
    server = AzureServer(authority, [vault, login])
    server.pose_as(vault, login)
    monkeypatch.delenv("AZURE_AUTHORITY_HOST", raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Tunnel(int(urlsplit(server.url).port or 0)) as tunnel:
        monkeypatch.setenv("https_proxy", tunnel.url)
        yield Cloud(name, f"https://{vault}", login, server, tunnel, authority.file)
    server.close()


class Cloud:
    """One cloud: its setting, its vault, where its tokens come from."""

    def __init__(
        self, name: str, url: str, login: str, server: AzureServer, tunnel: Tunnel, ca: Path
    ) -> None:
        """All that a test of it needs."""
        self.name = name
        self.url = url
        self.login = login
        self.server = server
        self._tunnel = tunnel
        self._ca = ca

    def hosts(self) -> set[str]:
        """Every host that was connected to, through the proxy."""
        return {target.partition(":")[0] for target in self._tunnel.asked}

    def must_read(self, auth: dict[str, Any]) -> None:
        """Read a secret with this login."""
        self.server.vault.put("a", "one")
        store = key_vault(self.url, auth, ca={"file": str(self._ca)}, cloud=self.name)
        answer = read(store, "a")
        assert not isinstance(answer, StoreError), (repr(answer), self.hosts())
        assert digest(found(answer).payload) == text("one")
        store.close()


@pytest.mark.parametrize("cloud", CLOUDS, indirect=True, ids=lambda cloud: cloud[0])
@pytest.mark.parametrize("by", ["secret", "certificate"])
def test_cloud(cloud: Cloud, by: str, tmp_path: Path) -> None:
    """Tokens come from the cloud's own authority, and nothing else is asked."""
    client_id = cloud.server.application(SECRET)
    file = tmp_path / "credential"
    auth = principal(cloud.server, client_id, file)
    if by == "secret":
        file.write_text(SECRET)
    else:
        identity = Identity.with_rsa()
        identity.write_pem(file)
        cloud.server.entra.applications[client_id].certificates = [identity.certificate]
        del auth["servicePrincipal"]["secret"]
        auth["servicePrincipal"]["certificate"] = {"file": str(file)}
    cloud.must_read(auth)
    assert cloud.hosts() == {urlsplit(cloud.url).hostname, cloud.login}


@pytest.mark.parametrize("cloud", [PRIVATE], indirect=True, ids=["private"])
def test_private_cloud(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `AZURE_AUTHORITY_HOST` tokens come from there, and Microsoft is not asked who that is."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://{cloud.login}/")
    file = tmp_path / "credential"
    file.write_text(SECRET)
    cloud.must_read(principal(cloud.server, cloud.server.application(SECRET), file))
    assert cloud.hosts() == {urlsplit(cloud.url).hostname, cloud.login}
