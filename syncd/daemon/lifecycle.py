"""The daemon: put together, started, and ended when a signal asks for it."""

from __future__ import annotations

import os
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import syncd
from syncd.app import App, digest_key, open_cluster, unguarded
from syncd.daemon.freshness import FreshnessBook
from syncd.daemon.groups import HOURLY, group_of, groups_of
from syncd.daemon.health import Health
from syncd.daemon.last_valid import LastValid
from syncd.daemon.mapping_source import ConfigMapSource, FileSource
from syncd.daemon.memory import Memory
from syncd.daemon.notices import Notices
from syncd.daemon.queue import Priority, WorkQueue
from syncd.daemon.reload import Reload
from syncd.daemon.schedule import Scheduler
from syncd.daemon.server import Page, Server
from syncd.daemon.signals import Signals
from syncd.daemon.sweeps import Sweeps
from syncd.daemon.watch import Watch
from syncd.daemon.workers import Workers
from syncd.model.names import ObjectRef
from syncd.telemetry.emitter import Emitter
from syncd.telemetry.lines import LogListener
from syncd.telemetry.log import configure, logger
from syncd.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from syncd.cluster.interface import Cluster
    from syncd.daemon.mapping_source import MappingSource
    from syncd.daemon.options import DaemonOptions
    from syncd.daemon.reload import Change
    from syncd.model.events import Emit

DRAIN: Final = 20.0
"""Seconds that the sweeps under way have to end after a signal."""
_LAST_WORDS: Final = 2.0
"""Seconds for Events that wait, and for a look at the mapping that is under way."""


class Daemon:
    """Everything that runs, from the mapping to the probes."""

    def __init__(self, options: DaemonOptions) -> None:
        """Put it together; nothing runs and nothing is asked yet, but the port is taken.

        Raises:
            UsageError: when the cluster is not configured, or the address cannot be listened on.

        """
        now = time.time
        self._metrics = Metrics(now)
        listeners: dict[str, Emit] = {"metrics": self._metrics, "log": LogListener(logger(), now)}
        requests = Emitter(listeners)
        self._notices = None
        if options.cluster.directory is None:
            self._notices = Notices(options, requests, self._metrics.count_notice, now)
            listeners["kubernetes-events"] = self._notices.listener
        fresh = FreshnessBook(now)
        emit = Emitter({**listeners, "freshness": fresh})
        key = digest_key()
        cluster = open_cluster(options.cluster, key, requests, access="write")
        self._app = App(cluster, options.cluster, key=key, emit=emit, fence=unguarded)
        self._health = Health(now, mapping_poll=options.mapping_poll)
        self._queue = WorkQueue()
        self._sweeps = Sweeps(self._app, fresh, emit)
        self._workers = Workers(self._queue, self._sweeps, self._health)
        self._scheduler = Scheduler(self._queue)
        reload = Reload(self._app.use, emit)
        source = _source(options, cluster)
        own = options.cluster
        last_valid = LastValid(cluster, own.namespace, own.instance, unguarded, now)
        memory = Memory(last_valid, self._app.kserve_config)
        self._watch = Watch(source, reload, memory, self._changed, self._health, poll=options.mapping_poll)
        self._server = Server(
            options.listen,
            {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._exposition},
        )

    def start(self) -> None:
        """Let everything run."""
        self._server.start()
        logger().info("listening", port=self._server.port, version=syncd.__version__)
        self._scheduler.start()
        self._watch.start()

    def drain(self) -> bool:
        """Begin nothing more and let the sweeps under way end; tell whether they did in time."""
        self._health.end()
        self._watch.close(_LAST_WORDS)
        self._scheduler.close()
        ended = self._workers.close(DRAIN)
        if ended:
            self._app.close()
        if self._notices is not None:
            self._notices.close(_LAST_WORDS)
        self._server.close()
        return ended

    def _changed(self, change: Change) -> None:
        """Go on with another mapping: new groups and those with a changed credential are swept at once."""
        groups = groups_of(change.document)
        self._sweeps.use(change.document, groups)
        self._health.expect(groups)
        self._workers.serve(group.store for group in groups)
        added = self._scheduler.replace(groups)
        credentials = change.document.credentials
        touched = {HOURLY, *(group_of(credentials[name]) for name in change.changed)}
        # One that is new was put a moment ago: once more, and a start would read every secret twice.
        for group in touched & groups.keys() - added:
            self._queue.put(group, Priority.PUSHED)

    def _healthz(self, _accept: str) -> Page:
        return _probe(self._health.not_alive())

    def _readyz(self, _accept: str) -> Page:
        return _probe(self._health.not_ready())

    def _exposition(self, accept: str) -> Page:
        content_type, body = self._metrics.exposition(accept)
        return Page(HTTPStatus.OK, body, content_type)


def run(options: DaemonOptions) -> int:
    """Run the daemon until SIGTERM or SIGINT; return the exit code, 0. Called by the main thread.

    A sweep that does not end in time is left behind, which is safe at any moment: every write is guarded,
    and the next start goes on where this one was. A second signal ends the process at once.

    Raises:
        UsageError: when the cluster is not configured, or the address cannot be listened on.

    """
    configure(level=options.log_level, form=options.log_format)
    with Signals() as signals:
        daemon = Daemon(options)
        daemon.start()
        while not signals.wait():
            pass
        logger().info("ending", drain=f"{DRAIN:.0f}s")
        if daemon.drain():
            logger().info("ended")
            return 0
        logger().warning("ended before a sweep did", effect="the next start goes on where it was")
    # The interpreter would wait for the threads that still ask a store.
    os._exit(0)


def _source(options: DaemonOptions, cluster: Cluster) -> MappingSource:
    if options.files:
        return FileSource(options.files, cluster)
    return ConfigMapSource(cluster, ObjectRef(options.cluster.namespace, options.config_map))


def _probe(problems: tuple[str, ...]) -> Page:
    if not problems:
        return Page(HTTPStatus.OK, b"ok\n")
    return Page(HTTPStatus.SERVICE_UNAVAILABLE, "".join(f"{problem}\n" for problem in problems).encode())
