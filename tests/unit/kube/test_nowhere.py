"""What stands for an API server where none is configured."""

from __future__ import annotations

import pytest

from syncd.kube.nowhere import NoTransport
from syncd.model.errors import ClusterUnreachable


def test_every_request_is_told_why() -> None:
    """Whatever is asked, there is no cluster, and it is told why."""
    with pytest.raises(ClusterUnreachable, match="no cluster is configured"):
        NoTransport("no cluster is configured").request("GET", "/api/v1/namespaces", deadline=1.0)
