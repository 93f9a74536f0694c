"""A real API server is a cluster."""

from __future__ import annotations

from syncd.testing.cluster import ClusterContract


class TestKubernetesCluster(ClusterContract):
    """The shipped contract, on an API server."""
