"""Keeps what was accepted last across restarts, in a ConfigMap of our own; written when it changes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from syncd.cluster.interface import Rejected
from syncd.mapping.last_valid import ACCEPTED, NAME, Accepted, accepted_in, read_last_valid, texts_of
from syncd.model.errors import ClusterUnreachable, UsageError
from syncd.model.names import ObjectRef
from syncd.model.objects import ObservedConfigMap
from syncd.model.sizes import LARGEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.cluster.interface import Cluster, Reader
    from syncd.mapping.settings import MappingDocument
    from syncd.model.names import Instance
    from syncd.sync.apply import Fence

KSERVE_CONFIG: Final = "inferenceservice-credentials.json"
"""Key of the last readable `credentials` of KServe's ConfigMap `inferenceservice-config`."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What an earlier process left: the mapping (None when it cannot be read), and KServe's configuration.

    `problems` say what of it cannot be read any more.
    """

    document: MappingDocument | None = None
    accepted: Accepted | None = None
    kserve_config: str | None = None
    problems: tuple[str, ...] = ()


def recall(cluster: Reader, namespace: str, instance: Instance) -> tuple[Recalled, ObservedConfigMap | None]:
    """Return what is kept in a namespace, and the ConfigMap as it is; nothing where it is not ours.

    Raises:
        ClusterUnreachable: when the API server does not answer.

    """
    have = cluster.observe_config_map(ObjectRef(namespace, NAME))
    if have is None:
        return Recalled(), None
    accepted = accepted_in(have.data)
    if accepted is None or accepted.instance != instance:
        return Recalled(problems=(_foreign(namespace),)), have
    reading = read_last_valid(have.data)
    problems = tuple(str(problem) for problem in reading.problems if problem.severity == "error")
    return Recalled(reading.document, accepted, have.data.get(KSERVE_CONFIG), problems), have


class LastValid:
    """Reads the ConfigMap once and writes it when something else is in force; used by one thread."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        instance: Instance,
        fence: Fence,
        now: Callable[[], float],
    ) -> None:
        """Keep it in this namespace.

        Args:
            cluster: to read from and write to.
            namespace: the daemon's own.
            instance: whose mapping it is.
            fence: raises `NotLeader` before a write that is not ours to do.
            now: a clock in Unix seconds.

        """
        self._cluster = cluster
        self._ref = ObjectRef(namespace, NAME)
        self._instance = instance
        self._fence = fence
        self._now = now
        self._have: ObservedConfigMap | None = None
        self._kept: tuple[MappingDocument | None, str | None] = (None, None)

    def recall(self) -> Recalled:
        """Return what an earlier process left.

        Raises:
            ClusterUnreachable: when the API server does not answer.

        """
        recalled, self._have = recall(self._cluster, self._ref.namespace, self._instance)
        return recalled

    def keep(self, document: MappingDocument | None, kserve_config: str | None) -> str | None:
        """Write what is in force, if other than what is kept; return why it could not be, if it could not.

        Args:
            document: what is in force since something was accepted; None: what is kept of it stays.
            kserve_config: the last readable one; None: what is kept of it stays.

        Raises:
            NotLeader: when this process may not write (any more).

        """
        kept_document, kept_config = self._kept
        if document is kept_document and kserve_config == kept_config:
            return None
        wanted = self._wanted(document, kserve_config)
        problem = wanted if isinstance(wanted, str) else self._write_changes(wanted)
        if problem is None:
            self._kept = (document, kserve_config)
        return problem

    def _wanted(self, document: MappingDocument | None, kserve_config: str | None) -> Mapping[str, str] | str:
        """Return the data as it should be, or why it cannot be written."""
        before = {} if self._have is None else self._have.data
        accepted = accepted_in(before)
        if self._have is not None and (accepted is None or accepted.instance != self._instance):
            return _foreign(self._ref.namespace)
        wanted = dict(before)
        if document is not None:
            digest = document.form.digest
            at = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            first = Accepted(self._instance, digest, at)
            record = first if accepted is None else accepted.followed_by(digest, at)
            wanted = {**texts_of(document), ACCEPTED: record.text()}
            if KSERVE_CONFIG in before:
                wanted[KSERVE_CONFIG] = before[KSERVE_CONFIG]
        if kserve_config is not None and ACCEPTED in wanted:
            wanted[KSERVE_CONFIG] = kserve_config
        size = sum(len(text.encode()) for text in wanted.values())
        if size > LARGEST_SECRET:
            return (
                f"ConfigMap {self._ref} would have {size} bytes, and {LARGEST_SECRET} are allowed;"
                " write target lists as selectors, or use placeholders"
            )
        return wanted

    def _write_changes(self, wanted: Mapping[str, str]) -> str | None:
        before = {} if self._have is None else self._have.data
        changes: dict[str, str | None] = {**dict.fromkeys(before.keys() - wanted.keys()), **wanted}
        if all(before.get(key) == text for key, text in changes.items()):
            return None
        self._fence()
        try:
            return self._write(wanted, changes)
        except (ClusterUnreachable, UsageError) as error:
            return str(error)

    def _write(self, wanted: Mapping[str, str], changes: Mapping[str, str | None]) -> str | None:
        result = self._cluster.write_config_map(self._ref, changes, self._have)
        if isinstance(result, Rejected):
            if result.again:
                self.recall()
            return f"{result.message}. {result.remedy}"
        self._have = ObservedConfigMap(self._ref, result.uid, result.resource_version, wanted)
        return None


def _foreign(namespace: str) -> str:
    return (
        f"ConfigMap {namespace}/{NAME} is not of this instance, or somebody changed it;"
        " delete it, or start syncd with the --instance that it names"
    )
