"""The real parts as pytest fixtures.

Servers live for the whole session; what a test makes in them gets names of its own, so that tests do
not see each other. A real part that is missing fails the test and says what to run: nothing is skipped.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.harness.apiserver import ControlPlane
from tests.harness.aws import AwsServer
from tests.harness.judge import Judge, install_kserve_config
from tests.harness.openbao import OpenBao
from tests.harness.s3 import S3Server
from tests.harness.tls import CertificateAuthority
from tests.tools.build import TOOLS, cache_folder, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of ``tests/tools``."""

    paths: Mapping[str, Path]

    def path(self, name: str) -> Path:
        """The program's path. Fails the test, naming what to run, where it has not been built."""
        path = self.paths[name]
        if not path.exists():
            pytest.fail(f"{name} is not built ({path}): run `make tools`", pytrace=False)
        return path


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Where the built programs are."""
    return Tools({name: place_of(tool, cache_folder()) for name, tool in TOOLS.items()})


@pytest.fixture(scope="session")
def control_plane(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server with KServe's shipped inferenceservice-config in namespace ``kserve``."""
    plane = ControlPlane.start(
        tmp_path_factory.mktemp("kubernetes"),
        kube_apiserver=tools.path("kube-apiserver"),
        etcd=tools.path("etcd"),
    )
    install_kserve_config(plane)
    yield plane
    plane.stop()


@pytest.fixture(autouse=True)
def _erased_namespaces(request: pytest.FixtureRequest) -> Iterator[None]:
    """Erases the namespaces that a test made in the shared API server, after everything else has ended."""
    if "control_plane" not in request.fixturenames:
        yield
        return
    plane: ControlPlane = request.getfixturevalue("control_plane")
    before = len(plane.namespaces)
    yield
    plane.erase_namespaces(plane.namespaces[before:])


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A new namespace with a ``default`` ServiceAccount."""
    return control_plane.create_namespace(unique("ns"))


@pytest.fixture(scope="session")
def judge(tools: Tools, control_plane: ControlPlane) -> Iterator[Judge]:
    """KServe's credential builder beside the API server."""
    judge = Judge.start(tools.path("judge"), control_plane)
    yield judge
    judge.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A certificate authority for servers that speak TLS."""
    return CertificateAuthority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """An OpenBao in memory that all tests share: neither seal, stop nor restart it."""
    server = OpenBao.start(tmp_path_factory.mktemp("openbao"))
    yield server
    server.stop()


@pytest.fixture
def own_openbao(tmp_path: Path) -> Iterator[OpenBao]:
    """An OpenBao on disk for one test, which may seal, kill and restart it."""
    server = OpenBao.start(tmp_path / "openbao", storage="raft")
    yield server
    server.kill()


@pytest.fixture
def kv2(openbao: OpenBao) -> str:
    """A new mount of KV version 2 in the shared OpenBao."""
    return openbao.enable_kv(unique("kv2"), 2)


@pytest.fixture
def kv1(openbao: OpenBao) -> str:
    """A new mount of KV version 1 in the shared OpenBao."""
    return openbao.enable_kv(unique("kv1"), 1)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 that refuses what is not signed with a key of its own."""
    server = S3Server.start(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """A Secrets Manager, STS and IAM that all tests share; secrets need names of their own."""
    server = AwsServer.start(tmp_path_factory.mktemp("aws"))
    yield server
    server.stop()


def unique(prefix: str) -> str:
    """A name that no other test has: the prefix, a dash and eight hex digits."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"
