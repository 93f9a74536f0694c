"""Where the mapping's text is found, and when it counts as changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.daemon.mapping_source import (
    Changes,
    ConfigMapSource,
    FileSource,
    Missing,
    Texts,
    Unreachable,
)
from syncd.mapping.include import IncludedText
from syncd.model.errors import ClusterUnreachable
from syncd.model.names import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncd.daemon.mapping_source import Found

REF = ObjectRef("syncd", "mapping")


class Reader:
    """A cluster with one ConfigMap, or without, or away; and with those of teams."""

    data: Mapping[str, str] | None = None
    away = False

    def __init__(self) -> None:
        """Start without ConfigMaps of teams."""
        self.teams: dict[str, Mapping[str, str] | None] = {}
        self.asked: list[str] = []

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return its data."""
        ref = ObjectRef(namespace, name)
        self.asked.append(str(ref))
        if self.away:
            raise ClusterUnreachable("https://cluster: no connection")
        if ref == REF:
            return self.data
        found = self.teams[str(ref)]
        if found is not None and not found:
            raise ClusterUnreachable("403")
        return found


@pytest.fixture
def reader() -> Reader:
    """Return a cluster without the ConfigMap."""
    return Reader()


def look(reader: Reader) -> Found:
    """Look at the ConfigMap."""
    return ConfigMapSource(cast("Any", reader), REF).look()


def test_yaml_keys_of_the_config_map_are_the_mapping(reader: Reader) -> None:
    """Every key that ends in .yaml or .yml is read, in the order of their names; no other key is."""
    reader.data = {"b.yaml": "2", "notes.txt": "x", "a.yml": "1"}
    found = look(reader)
    assert found == Texts({"a.yml": "1", "b.yaml": "2"})
    assert list(found.files) == ["a.yml", "b.yaml"]


@pytest.mark.parametrize(("data", "word"), [(None, "does not exist"), ({"notes.txt": ""}, "no key")])
def test_a_config_map_without_mapping_is_missing(
    reader: Reader, data: Mapping[str, str] | None, word: str
) -> None:
    """A ConfigMap that is gone, or has no YAML key, is named and what to do is said."""
    reader.data = data
    found = look(reader)
    assert isinstance(found, Missing)
    assert "syncd/mapping" in found.problem
    assert word in found.problem


def test_a_cluster_that_is_away_is_no_missing_mapping(reader: Reader) -> None:
    """When the API server does not answer, nobody is told that the mapping is gone."""
    reader.away = True
    assert look(reader) == Unreachable("https://cluster: no connection")


INCLUDING = """
apiVersion: syncd.dev/v1alpha1
kind: Mapping
include:
  - {configMap: team-a/credentials, namespaces: [team-a], secrets: {platform: [kv/*]}}
  - {configMap: team-b/credentials, namespaces: [team-b], secrets: {platform: [kv/*]}}
  - {configMap: ../escape, namespaces: [team-c], secrets: {platform: [kv/*]}}
"""


@pytest.mark.parametrize("files", [False, True], ids=["ConfigMap", "files"])
def test_what_a_mapping_includes_comes_along(reader: Reader, tmp_path: Path, files: bool) -> None:
    """Included ConfigMaps are read by name; one that cannot be read has a reason, and costs nothing else."""
    reader.data = {"mapping.yaml": INCLUDING}
    (tmp_path / "mapping.yaml").write_text(INCLUDING)
    cluster = cast("Any", reader)
    source = FileSource([tmp_path], cluster) if files else ConfigMapSource(cluster, REF)
    reader.teams = {"team-a/credentials": {"c.yaml": "1", "notes": "x"}, "team-b/credentials": None}
    found = source.look()
    assert isinstance(found, Texts)
    assert found.included == {
        "team-a/credentials": IncludedText({"c.yaml": "1"}),
        "team-b/credentials": IncludedText(problem="ConfigMap team-b/credentials does not exist"),
    }
    reader.teams = {"team-a/credentials": {"notes": "x"}, "team-b/credentials": {}}
    again = source.look()
    assert isinstance(again, Texts)
    assert [text.problem for text in again.included.values()] == [
        "ConfigMap team-a/credentials has no key that ends in .yaml; put the mapping under one",
        "403",
    ]
    assert again.digest() != found.digest()
    assert set(reader.asked) <= {str(REF), "team-a/credentials", "team-b/credentials"}


def test_files_alone_ask_no_cluster(tmp_path: Path) -> None:
    """Without a cluster, what a mapping includes is looked for nowhere else."""
    (tmp_path / "mapping.yaml").write_text(INCLUDING)
    found = FileSource([tmp_path]).look()
    assert isinstance(found, Texts)
    assert found.included == {}


def test_files_and_directories_are_read(tmp_path: Path) -> None:
    """A directory gives its YAML files, hidden ones and other suffixes left out; a file is read as it is."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "b.yaml").write_text("b")
    (folder / "a.yml").write_text("a")
    (folder / "..data.yaml").write_text("an older form")
    (folder / "readme.md").write_text("text")
    single = tmp_path / "single.conf"
    single.write_text("c")
    found = FileSource([folder, single]).look()
    assert found == Texts({str(folder / "a.yml"): "a", str(folder / "b.yaml"): "b", str(single): "c"})


def test_a_file_that_cannot_be_read_is_missing(tmp_path: Path) -> None:
    """A path that is not there, or no UTF-8, or an empty directory, is said to be so."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty"
    empty.mkdir()
    problems = [FileSource([path]).look() for path in (tmp_path / "absent.yaml", binary, empty)]
    texts = [found.problem for found in problems if isinstance(found, Missing)]
    assert ["No such file" in texts[0], "no UTF-8" in texts[1], "no file" in texts[2]] == [True] * 3


def next_of(changes: Changes) -> Found | None:
    """Look, and deal with what is there."""
    found = changes.poll()
    changes.settle()
    return found


def test_only_what_changed_is_passed_on(reader: Reader) -> None:
    """The same texts, or the same problem, are told once; what comes back after a problem is told again."""
    changes = Changes(ConfigMapSource(cast("Any", reader), REF))
    reader.data = {"a.yaml": "1"}
    assert next_of(changes) == Texts({"a.yaml": "1"})
    assert next_of(changes) is None
    reader.data = {"a.yaml": "2"}
    assert next_of(changes) == Texts({"a.yaml": "2"})
    reader.data = None
    assert isinstance(next_of(changes), Missing)
    assert next_of(changes) is None
    reader.away = True
    assert isinstance(next_of(changes), Unreachable)
    reader.away, reader.data = False, {"a.yaml": "2"}
    assert next_of(changes) == Texts({"a.yaml": "2"})


def test_what_was_not_dealt_with_is_passed_on_again(reader: Reader) -> None:
    """A text that could not be dealt with is not taken for known."""
    changes = Changes(ConfigMapSource(cast("Any", reader), REF))
    reader.data = {"a.yaml": "1"}
    assert changes.poll() is not None
    assert changes.poll() is not None
    changes.settle()
    assert changes.poll() is None


def test_a_text_under_another_name_is_a_change(reader: Reader) -> None:
    """Names count: problems are told by them, and the order of merging follows them."""
    changes = Changes(ConfigMapSource(cast("Any", reader), REF))
    reader.data = {"a.yaml": "1"}
    next_of(changes)
    reader.data = {"b.yaml": "1"}
    assert next_of(changes) is not None
