"""What the tests of the stores build with: a clock that they turn, a cluster of a dictionary."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.model.errors import ClusterDenied, ClusterUnreachable
from syncd.model.secret import SecretValue
from syncd.stores.clock import Clock
from syncd.stores.interface import StoreContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.events import Event


@dataclass(slots=True)
class Time:
    """A clock that stands still until somebody sleeps on it or turns it; it remembers the sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> Clock:
        """The clock as the stores take it."""
        return Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let the seconds pass at once."""
        with self._lock:
            self.sleeps.append(seconds)
            self.now += seconds


@dataclass(slots=True)
class FakeCluster:
    """Secrets and ConfigMaps by (namespace, name); `down` makes every read fail. Counts the reads.

    Secrets in `denied` may not be read.
    """

    secrets: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    config_maps: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    down: bool = False
    denied: set[tuple[str, str]] = field(default_factory=set)
    reads: int = 0

    def context(self, namespace: str = "syncd") -> StoreContext:
        """What a store is given."""
        return StoreContext(namespace, self.read_secret, self.read_config_map, self.events.append)

    def read_secret(self, namespace: str, name: str) -> Mapping[str, SecretValue] | None:
        """A Secret's data."""
        self._look()
        if (namespace, name) in self.denied:
            raise ClusterDenied("403 Forbidden")
        data = self.secrets.get((namespace, name))
        return None if data is None else {key: SecretValue(value) for key, value in data.items()}

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """A ConfigMap's data."""
        self._look()
        return self.config_maps.get((namespace, name))

    def _look(self) -> None:
        self.reads += 1
        if self.down:
            raise ClusterUnreachable("the API server does not answer")
