"""What the tests of the daemon talk about: mappings as text, and a clock set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.mapping.read import read
from syncd.model.names import Instance

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.mapping.settings import MappingDocument
    from syncd.model.events import Event

HEADER = """\
apiVersion: syncd.dev/v1alpha1
kind: Mapping
"""
STORES = """\
stores:
  one: {file: {directory: /etc/one}}
  two: {file: {directory: /etc/two}}
"""
TWO = f"""\
{HEADER}{STORES}credentials:
  alpha:
    from: {{store: one, secret: alpha}}
    s3: {{endpoint: "https://minio.example.com"}}
    to: [{{namespaces: [team-a]}}]
  beta:
    from: {{store: two, secret: beta}}
    huggingFace: {{}}
    to: [{{namespaces: [team-a]}}]
"""


@dataclass
class Clock:
    """Unix seconds, moved by the test."""

    time: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time that it is now."""
        return self.time


class Heard(list["Event"]):
    """A listener that keeps what it hears."""

    def __call__(self, event: Event) -> None:
        """Keep it."""
        self.append(event)


def document(text: str = TWO) -> MappingDocument:
    """Return a mapping that is right as a whole."""
    reading = read({"mapping.yaml": text})
    assert not reading.problems, reading.problems
    assert reading.document is not None
    return reading.document


def directory(folder: Path) -> DirectoryCluster:
    """Return a cluster of the files in a folder."""
    return DirectoryCluster(
        folder, instance=Instance("syncd"), kserve_namespace="kserve", digest_key=b"k" * 16, timeout=5.0
    )
