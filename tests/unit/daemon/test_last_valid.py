"""What the daemon keeps across restarts, and when it writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from syncd.app import unguarded
from syncd.cluster.interface import Rejected
from syncd.daemon.last_valid import KSERVE_CONFIG, LastValid, recall
from syncd.daemon.memory import Memory
from syncd.daemon.reload import Reload
from syncd.mapping.last_valid import ACCEPTED, MAPPING
from syncd.model.errors import ClusterUnreachable, NotLeader
from syncd.model.names import Instance, ObjectRef
from syncd.model.reasons import Reason
from syncd.sync.kserve_config import ConfigMemory
from tests.unit.daemon.samples import TWO, Clock, Heard, directory, document

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sync.apply import Fence

ME = Instance("syncd")
OTHER = TWO.replace("minio", "other")
SHIPPED = '{"storageSpecSecretName": "kept"}'


class Place:
    """A directory with the daemon's own namespace, and processes that come and go."""

    def __init__(self, root: Path, clock: Clock) -> None:
        """Make the namespace."""
        self.root = root
        self.clock = clock
        (root / "syncd").mkdir()

    @property
    def file(self) -> Path:
        """The ConfigMap's file."""
        return self.root / "syncd" / "configmaps" / "syncd-last-valid.yaml"

    def data(self) -> dict[str, str]:
        """What the ConfigMap has."""
        return dict(yaml.safe_load(self.file.read_text())["data"])

    def written(self) -> tuple[int, int] | None:
        """Tell one writing of the file from another."""
        return (self.file.stat().st_ino, self.file.stat().st_mtime_ns) if self.file.exists() else None

    def process(self, instance: str = ME, fence: Fence = unguarded) -> LastValid:
        """Start another process, which has looked."""
        kept = LastValid(directory(self.root), "syncd", Instance(instance), fence, self.clock)
        kept.recall()
        return kept


@pytest.fixture
def place(tmp_path: Path, clock: Clock) -> Place:
    """Return an empty place."""
    return Place(tmp_path, clock)


def test_what_one_process_keeps_the_next_one_has(place: Place) -> None:
    """Mapping, record and KServe's configuration are there after a restart."""
    assert place.process().keep(document(), SHIPPED) is None
    recalled, _ = recall(directory(place.root), "syncd", ME)
    assert recalled.document is not None
    assert recalled.document.credentials.keys() == {"alpha", "beta"}
    assert recalled.accepted is not None
    assert recalled.accepted.at == "2023-11-14T22:13:20Z"
    assert (recalled.kserve_config, recalled.problems) == (SHIPPED, ())


def test_it_is_written_when_it_changes_only(place: Place) -> None:
    """The same mapping, accepted again by this process or the next, costs no write; another one does."""
    first = place.process()
    first.keep(document(), SHIPPED)
    before = place.written()
    place.clock.time += 60
    again = document("# moved\n" + TWO)
    assert first.keep(again, SHIPPED) is None
    assert place.process().keep(again, SHIPPED) is None
    assert place.written() == before
    assert first.keep(document(OTHER), SHIPPED) is None
    assert place.written() != before
    assert "https://other" in place.data()[MAPPING]


def test_what_is_not_known_yet_stays_kept(place: Place) -> None:
    """A process that accepted nothing, or read no configuration, takes nothing away from what is kept."""
    place.process().keep(document(), SHIPPED)
    before = place.data()
    second = place.process()
    assert second.keep(None, None) is None
    assert second.keep(document(), None) is None
    assert place.data() == before
    assert second.keep(None, "{}") is None
    assert place.data() == {**before, KSERVE_CONFIG: "{}"}


def test_without_a_mapping_nothing_is_kept(place: Place) -> None:
    """Before any mapping was accepted no ConfigMap is made."""
    assert place.process().keep(None, SHIPPED) is None
    assert place.written() is None


def test_a_configmap_of_others_is_left_alone(place: Place) -> None:
    """A ConfigMap of that name that is not ours, or another instance's, is neither read nor written."""
    place.process("other").keep(document(), None)
    before = place.written()
    recalled, _ = recall(directory(place.root), "syncd", ME)
    assert (recalled.document, recalled.accepted) == (None, None)
    assert "is not of this instance" in recalled.problems[0]
    assert "is not of this instance" in str(place.process().keep(document(), None))
    assert place.written() == before


