"""A workbench for each test, on servers that all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao


@pytest.fixture
def bench(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path) -> Iterator[Workbench]:
    """A syncd of this test's own, with KServe's kustomize defaults."""
    workbench = Workbench.create(control_plane, openbao, judge, tmp_path)
    yield workbench
    workbench.close()
