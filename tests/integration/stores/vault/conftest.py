"""Fixtures of the tests against a real OpenBao."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.harness.fault_http import FaultProxy
from tests.harness.fixtures import unique
from tests.harness.openbao import OpenBao

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.tls import CertificateAuthority


@dataclass(frozen=True, slots=True)
class Readable:
    """A mount of KV version 2 with the secret `ml/a` (`key`: `one`) and a policy that may read it all."""

    mount: str
    policy: str

    @property
    def secret(self) -> str:
        """The path of the secret."""
        return f"{self.mount}/ml/a"


@pytest.fixture
def proxy(openbao: OpenBao) -> Iterator[FaultProxy]:
    """A proxy in front of the shared server."""
    proxy = FaultProxy(openbao.url)
    yield proxy
    proxy.close()


@pytest.fixture
def readable(openbao: OpenBao, kv2: str) -> Readable:
    """Something to read in the shared server."""
    return make_readable(openbao, kv2)


def make_readable(server: OpenBao, mount: str) -> Readable:
    """Put the secret and the policy there."""
    server.put(mount, "ml/a", {"key": "one"})
    return Readable(mount, server.least_policy(unique("reader"), {mount: 2}))


@pytest.fixture(scope="session")
def tls_openbao(
    authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenBao]:
    """A server that speaks TLS, with a certificate of the authority for 127.0.0.1 and localhost."""
    server = OpenBao.start(tmp_path_factory.mktemp("tls"), storage="raft", authority=authority)
    yield server
    server.kill()
