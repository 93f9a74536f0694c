"""One API server for these tests alone: the base has names of its own, and other tests install by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.apiserver import ControlPlane
from tests.harness.judge import install_kserve_config
from tests.harness.processes import wait_for
from tests.integration.deploy.manifests import BASE, NAMESPACE_COMPONENT, Kustomize, apply_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.fixtures import Tools
    from tests.harness.kube_client import Object


@pytest.fixture(scope="package")
def kustomize(tools: Tools) -> Kustomize:
    """The program that people use."""
    return Kustomize(tools.path("kustomize"))


@pytest.fixture(scope="package")
def base(kustomize: Kustomize) -> list[Object]:
    """What `kustomize build deploy/base` prints."""
    return kustomize.build(BASE)


@pytest.fixture(scope="package")
def plane(
    tools: Tools, kustomize: Kustomize, base: list[Object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """An API server with KServe's config, and with namespace and base as an administrator applies them."""
    plane = ControlPlane.start(
        tmp_path_factory.mktemp("kubernetes"),
        kube_apiserver=tools.path("kube-apiserver"),
        etcd=tools.path("etcd"),
    )
    install_kserve_config(plane)
    namespace = kustomize.overlay(tmp_path_factory.mktemp("overlay") / "o", resources=[])
    assert [item["kind"] for item in namespace] == ["Namespace"], NAMESPACE_COMPONENT
    apply_all(plane, [*namespace, *base])
    client = plane.client_for_service_account("syncd", "syncd")
    # They were bound just now: until the authorizer has heard of it, nothing is allowed.
    path = "/api/v1/namespaces/syncd/configmaps/syncd"
    wait_for("the role's rights", lambda: client.get(path)[0] == 200)
    wait_for("the cluster role's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)
    yield plane
    plane.stop()
