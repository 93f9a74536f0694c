"""How the mapping is looked at."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from syncd.app import unguarded
from syncd.daemon.health import LONGEST_LOOK, Health
from syncd.daemon.last_valid import LastValid
from syncd.daemon.mapping_source import Missing, Texts, Unreachable
from syncd.daemon.memory import Memory
from syncd.daemon.reload import Reload
from syncd.daemon.watch import Watch
from syncd.model.errors import ClusterUnreachable
from syncd.model.events import MappingRead
from syncd.model.names import Instance
from syncd.sync.kserve_config import ConfigMemory
from tests.unit.daemon.samples import TWO, Clock, Heard, directory

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.daemon.mapping_source import Found
    from syncd.daemon.reload import Change

DEADLINE = 30.0
POLL = 0.01
RIGHT = Texts({"mapping.yaml": TWO})


class Source:
    """A source that has what a test says."""

    found: Found | None = RIGHT

    def look(self) -> Found:
        """Return it, or fail as nothing should."""
        if self.found is None:
            raise KeyError("c4n4ry")
        return self.found


class Changes:
    """Keeps the changes that it hears of."""

    def __init__(self) -> None:
        """Wait for the first."""
        self.heard: list[Change] = []
        self.first = threading.Event()

    def __call__(self, change: Change) -> None:
        """Keep it."""
        self.heard.append(change)
        self.first.set()


@pytest.fixture
def source() -> Source:
    """Return a source with a mapping."""
    return Source()


@pytest.fixture
def changes() -> Changes:
    """Return what keeps changes."""
    return Changes()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> Memory:
    """Return a memory in a directory."""
    (tmp_path / "syncd").mkdir()
    last_valid = LastValid(directory(tmp_path), "syncd", Instance("syncd"), unguarded, clock)
    return Memory(last_valid, ConfigMemory())


@pytest.fixture
def watch(source: Source, memory: Memory, changes: Changes, heard: Heard, clock: Clock) -> Watch:
    """Return a watch that has not looked yet."""
    health = Health(clock, mapping_poll=POLL)
    return Watch(source, Reload(lambda _: None, heard), memory, changes, health, poll=POLL)


def test_a_change_is_passed_on_once(watch: Watch, changes: Changes, heard: Heard) -> None:
    """The same text looked at twice is read once."""
    watch.look()
    watch.look()
    assert len(changes.heard) == len(heard) == 1


def test_a_mapping_that_goes_changes_nothing(
    watch: Watch, source: Source, changes: Changes, heard: Heard
) -> None:
    """A missing mapping is told as such; a cluster that does not answer is not the mapping's fault."""
    watch.look()
    source.found = Missing("ConfigMap syncd/mapping does not exist")
    watch.look()
    source.found = Unreachable("https://cluster: no connection")
    watch.look()
    assert [event.valid for event in heard if isinstance(event, MappingRead)] == [True, False]
    assert len(changes.heard) == 1


def test_nothing_is_read_before_what_was_in_force_last(
    source: Source, changes: Changes, heard: Heard, clock: Clock
) -> None:
    """While the API server does not say what the process before had, no mapping is taken."""

    class Away:
        def observe_config_map(self, _ref: object) -> None:
            raise ClusterUnreachable("https://cluster: no connection")

    cluster: Any = Away()
    memory = Memory(LastValid(cluster, "syncd", Instance("syncd"), unguarded, clock), ConfigMemory())
    health = Health(clock, mapping_poll=POLL)
    watch = Watch(source, Reload(lambda _: None, heard), memory, changes, health, poll=POLL)
    watch.look()
    assert not changes.heard
    assert not heard


def test_a_bug_does_not_end_the_watch(
    source: Source, memory: Memory, changes: Changes, heard: Heard, clock: Clock
) -> None:
    """After looks that failed the next one is made; until then the mapping was not looked at."""
    health = Health(clock, mapping_poll=POLL)
    watch = Watch(source, Reload(lambda _: None, heard), memory, changes, health, poll=POLL)
    source.found = None
    clock.time += LONGEST_LOOK + 1
    watch._look_or_say_why()
    assert health.not_alive()
    watch.start()
    source.found = RIGHT
    assert changes.first.wait(DEADLINE)
    watch.close(DEADLINE)
    assert not health.not_alive()


def test_a_text_that_meets_a_bug_is_not_taken_for_read(
    source: Source, memory: Memory, changes: Changes, heard: Heard, clock: Clock
) -> None:
    """As long as the mapping cannot be dealt with, the daemon does not look alive."""

    def broken(_: object) -> None:
        raise KeyError("c4n4ry")

    health = Health(clock, mapping_poll=POLL)
    watch = Watch(source, Reload(broken, heard), memory, changes, health, poll=POLL)
    clock.time += LONGEST_LOOK + 1
    for _ in range(3):
        watch._look_or_say_why()
    assert health.not_alive()
    assert not changes.heard
