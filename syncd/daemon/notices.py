"""Kubernetes Events: posted to the API server, by a connection of their own."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, Final

from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.model.names import ObjectRef
from syncd.telemetry.events import EventListener, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.daemon.options import DaemonOptions
    from syncd.kube.transport import Transport
    from syncd.model.events import Emit
    from syncd.telemetry.events import Count, Poster

TIMEOUT: Final = 5.0
"""Seconds that one Event may take: they are best effort."""


def poster(transport: Transport) -> Poster:
    """Return what creates an Event in its namespace; it raises what the transport raises."""

    def post(namespace: str, body: Mapping[str, Any]) -> None:
        transport.request(
            "POST",
            f"/apis/events.k8s.io/v1/namespaces/{namespace}/events",
            body=body,
            deadline=time.monotonic() + TIMEOUT,
        )

    return post


class Notices:
    """The Events of one cluster; a directory has none."""

    def __init__(self, options: DaemonOptions, emit: Emit, count: Count, now: Callable[[], float]) -> None:
        """Open the connection; `emit` hears of its requests, `count` what became of each Event.

        Raises:
            UsageError: when no cluster is configured.

        """
        cluster = options.cluster
        settings = ConnectionSettings(cluster.kubeconfig, cluster.context, pool_size=1)
        self._transport = KubeTransport(settings, emit=emit)
        self._outbox = Outbox(poster(self._transport), count)
        self.listener = EventListener(
            self._outbox.put,
            now,
            instance=socket.gethostname()[:128],
            mapping=None if options.files else ObjectRef(cluster.namespace, options.config_map),
        )

    def close(self, timeout: float) -> None:
        """Post what waits, for up to `timeout` seconds."""
        self._outbox.close(timeout)
        self._transport.close()
