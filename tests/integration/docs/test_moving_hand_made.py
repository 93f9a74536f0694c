"""The guide for hand-made Secrets, step by step as it stands there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import pytest

from syncd.model.names import LABEL_RELEASED
from tests.integration.docs.reader import Reader, without
from tests.unit.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

GUIDE: Final = ROOT / "docs" / "guides" / "moving-from-hand-made-secrets.md"
FOUND: Final = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture
def reader(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tools: Tools, tmp_path: Path
) -> Reader:
    """What there is, and the first two steps: the values are in the store, the mapping is written."""
    reader = Reader.of(GUIDE, control_plane, openbao, judge, tools, tmp_path)
    reader.save("by-hand.yaml")
    reader.done("kubectl apply")
    reader.done("umask 077")
    reader.done("kubectl --namespace recsys get secret models-s3 -o go-template")
    reader.save("mapping.yaml")
    return reader


def test_before_it_is_taken_over(reader: Reader) -> None:
    """The plan is the guide's, `mode: observe` writes nothing, and without `adopt` all is foreign."""
    before = reader.objects()
    assert reader.done("syncd plan") == reader.block("NAMESPACE")
    mapping = reader.block("# mapping.yaml")
    reader.write("mapping.yaml", mapping + "mode: observe\n")
    observed = reader.typed(reader.block("syncd sync"))
    assert "nothing was written (2 would be)" in observed.stdout
    reader.write("mapping.yaml", without("adopt: true", mapping))
    refused = reader.typed(reader.block("syncd sync"))
    assert refused.returncode == 3
    assert {"ForeignSecret", "ForeignEntry"} <= set(refused.stdout.replace(",", " ").split())
    assert reader.objects() == before


def test_pods_notice_nothing(reader: Reader) -> None:
    """KServe's builder gives the same credential before, while and after it is taken over."""
    before = reader.sees()
    ended = threading.Event()
    seen = []

    def watch() -> None:
        while not ended.is_set():
            seen.append(reader.sees())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        printed = reader.done("syncd sync")
    finally:
        ended.set()
        watcher.join()
    assert printed.endswith("Plan: 3 unchanged\n")
    assert {*seen, reader.sees()} == {before}


def test_afterwards(reader: Reader) -> None:
    """The old manifest is gone from the annotations, adopt from the mapping, and a rotation arrives."""
    reader.done("syncd sync")
    reader.done("kubectl --namespace recsys annotate")
    for name in ("models-s3", "storage-config"):
        assert FOUND not in reader.secret(name)["metadata"]["annotations"]
    assert "adopt has done its work" in reader.typed(reader.block("syncd plan", nth=1)).stderr
    reader.write("mapping.yaml", without("adopt: true", reader.block("# mapping.yaml")))
    assert reader.done("syncd plan", nth=1) == "Plan: 3 unchanged\n"
    before = reader.sees()
    reader.done("bao kv put kv/ml/models-s3 access_key")
    after = reader.sees()
    assert after != before
    assert bool(reader.value("models-s3", "AWS_SECRET_ACCESS_KEY") == "rotated")
    assert set(reader.secret("storage-config")["data"]) == {"models-s3", "other-team"}


def test_one_credential_on_hold(reader: Reader) -> None:
    """With `suspend: true` a rotation does not arrive."""
    reader.done("syncd sync")
    mapping = reader.block("# mapping.yaml")
    reader.write("mapping.yaml", mapping.replace("    from:", "    suspend: true\n    from:"))
    before = reader.objects()
    reader.done("bao kv put kv/ml/models-s3 access_key")
    assert reader.objects() == before


def test_out_again(reader: Reader) -> None:
    """Out of the mapping all stays, edits too, and mapped again it is taken back without `adopt`."""
    reader.done("syncd sync")
    before = reader.sees()
    reader.out_of_the_mapping("models-s3")
    reader.done("syncd plan", nth=2)
    assert reader.sees() == before
    rotated = {"access_key": "AKIAEXAMPLE", "secret_key": "rotated"}
    reader.bao.put(reader.mount, "ml/models-s3", rotated)
    reader.done("syncd plan", nth=2)
    assert reader.sees() == before
    reader.write("mapping.yaml", without("adopt: true", reader.block("# mapping.yaml")))
    reader.done("syncd sync")
    assert bool(reader.value("models-s3", "AWS_SECRET_ACCESS_KEY") == "rotated")


def test_as_before(reader: Reader) -> None:
    """Released, the Secrets can be put back from the copy, foreign key and marks included."""
    before = reader.sees()
    reader.done("syncd sync")
    reader.done("bao kv put kv/ml/models-s3 access_key")
    assert reader.sees() != before
    reader.out_of_the_mapping("models-s3")
    reader.done("syncd plan", nth=2)
    reader.done("grep -v")
    assert reader.sees() == before
    assert "made-by" in reader.secret("models-s3")["data"]
    assert LABEL_RELEASED not in reader.secret("models-s3")["metadata"].get("labels", {})


def test_a_binding_by_hand_is_not_undone(reader: Reader) -> None:
    """With the policy Delete the Secret stays, StillReferenced, since syncd did not bind it."""
    mapping = reader.block("# mapping.yaml")
    deleting = "    deletionPolicy: {whenUnmapped: Delete}\n    from:"
    reader.write("mapping.yaml", mapping.replace("    from:", deleting))
    reader.done("syncd sync")
    reader.out_of_the_mapping("models-s3")
    pruned = reader.typed("syncd sync -f mapping.yaml --kubeconfig syncd.kubeconfig --prune")
    assert "StillReferenced" in pruned.stdout
    assert reader.listed() == ["models-s3"]
    assert not reader.judge.service_account(reader.namespace, "models").error
