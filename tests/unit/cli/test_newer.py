"""`sync --prune` with files, where the daemon accepted another mapping."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from syncd.app import ClusterOptions, unguarded
from syncd.cli.newer import refuse_older_files
from syncd.cli.session import Session
from syncd.daemon.last_valid import LastValid
from syncd.mapping.last_valid import ACCEPTED
from syncd.mapping.read import read
from syncd.model.errors import UsageError
from syncd.model.names import Instance, ObjectRef
from tests.unit.daemon.samples import TWO, Clock, directory, document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncd.cluster.directory.cluster import DirectoryCluster

    Check = Callable[..., None]

OLD = TWO.replace("minio", "older")
OTHER = TWO.replace("minio", "other")
DAY = 86_400.0


@pytest.fixture
def cluster(tmp_path: Path) -> DirectoryCluster:
    """Return a cluster whose daemon accepted `OLD`, and a day later `TWO`."""
    (tmp_path / "cluster" / "syncd").mkdir(parents=True)
    cluster, clock = directory(tmp_path / "cluster"), Clock()
    kept = LastValid(cluster, "syncd", Instance("syncd"), unguarded, clock)
    kept.recall()
    for text in (OLD, TWO):
        assert kept.keep(document(text), None) is None
        clock.time += DAY
    return cluster


@pytest.fixture
def check(tmp_path: Path, cluster: DirectoryCluster) -> Check:
    """Return what checks a text, in a file that was changed some days after `OLD` was accepted."""

    def checked(text: str, days: float = 0.0, name: str = "", instance: str = "syncd") -> None:
        file = tmp_path / "mapping.yaml"
        file.write_text(text)
        os.utime(file, (Clock().time + days * DAY,) * 2)
        options = ClusterOptions(Instance(instance), "syncd")
        found = read({"mapping.yaml": text}).document
        assert found is not None
        session = Session(cluster, options, found, (), b"k" * 16, lambda _: None)
        refuse_older_files(session, [name or str(file)])

    return checked


def test_files_that_say_the_same_are_fine(check: Check) -> None:
    """Files with the accepted mapping, whatever their age and comments, remove what it removes."""
    check("# the same\n" + TWO)
    check(TWO, name="-")


@pytest.mark.parametrize(
    ("text", "days", "name", "words"),
    [
        (OLD, 9.0, "", "says what was in force before that"),
        (OTHER, 0.5, "", "was not changed since"),
        (OTHER, 9.0, "-", "was not changed since"),
    ],
    ids=["earlier mapping", "earlier file", "standard input"],
)
def test_older_files_are_refused(check: Check, text: str, days: float, name: str, words: str) -> None:
    """A mapping from before the accepted one would remove what the newer one has."""
    with pytest.raises(UsageError, match=words) as told:
        check(text, days, name)
    assert "accepted at 2023-11-15T22:13:20Z" in str(told.value)
    assert "delete ConfigMap syncd/syncd-last-valid" in str(told.value)


def test_newer_files_are_fine(check: Check) -> None:
    """An edit made after the cluster's mapping was accepted is what is meant now."""
    check(OTHER, 9.0)


def test_another_instance_s_mapping_says_nothing(check: Check) -> None:
    """Whose daemon it is not, and where none ever ran, there is no newer mapping."""
    check(OTHER, name="-", instance="somebody-else")


def test_a_time_that_is_none_is_newer(check: Check, cluster: DirectoryCluster) -> None:
    """A record that somebody spoilt lets nothing be removed."""
    ref = ObjectRef("syncd", "syncd-last-valid")
    have = cluster.observe_config_map(ref)
    assert have is not None
    cluster.write_config_map(ref, {ACCEPTED: have.data[ACCEPTED].replace("2023-", "c-")}, have)
    with pytest.raises(UsageError):
        check(OTHER, 9.0)


def test_the_cluster_s_own_mapping_is_never_older(cluster: DirectoryCluster) -> None:
    """Without files there is nothing to compare."""
    session = Session(cluster, ClusterOptions(Instance("syncd"), "syncd"), document(OTHER), (), b"", print)
    refuse_older_files(session, [])
