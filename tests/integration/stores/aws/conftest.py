"""Fixtures of the tests against moto's Secrets Manager."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.aws import AwsProxy, AwsServer
from tests.harness.fault_http import ScriptedServer
from tests.harness.fixtures import unique
from tests.integration.stores.aws.rig import AwsRig, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def proxy(aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AwsProxy]:
    """A proxy in front of the shared server, for STS too; nothing of the caller's own AWS is left."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    proxy = AwsProxy(aws_server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    yield proxy
    proxy.close()


@pytest.fixture
def rig(aws_server: AwsServer, proxy: AwsProxy, tmp_path: Path) -> Iterator[AwsRig]:
    """A store that reads secrets below a new name."""
    rig = AwsRig.make(aws_server, proxy, unique("test"), tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def secret(aws_server: AwsServer) -> str:
    """A secret that is there."""
    put(aws_server, name := unique("there"), SecretString="value")
    return name


@pytest.fixture
def beside() -> Iterator[ScriptedServer]:
    """A server beside the pod."""
    with ScriptedServer() as server:
        yield server
