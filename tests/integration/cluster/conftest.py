"""A cluster behind a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.cluster.kubernetes.cluster import KubernetesCluster
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.model.names import Instance
from syncd.testing.cluster import DIGEST_KEY, Subject
from tests.harness.fixtures import unique
from tests.integration.cluster.kubernetes_world import KubernetesWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncd.kube.transport import Transport
    from syncd.model.events import Event
    from tests.harness.apiserver import ControlPlane

TIMEOUT = 60.0


@pytest.fixture
def events() -> list[Event]:
    """What the transport told."""
    return []


@pytest.fixture
def transport(control_plane: ControlPlane, events: list[Event]) -> Iterator[KubeTransport]:
    """A connection as administrator."""
    settings = ConnectionSettings(kubeconfig=str(control_plane.kubeconfig))
    connection = KubeTransport(settings, emit=events.append)
    yield connection
    connection.close()


@pytest.fixture
def world(control_plane: ControlPlane) -> KubernetesWorld:
    """Everybody else."""
    return KubernetesWorld(control_plane)


@pytest.fixture
def cluster_over() -> Callable[[Transport, Instance, str], KubernetesCluster]:
    """Make a cluster of another transport."""

    def make(transport: Transport, instance: Instance, kserve_namespace: str) -> KubernetesCluster:
        return KubernetesCluster(
            transport,
            instance=instance,
            kserve_namespace=kserve_namespace,
            digest_key=DIGEST_KEY,
            timeout=TIMEOUT,
        )

    return make


@pytest.fixture
def subject(
    transport: KubeTransport,
    world: KubernetesWorld,
    cluster_over: Callable[[Transport, Instance, str], KubernetesCluster],
) -> Subject:
    """Syncd with an instance of its own, so that it sees no other test's Secrets as its own."""
    instance = Instance(unique("instance"))
    kserve_namespace = world.namespace()
    return Subject(cluster_over(transport, instance, kserve_namespace), world, instance, kserve_namespace)
