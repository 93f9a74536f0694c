"""Each condition of the stores without a server: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from syncd.model.secret import SecretRef, StoreName
from syncd.stores.file.adapter import LARGEST, FileStore
from syncd.stores.file.settings import FileSettings
from syncd.stores.kubernetes.adapter import KubernetesStore
from syncd.stores.kubernetes.settings import KubernetesSettings
from tests.unit.stores.conditions import FILE, KUBERNETES
from tests.unit.stores.drive import must_be
from tests.unit.stores.rigs import FakeCluster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.conditions import Condition

NAME = StoreName("mine")


@pytest.mark.parametrize("condition", FILE, ids=lambda each: each.name)
def test_file(condition: Condition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a directory in this condition is answered as its row says."""
    directory = tmp_path / "mounted"
    directory.mkdir()
    (directory / "there").write_bytes(b"value")
    name, version = "there", None
    match condition.name:
        case "secret missing":
            name = "elsewhere"
        case "secret missing, version pinned":
            name, version = "elsewhere", "1"
        case "access denied":
            name = "pipe"
            os.mkfifo(directory / name)
        case "name not allowed":
            name = "../mounted/there"
        case "directory missing":
            directory.rename(tmp_path / "unmounted")
        case "too large":
            (directory / "there").write_bytes(b"x" * (LARGEST + 1))
    store = FileStore(NAME, FileSettings(directory=directory))
    must_be(condition, store, SecretRef(NAME, name, version), monkeypatch)


@pytest.mark.parametrize("condition", KUBERNETES, ids=lambda each: each.name)
def test_kubernetes(condition: Condition, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Secret or a cluster in this condition is answered as its row says."""
    cluster = FakeCluster()
    cluster.secrets["teams", "there"] = {"key": b"value"}
    name, version = "teams/there", None
    match condition.name:
        case "secret missing":
            name = "teams/elsewhere"
        case "secret missing, version pinned":
            name, version = "teams/elsewhere", "1"
        case "access denied":
            cluster.denied.add(("teams", "there"))
        case "name not allowed":
            name = "there"
        case "namespace not allowed":
            name = "others/there"
        case "5xx":
            cluster.down = True
    store = KubernetesStore(NAME, KubernetesSettings(namespaces=("teams",)), cluster.context())
    must_be(condition, store, SecretRef(NAME, name, version), monkeypatch)
