"""Reader and writer of one Kubernetes cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from syncd.cluster.kubernetes.reader import KubernetesReader
from syncd.cluster.kubernetes.requests import ApiRequests
from syncd.cluster.writer import ObjectWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.kube.transport import Transport
    from syncd.model.names import Instance


class KubernetesCluster(KubernetesReader, ObjectWriter):
    """A `Cluster` behind an API server; over a `DryRunTransport` its writes are checked and not kept."""

    def __init__(
        self,
        transport: Transport,
        *,
        instance: Instance,
        kserve_namespace: str,
        digest_key: bytes,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read and write with this transport.

        Args:
            transport: asks the API server.
            instance: whose label our Secrets carry.
            kserve_namespace: where `inferenceservice-config` is.
            digest_key: 16 to 64 bytes, the same for reader, plan and writer.
            timeout: of one request, in seconds.
            clock: counts seconds, for what is read again every ten minutes.

        """
        KubernetesReader.__init__(
            self,
            transport,
            instance=instance,
            kserve_namespace=kserve_namespace,
            digest_key=digest_key,
            timeout=timeout,
            clock=clock,
        )
        ObjectWriter.__init__(
            self, ApiRequests(transport, timeout=timeout), instance=instance, digest_key=digest_key
        )
