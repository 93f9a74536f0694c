"""Fixtures of the tests against Google on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.stores.gcp.rig import Google

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.tls import CertificateAuthority
    from tests.integration.stores.gcp.rig import Transport


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each test over both wires."""
    wire: Transport = request.param
    return wire


@pytest.fixture
def google(
    transport: Transport, authority: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Google]:
    """A new one over this wire."""
    google = Google.start(transport, authority, tmp_path, monkeypatch)
    yield google
    google.close()
