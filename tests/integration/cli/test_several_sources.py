"""Half of a pair, as somebody sees it who runs syncd without a daemon: from files, into files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from tests.integration.cli.command import syncd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.command import Ended

MAPPING: Final = """
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores: {mounted: {file: {directory: %s}}}
credentials:
  pair:
    from: {store: mounted, secret: id%s}
    s3:
      accessKeyId: {property: value}
      secretAccessKey: {property: value, secret: key}
      endpoint: https://minio.example:9000
    to: [{namespaces: [nlp]}]
"""


class Files:
    """A folder with a pair in it, and a folder that stands for a cluster."""

    def __init__(self, root: Path) -> None:
        """Publish generation 1."""
        self.root = root
        (root / "cluster" / "nlp").mkdir(parents=True)
        self.put("id", "AKIA-canary-1")
        self.put("key", "key-canary-1")
        assert self.run("sync").code == 0

    def put(self, name: str, value: str) -> None:
        """Write one half."""
        file = self.root / "store" / name / "value"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)

    def run(self, command: str, settle: str = "") -> Ended:
        """Run one command, which remembers nothing of those before."""
        mapping = self.root / "mapping.yaml"
        mapping.write_text(MAPPING % (self.root / "store", settle))
        ended = syncd(command, "-f", str(mapping), "--directory", str(self.root / "cluster"))
        assert not ended.prints("canary")
        return ended

    def has(self, first: int, second: int) -> bool:
        """Tell whether the Secret is made of these generations."""
        data = yaml.safe_load((self.root / "cluster/nlp/secrets/pair.yaml").read_text())["data"]
        want = {"AWS_ACCESS_KEY_ID": f"AKIA-canary-{first}", "AWS_SECRET_ACCESS_KEY": f"key-canary-{second}"}
        return bool(data == {name: base64.b64encode(text.encode()).decode() for name, text in want.items()})


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A published pair."""
    return Files(tmp_path)


def test_half_of_a_pair_is_held_back_in_every_run(files: Files) -> None:
    """Plan and sync show the same and end with 3; nothing is written until the other half is there."""
    files.put("id", "AKIA-canary-2")
    for command in ("plan", "sync", "sync"):
        ended = files.run(command)
        assert ended.code == 3
        assert "pair in nlp: HalfRotated" in ended.out
        assert "mounted:id changed, mounted:key not;" in ended.out
        assert files.has(1, 1)
    files.put("key", "key-canary-2")
    assert files.run("plan").code == 1
    assert files.run("sync").code == 0
    assert files.has(2, 2)


def test_who_does_not_want_to_wait_says_so(files: Files) -> None:
    """With `settle: 0s` a run publishes what is there."""
    files.put("id", "AKIA-canary-2")
    assert files.run("sync", ", settle: 0s").code == 0
    assert files.has(2, 1)
