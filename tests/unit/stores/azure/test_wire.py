"""Which proxy the SDK's requests take."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from syncd.stores.azure.wire import Wire

if TYPE_CHECKING:
    import pytest


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's proxy is looked up once; the node's metadata service is never asked through one."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    wire = Wire(ssl.create_default_context(), 1)
    vault = "https://ml.vault.azure.net/secrets/a"
    assert wire._proxies_to(vault)["https"] == "http://proxy:3128"
    assert wire._proxies_to("http://169.254.169.254/metadata/identity/oauth2/token") == {}
    monkeypatch.setenv("https_proxy", "http://other:3128")
    assert wire._proxies_to(vault)["https"] == "http://proxy:3128"
    monkeypatch.setenv("no_proxy", "private.example")
    assert wire._proxies_to("https://private.example/") == {}
    wire.close()
