"""The guide for Secrets that Argo CD manages, step by step as it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.integration.docs.argo import OPTIONS, TRACKING, Argo
from tests.integration.docs.reader import Reader, without
from tests.unit.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.judge import Judge
    from tests.harness.kube_client import Object
    from tests.harness.openbao import OpenBao

GUIDE: Final = ROOT / "docs" / "guides" / "moving-from-argo-cd.md"
BOTH: Final = ("models-s3", "storage-config")


@dataclass(frozen=True, slots=True)
class Scene:
    """The reader, Argo CD, and what is in Git at first: two Secrets and a ServiceAccount."""

    reader: Reader
    argo: Argo
    secrets: list[Object]
    account: Object

    def let_the_list_alone(self) -> None:
        """The second step."""
        self.argo.application.update(yaml.safe_load(self.reader.block("# application.yaml")))

    def out_of_git(self) -> None:
        """The third step."""
        options = yaml.safe_load(self.reader.block("metadata:"))["metadata"]["annotations"]
        self.argo.sync([*(_annotated(secret, options) for secret in self.secrets), self.account])
        arrived = self.reader.done("kubectl --namespace recsys get secret models-s3 storage-config")
        assert [line.split() for line in arrived.splitlines()] == [
            [name, "Prune=false,Delete=false"] for name in BOTH
        ]
        self.argo.sync([self.account])
        assert self.reader.done("kubectl --namespace recsys get secret models-s3 storage-config", nth=1)

    def without_marks(self) -> None:
        """The fourth step."""
        self.reader.done("kubectl --namespace recsys annotate")
        self.reader.done("kubectl --namespace recsys patch secret")


def _annotated(manifest: Object, annotations: dict[str, str]) -> Object:
    metadata: dict[str, Any] = manifest["metadata"]
    return manifest | {"metadata": metadata | {"annotations": metadata.get("annotations", {}) | annotations}}


@pytest.fixture
def scene(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tools: Tools, tmp_path: Path) -> Scene:
    """What there is, and the first step: the values are in the store, the mapping is written."""
    reader = Reader.of(GUIDE, control_plane, openbao, judge, tools, tmp_path)
    secrets = list(yaml.safe_load_all(reader.block("# secrets.yaml")))
    account = yaml.safe_load(reader.block("# serviceaccount.yaml"))
    argo = Argo(control_plane, reader.namespace, tools.path("kubectl"))
    argo.sync([*secrets, account])
    reader.done("kubectl --namespace recsys get secret models-s3 -o go-template")
    reader.save("mapping.yaml")
    return Scene(reader, argo, secrets, account)


def test_the_plans_on_the_way(scene: Scene) -> None:
    """Tracked, written lately, free: the plan is what the guide prints, and names Argo CD in between."""
    reader = scene.reader
    assert reader.done("syncd plan") == reader.block("Held back:")
    scene.let_the_list_alone()
    scene.out_of_git()
    reader.done("kubectl --namespace recsys annotate")
    lately = reader.done("syncd plan")
    assert lately.count("belongs to argocd-controller (wrote it on") == 2
    scene.without_marks()
    assert reader.done("syncd plan", nth=1) == reader.block("NAMESPACE")


def test_pods_notice_nothing(scene: Scene) -> None:
    """KServe's builder gives the same credential after each step; at last the list is out of Git too."""
    reader = scene.reader
    before = reader.sees()
    scene.let_the_list_alone()
    scene.out_of_git()
    assert reader.sees() == before
    scene.without_marks()
    assert reader.sees() == before
    assert reader.done("syncd sync").endswith("Plan: 3 unchanged\n")
    assert reader.sees() == before
    scene.argo.sync([_without_list(scene.account)])
    assert reader.done("kubectl --namespace recsys get serviceaccount") == "models-s3"
    assert reader.sees() == before
    for name in BOTH:
        marks = reader.secret(name)["metadata"]["annotations"]
        assert not [mark for mark in marks if mark.startswith(("argocd.", "kubectl."))]
    reader.write("mapping.yaml", without("adopt: true", reader.block("# mapping.yaml")))
    assert reader.typed(reader.block("syncd sync")).stdout.endswith("Plan: 3 unchanged\n")


def _without_list(account: Object) -> Object:
    return {name: value for name, value in account.items() if name != "secrets"}


def test_without_the_options_argo_cd_takes_the_name_off(scene: Scene) -> None:
    """What the second step prevents: the list leaves Git, and the ServiceAccount has no credential."""
    scene.argo.sync([*scene.secrets, _without_list(scene.account)])
    assert scene.reader.listed() == []


def test_without_the_options_argo_cd_puts_an_old_name_back(scene: Scene) -> None:
    """What the second step prevents, too: a renamed Secret gets its old name beside it; with it, not."""
    reader = scene.reader
    path = f"/api/v1/namespaces/{reader.namespace}/serviceaccounts/models"
    for prepared in (False, True):
        if prepared:
            scene.let_the_list_alone()
        renamed = {"secrets": [{"name": "renamed"}]}
        reader.plane.admin.must(reader.plane.admin.patch(path, renamed))
        scene.argo.sync([*scene.secrets, scene.account])
        assert set(reader.listed()) == ({"renamed"} if prepared else {"renamed", "models-s3"})


def test_without_prune_false_the_secrets_are_lost(scene: Scene) -> None:
    """What the third step prevents: the Secrets leave Git, and no pod starts."""
    scene.argo.sync([scene.account])
    assert "not found" in scene.reader.judge.service_account(scene.reader.namespace, "models").error


def test_back_to_argo_cd(scene: Scene) -> None:
    """Released and in Git again, the Secrets are Argo CD's, and syncd leaves them alone."""
    scene.let_the_list_alone()
    scene.out_of_git()
    scene.without_marks()
    reader = scene.reader
    reader.done("syncd sync")
    before = reader.sees()
    reader.out_of_the_mapping("models-s3")
    reader.done("syncd plan", nth=2)
    assert reader.sees() == before
    scene.argo.sync([*scene.secrets, scene.account])
    assert reader.sees() == before
    for name in BOTH:
        annotations = reader.secret(name)["metadata"]["annotations"]
        assert TRACKING in annotations
        assert OPTIONS not in annotations
    reader.save("mapping.yaml")
    assert "ForeignController" in reader.done("syncd plan")