def test_what_does_not_fit_is_said_and_not_written(place: Place) -> None:
    """A mapping beyond the size of a ConfigMap leaves the older one kept, and says how large it is."""
    kept = place.process()
    kept.keep(document(), None)
    before = place.written()
    label = "x" * 63
    names = ", ".join(f"n{number}-{label[:50]}" for number in range(20_000))
    large = document(TWO.replace("[team-a]", f"[{names}]", 1))
    problem = kept.keep(large, None)
    assert problem is not None
    assert "1048576 are allowed" in problem
    assert place.written() == before
    assert kept.keep(document(OTHER), None) is None


def test_another_writer_is_read_before_it_is_tried_again(place: Place) -> None:
    """A ConfigMap that somebody else wrote meanwhile is not overwritten blindly; the next look converges."""
    first, second = place.process(), place.process()
    assert first.keep(document(), None) is None
    problem = second.keep(document(OTHER), None)
    assert problem is not None
    assert "it is there already" in problem
    assert "https://minio" in place.data()[MAPPING]
    assert second.keep(document(OTHER), None) is None
    assert "https://other" in place.data()[MAPPING]


def test_a_place_that_may_not_be_written_is_told(place: Place) -> None:
    """Where the cluster is a directory that may not get anything, that is said, with what to do."""
    (place.root / ".git").mkdir()
    assert "is inside the Git work tree" in str(place.process().keep(document(), None))
    assert place.written() is None


def test_only_who_may_write_writes(place: Place) -> None:
    """The fence is asked before a write, and not for a look."""

    def closed() -> None:
        raise NotLeader("another one leads")

    kept = place.process(fence=closed)
    assert kept.keep(None, None) is None
    with pytest.raises(NotLeader):
        kept.keep(document(), None)
    assert place.written() is None


class Cluster:
    """A cluster with nothing in it that answers when the test says so."""

    away = True

    def observe_config_map(self, _ref: ObjectRef) -> None:
        """Find nothing."""
        self._answer()

    def write_config_map(self, *_: object) -> Rejected:
        """Refuse."""
        self._answer()
        return Rejected(Reason.FORBIDDEN, "ConfigMap: RBAC does not allow it", "Grant it")

    def _answer(self) -> None:
        if self.away:
            raise ClusterUnreachable("https://cluster: no connection")


class Lines:
    """A log that keeps its warnings."""

    def __init__(self) -> None:
        """Start empty."""
        self.heard: list[tuple[str, str]] = []

    def warning(self, event: str, *, problem: str, effect: str) -> None:
        """Keep a line."""
        assert effect
        self.heard.append((event, problem))


def test_a_cluster_that_is_away_is_asked_again(
    clock: Clock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping waits for what was kept; what cannot be kept is tried at every look, and told once."""
    lines = Lines()
    monkeypatch.setattr("syncd.daemon.memory.logger", lambda: lines)
    cluster: Any = Cluster()
    memory = Memory(LastValid(cluster, "syncd", ME, unguarded, clock), ConfigMemory())
    reload = Reload(lambda _: None, heard)
    assert not memory.recall(reload)
    cluster.away = False
    assert memory.recall(reload)
    assert memory.recall(reload)
    mapping = document()
    memory.keep(mapping)
    memory.keep(mapping)
    cluster.away = True
    memory.keep(mapping)
    assert lines.heard == [
        ("mapping cannot be read", "https://cluster: no connection"),
        ("last valid mapping is not kept", "ConfigMap: RBAC does not allow it. Grant it"),
        ("last valid mapping is not kept", "https://cluster: no connection"),
    ]


def test_what_was_kept_is_handed_on(place: Place, heard: Heard) -> None:
    """The mapping holds for the first text, and KServe's configuration until another can be read."""
    place.process().keep(document(), SHIPPED)
    config = ConfigMemory()
    reload = Reload(lambda _: None, heard)
    assert Memory(place.process(), config).recall(reload)
    assert config.text == SHIPPED
    broken = ConfigMemory()
    broken.recall("{")
    assert broken.text is None


def test_what_cannot_be_read_any_more_is_left_out(place: Place, heard: Heard) -> None:
    """An entry that this release refuses, or a record that somebody edited, breaks nothing else."""
    place.process().keep(document(), None)
    content = place.file.read_text()
    place.file.write_text(content.replace("huggingFace", "huggingFaze"))
    recalled, _ = recall(directory(place.root), "syncd", ME)
    assert recalled.document is not None
    assert recalled.document.credentials.keys() == {"alpha"}
    assert "did you mean huggingFace" in recalled.problems[0]
    assert Memory(place.process(), ConfigMemory()).recall(Reload(lambda _: None, heard))
    assert ACCEPTED in place.data()
