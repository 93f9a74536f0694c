"""How a Kubernetes Event is posted."""

from __future__ import annotations

import time
from typing import Any, cast

from syncd.daemon.notices import TIMEOUT, poster


class Transport:
    """Keeps the requests that it is asked for."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: list[tuple[str, str, object]] = []
        self.left = 0.0

    def request(self, method: str, path: str, *, body: object, deadline: float) -> dict[str, Any]:
        """Keep the request, and how long it may take."""
        self.asked.append((method, path, body))
        self.left = deadline - time.monotonic()
        return {}


def test_an_event_is_created_in_its_namespace() -> None:
    """It is a POST to the collection of the namespace, bounded in time."""
    transport = Transport()
    body = {"kind": "Event", "metadata": {"generateName": "syncd-", "namespace": "team-a"}}
    poster(cast("Any", transport))("team-a", body)
    assert transport.asked == [("POST", "/apis/events.k8s.io/v1/namespaces/team-a/events", body)]
    assert 0 < transport.left <= TIMEOUT
