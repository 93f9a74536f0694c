"""From an accepted mapping to something that runs: stores, cluster and engine, for the CLI and the daemon."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.cluster.kubernetes.cluster import KubernetesCluster
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.kube.dry_run import DryRunTransport
from syncd.kube.nowhere import NoTransport
from syncd.stores.ambient import with_callers_login
from syncd.stores.build import build
from syncd.stores.guarded import Bounds
from syncd.stores.interface import StoreContext
from syncd.sync.engine import Engine
from syncd.sync.kserve_config import ConfigMemory
from syncd.sync.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncd.cluster.directory.files import Values
    from syncd.cluster.interface import Cluster
    from syncd.kube.transport import Transport
    from syncd.mapping.settings import MappingDocument, StoreSettings
    from syncd.model.events import Emit
    from syncd.model.names import Instance
    from syncd.model.secret import StoreName
    from syncd.stores.interface import SecretStore
    from syncd.sync.apply import Fence

KSERVE_NAMESPACE: Final = "kserve"
"""Where KServe's controller and `inferenceservice-config` are by default."""

REQUEST_TIMEOUT: Final = 30.0
"""Seconds that one request to the API server may take, retries included."""

_DIGEST_KEY_BYTES: Final = 32

StoreAuth = Literal["configured", "ambient"]


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Which cluster, and who we are in it.

    `directory` is a cluster of YAML files and rules out the others. `namespace` is syncd's own: the mapping,
    the stores' own logins and CAs are read there. `dry_run` lets the API server check writes and keep none.
    `timeout` bounds each request, in seconds. `values` says what the files of a directory get.
    """

    instance: Instance
    namespace: str
    kserve_namespace: str = KSERVE_NAMESPACE
    kubeconfig: str | None = None
    context: str | None = None
    directory: Path | None = None
    dry_run: bool = False
    timeout: float = REQUEST_TIMEOUT
    values: Values = "real"


def digest_key() -> bytes:
    """Return a new key for digests; it lives as long as the process."""
    return secrets.token_bytes(_DIGEST_KEY_BYTES)


def open_cluster(
    options: ClusterOptions, key: bytes, emit: Emit, *, access: Literal["read", "write"] = "read"
) -> Cluster:
    """Return the cluster that the options name; nothing is asked of it yet.

    A directory that is about to be written to is looked at right away: real values do not go into a Git work
    tree, and that is better known before any store is asked.

    Raises:
        UsageError: when no cluster is configured, or the directory may not be written to.

    """
    if options.directory is not None:
        directory = DirectoryCluster(
            options.directory,
            instance=options.instance,
            kserve_namespace=options.kserve_namespace,
            digest_key=key,
            timeout=options.timeout,
            values=options.values,
        )
        if access == "write":
            directory.prepare_writing()
        return directory
    transport = KubeTransport(ConnectionSettings(options.kubeconfig, options.context), emit=emit)
    return _kubernetes(DryRunTransport(transport) if options.dry_run else transport, options, key)


def no_cluster(options: ClusterOptions, key: bytes, problem: str) -> Cluster:
    """Return what stands for a cluster where none is configured: whatever is asked, it tells this problem."""
    return _kubernetes(NoTransport(problem), options, key)


def _kubernetes(transport: Transport, options: ClusterOptions, key: bytes) -> Cluster:
    return KubernetesCluster(
        transport,
        instance=options.instance,
        kserve_namespace=options.kserve_namespace,
        digest_key=key,
        timeout=options.timeout,
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """One store in use, and the settings that it was made from."""

    settings: StoreSettings
    store: SecretStore


class App:
    """A cluster, an engine, and the stores of the mapping in force."""

    def __init__(
        self,
        cluster: Cluster,
        options: ClusterOptions,
        *,
        key: bytes,
        emit: Emit,
        fence: Fence,
        store_auth: StoreAuth = "configured",
    ) -> None:
        """Start without stores; `use` opens those of a mapping.

        Args:
            cluster: to look at and to write to.
            options: who we are in it.
            key: for digests, the same that the cluster has.
            emit: hears every event.
            fence: raises `NotLeader` before a write that is not ours to do.
            store_auth: `ambient` takes the caller's own login instead of the mapping's.

        """
        self._context = StoreContext(options.namespace, cluster.read_secret, cluster.read_config_map, emit)
        self._store_auth: StoreAuth = store_auth
        self._open: dict[StoreName, _Open] = {}
        self._around = Surroundings(
            cluster=cluster,
            stores={},
            addresses={},
            instance=options.instance,
            namespace=options.namespace,
            digest_key=key,
            config=ConfigMemory(missing_is_shipped=options.directory is not None),
            fence=fence,
            emit=emit,
        )
        self.engine = Engine(self._around)

    @property
    def cluster(self) -> Cluster:
        """The cluster that is written to."""
        return self._around.cluster

    @property
    def stores(self) -> Mapping[StoreName, SecretStore]:
        """The stores of the mapping in force."""
        return self._around.stores

    @property
    def kserve_config(self) -> ConfigMemory:
        """The last readable `inferenceservice-config`."""
        return self._around.config

    def use(self, document: MappingDocument) -> None:
        """Open the stores of a mapping; those whose settings did not change keep their logins.

        Raises:
            UsageError: when the SDK of a store is not installed.

        """
        opened = {name: self._opened(settings) for name, settings in document.stores.items()}
        closing = [old for name, old in self._open.items() if opened.get(name) is not old]
        self._open = opened
        self._around = replace(
            self._around,
            stores={name: one.store for name, one in opened.items()},
            addresses=_addresses(document.stores),
        )
        self.engine.use(self._around)
        for old in closing:
            old.store.close()

    def close(self) -> None:
        """Close every store."""
        for one in self._open.values():
            one.store.close()
        self._open = {}

    def _opened(self, settings: StoreSettings) -> _Open:
        known = self._open.get(settings.name)
        if known is not None and _same(known.settings, settings):
            return known
        part: Any = settings.settings
        if self._store_auth == "ambient":
            part = with_callers_login(part)
        requests = settings.requests
        bounds = Bounds(requests.timeout, requests.concurrency, requests.per_second)
        return _Open(settings, build(settings.name, settings.type, part, bounds, self._context))


def _same(one: StoreSettings, other: StoreSettings) -> bool:
    """Compare what a store is made from; where it stands in the file does not matter."""
    return replace(one, origin=None) == replace(other, origin=None)


def _addresses(stores: Mapping[StoreName, StoreSettings]) -> dict[StoreName, str]:
    """Return what tells each store from every other, for the records on our objects."""
    return {name: str(settings.settings.identity()) for name, settings in stores.items()}


def unguarded() -> None:
    """Allow every write: one replica runs, and every request is guarded by the object's own version."""
