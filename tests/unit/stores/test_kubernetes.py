"""The `kubernetes` store: its namespaces and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import StoreMisconfigured
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.kubernetes.adapter import KubernetesStore
from syncd.stores.kubernetes.settings import KubernetesSettings
from tests.unit.stores.rigs import FakeCluster

if TYPE_CHECKING:
    from syncd.stores.interface import Fetched

NAME = StoreName("copies")


def read(cluster: FakeCluster, secret: str, version: str | None = None) -> Fetched:
    """One read."""
    ref = SecretRef(NAME, secret, version)
    store = KubernetesStore(NAME, KubernetesSettings(namespaces=("a", "b")), cluster.context())
    return store.fetch([ref], deadline=0.0)[ref]


@pytest.mark.parametrize("secret", ["kube-system/token", "c/x", "a", "a/", "/x", "a/b/c", "A/x"])
def test_what_is_not_ours_to_read(secret: str) -> None:
    """Other namespaces, and what is no NAMESPACE/NAME, are refused without asking the cluster."""
    cluster = FakeCluster(secrets={("kube-system", "token"): {"key": b"x"}, ("c", "x"): {"key": b"x"}})
    answer = read(cluster, secret)
    assert isinstance(answer, StoreMisconfigured), repr(answer)
    assert cluster.reads == 0


def test_pinned_version() -> None:
    """A Secret has no versions."""
    answer = read(FakeCluster(secrets={("a", "x"): {"key": b"x"}}), "a/x", "3")
    assert isinstance(answer, StoreMisconfigured), repr(answer)
