"""The guide for External Secrets Operator, step by step as it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.harness.processes import wait_for
from tests.integration.docs.external_secrets import DEFINITION, GROUP, MARKS, ExternalSecrets
from tests.integration.docs.reader import Reader, timeless, without
from tests.unit.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

GUIDE: Final = ROOT / "docs" / "guides" / "moving-from-external-secrets.md"
VALUES: Final = {"access_key": "AKIAEXAMPLE", "secret_key": "first"}


@dataclass(frozen=True, slots=True)
class Scene:
    """The reader, and the operator that runs meanwhile."""

    reader: Reader
    operator: ExternalSecrets

    def until_owned_no_more(self) -> None:
        """The guide's second step, with the operator running."""
        self.reader.done("kubectl --namespace recsys patch externalsecret")
        self.operator.reconcile()
        assert self.reader.done("kubectl --namespace recsys get secret models-s3") == ""
        self.reader.done("kubectl --namespace recsys delete externalsecret")
        self.operator.collect()

    def until_taken_over(self) -> None:
        """Steps two to four."""
        self.until_owned_no_more()
        self.reader.done("kubectl --namespace recsys label secret")
        self.reader.done("syncd sync")


@pytest.fixture
def scene(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tools: Tools, tmp_path: Path) -> Scene:
    """What there is, and the mapping of the first step."""
    install(control_plane)
    reader = Reader.of(GUIDE, control_plane, openbao, judge, tools, tmp_path)
    control_plane.create_service_account(reader.namespace, "models", secrets=["models-s3"])
    # The page has no entry: only what the ServiceAccount leads to is compared.
    entry = '{"type": "s3", "bucket": "models"}'
    control_plane.create_secret(reader.namespace, "storage-config", {"models-s3": entry})
    openbao.put(reader.mount, "ml/models-s3", VALUES)
    reader.save("external-secret.yaml")
    assert reader.typed("kubectl apply -f external-secret.yaml").returncode == 0
    operator = ExternalSecrets(control_plane, reader.namespace, {"ml/models-s3": VALUES})
    operator.reconcile()
    reader.save("mapping.yaml")
    return Scene(reader, operator)


def install(plane: ControlPlane) -> None:
    """Makes the API server know ExternalSecrets."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{DEFINITION['metadata']['name']}"
    plane.admin.must(plane.admin.apply(path, DEFINITION, manager="tests", force=True))
    wait_for("the resource", lambda: plane.admin.get(f"/apis/{GROUP}/v1/externalsecrets")[0] == 200)


def test_the_plans_on_the_way(scene: Scene) -> None:
    """Owned, written lately, free: each time the plan is what the guide prints."""
    reader = scene.reader
    assert reader.done("syncd plan") == reader.block("Held back:")
    scene.until_owned_no_more()
    lately = reader.done("syncd plan", nth=1)
    assert timeless(lately) == timeless(reader.block("Held back:", nth=1))
    reader.done("kubectl --namespace recsys label secret")
    assert reader.done("syncd plan", nth=2) == reader.block("NAMESPACE")


def test_pods_notice_nothing(scene: Scene) -> None:
    """KServe's builder gives the same credential after each step; then a rotation arrives without adopt."""
    reader = scene.reader
    uid, before = reader.secret("models-s3")["metadata"]["uid"], reader.sees()
    scene.until_owned_no_more()
    assert reader.sees() == before
    reader.done("kubectl --namespace recsys label secret")
    assert reader.sees() == before
    assert reader.done("syncd sync").endswith("Plan: 2 unchanged\n")
    assert reader.sees() == before
    metadata = reader.secret("models-s3")["metadata"]
    assert metadata["uid"] == uid
    assert not [name for name in (*metadata["labels"], *metadata["annotations"]) if name.startswith(MARKS)]
    reader.write("mapping.yaml", without("adopt: true", reader.block("# mapping.yaml")))
    reader.bao.put(reader.mount, "ml/models-s3", VALUES | {"secret_key": "rotated"})
    reader.done("syncd sync")
    assert bool(reader.value("models-s3", "AWS_SECRET_ACCESS_KEY") == "rotated")


def test_an_owner_reference_that_stays(scene: Scene) -> None:
    """Where the operator does not take its reference off, the guide's patch does, and the Secret stays."""
    reader = scene.reader
    reader.done("kubectl --namespace recsys patch externalsecret")
    assert reader.done("kubectl --namespace recsys get secret models-s3") != ""
    reader.done("kubectl --namespace recsys patch secret")
    reader.done("kubectl --namespace recsys delete externalsecret")
    scene.operator.collect()
    assert bool(reader.value("models-s3", "AWS_SECRET_ACCESS_KEY") == "first")


def test_without_letting_go_the_secret_is_lost(scene: Scene) -> None:
    """What the guide warns of: an ExternalSecret with `Owner` takes the Secret along."""
    scene.reader.done("kubectl --namespace recsys delete externalsecret")
    scene.operator.collect()
    assert "not found" in scene.reader.judge.service_account(scene.reader.namespace, "models").error


def test_back_to_the_operator(scene: Scene) -> None:
    """Released and with its ExternalSecret again, the Secret is the operator's, and syncd leaves it alone."""
    scene.until_taken_over()
    reader = scene.reader
    before = reader.sees()
    reader.out_of_the_mapping("models-s3")
    reader.done("syncd plan", nth=3)
    assert reader.sees() == before
    assert reader.typed("kubectl apply -f external-secret.yaml").returncode == 0
    scene.operator.reconcile()
    assert reader.sees() == before
    assert reader.secret("models-s3")["metadata"]["ownerReferences"]
    owned = reader.objects()
    reader.done("syncd plan", nth=3)
    reader.save("mapping.yaml")
    assert "ForeignController" in reader.done("syncd plan")
    assert reader.objects() == owned
