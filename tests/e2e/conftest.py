"""A workbench for each test, on servers that all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
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
