"""A workbench for each test, on servers that all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.e2e.workbench import Workbench
from tests.harness.four_stores import FourStores, without_sdk_variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.aws import AwsServer
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority


@pytest.fixture(autouse=True)
def _one_authority(authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts one authority, and not 140: OpenSSL reads them all, 35 ms, at each start of syncd."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


@pytest.fixture
def bench(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path) -> Iterator[Workbench]:
    """A syncd of this test's own, with KServe's kustomize defaults."""
    workbench = Workbench.create(control_plane, openbao, judge, tmp_path)
    yield workbench
    workbench.close()


@pytest.fixture
def four(
    openbao: OpenBao,
    kv2: str,
    aws_server: AwsServer,
    authority: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FourStores]:
    """All four, and the environment in which syncd finds them."""
    folder = tmp_path / "four-stores"
    folder.mkdir()
    four = FourStores.start(openbao, kv2, aws_server, authority, folder)
    for name in os.environ.keys() - without_sdk_variables().keys():
        monkeypatch.delenv(name)
    for name, value in four.environment.items():
        monkeypatch.setenv(name, value)
    yield four
    four.close()
