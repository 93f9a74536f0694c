"""Fixtures: one vault for each test, since tests change what everybody there sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.keyvault.secrets._shared import http_challenge_cache

from tests.harness.azure.server import AzureServer
from tests.integration.stores.azure.rig import AzureRig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.tls import CertificateAuthority


@pytest.fixture
def server(authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureServer]:
    """A vault and its tenant; the SDK is told where tokens come from, as in a private cloud."""
    # The SDK remembers each address's tenant as long as the process lives, and ports come back.
    http_challenge_cache.clear()
    server = AzureServer(authority)
    for name in _OF_THE_SDK:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", server.url)
    yield server
    server.close()


@pytest.fixture
def rig(server: AzureServer, authority: CertificateAuthority, tmp_path: Path) -> Iterator[AzureRig]:
    """A store of that vault, with a service principal."""
    rig = AzureRig.make(server, authority.file, tmp_path)
    yield rig
    rig.store.close()


_OF_THE_SDK = (
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_TENANT_ID",
    "AZURE_TOKEN_CREDENTIALS",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MSI_ENDPOINT",
    "https_proxy",
    "http_proxy",
)
