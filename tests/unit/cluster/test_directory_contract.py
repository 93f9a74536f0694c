"""A directory of manifests is a cluster."""

from __future__ import annotations

from syncd.testing.cluster import ClusterContract


class TestDirectoryCluster(ClusterContract):
    """The shipped contract, on files."""
