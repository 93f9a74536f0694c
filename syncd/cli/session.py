"""One command's cluster, mapping and engine."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syncd.app import App, digest_key, no_cluster, open_cluster, unguarded
from syncd.cli.console import complain
from syncd.cli.exit_codes import ExitCode
from syncd.cli.mapping_files import of_config_map, of_files
from syncd.mapping.read import read
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.app import ClusterOptions, StoreAuth
    from syncd.cli.flags import Target
    from syncd.cluster.interface import Cluster
    from syncd.mapping.settings import MappingDocument, Problem, Reading
    from syncd.model.events import Emit
    from syncd.model.secret import StoreName
    from syncd.stores.interface import SecretStore
    from syncd.sync.engine import Engine


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with; `problems` are those of the mapping that were let through."""

    cluster: Cluster
    options: ClusterOptions
    document: MappingDocument
    problems: tuple[Problem, ...]
    key: bytes
    emit: Emit

    @property
    def mapping_code(self) -> ExitCode:
        """What the mapping adds to the exit code: an invalid entry is 2, though the rest was done."""
        broken = any(problem.severity == "error" for problem in self.problems)
        return ExitCode.INVALID if broken else ExitCode.DONE

    @contextmanager
    def engine(self, store_auth: StoreAuth) -> Iterator[Engine]:
        """Open the stores of the mapping for as long as the block runs.

        Raises:
            UsageError: when the SDK of a store is not installed.

        """
        with self._app(store_auth) as app:
            yield app.engine

    @contextmanager
    def stores(self, store_auth: StoreAuth) -> Iterator[Mapping[StoreName, SecretStore]]:
        """Open the stores alone, as `engine` does."""
        with self._app(store_auth) as app:
            yield app.stores

    @contextmanager
    def _app(self, store_auth: StoreAuth) -> Iterator[App]:
        app = App(
            self.cluster, self.options, key=self.key, emit=self.emit, fence=unguarded, store_auth=store_auth
        )
        try:
            app.use(self.document)
            yield app
        finally:
            app.close()


def session_of(
    target: Target,
    options: ClusterOptions,
    emit: Emit,
    *,
    access: Literal["read", "write", "if any"] = "read",
) -> Session:
    """Open the cluster and read the mapping; what is wrong with it is told on standard error.

    With access `if any` a mapping in files needs no cluster: where none is configured, whatever asks for one
    is told so.

    Raises:
        UsageError: when there is no mapping, or nothing of it can be accepted.
        ClusterUnreachable: when the cluster is needed for that and does not answer.

    """
    key = digest_key()
    if access == "if any" and target.files and not target.names_cluster:
        cluster = _cluster_if_any(options, key, emit)
    else:
        cluster = open_cluster(options, key, emit, access="write" if access == "write" else "read")
    reading = reading_of(target, cluster)
    for problem in reading.problems:
        complain(f"{problem.severity}: {problem}")
    if reading.document is None:
        raise UsageError("nothing of this mapping can be accepted; correct what is said above")
    return Session(cluster, options, reading.document, reading.problems, key, emit)


def _cluster_if_any(options: ClusterOptions, key: bytes, emit: Emit) -> Cluster:
    try:
        return open_cluster(options, key, emit)
    except UsageError as error:
        problem = str(error)
    return no_cluster(options, key, problem)


def reading_of(target: Target, cluster: Cluster) -> Reading:
    """Read the mapping that the flags name.

    Raises:
        UsageError: when there is no mapping.
        ClusterUnreachable: when it is in a cluster that does not answer.

    """
    found = of_files(target.files) if target.files else of_config_map(cluster, target.config_map_ref)
    return read(found.files, included=found.included)


def deadline(seconds: float) -> float:
    """Return the moment, on `time.monotonic()`, that is so many seconds away."""
    return time.monotonic() + seconds
