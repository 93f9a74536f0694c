"""What every sweep of a process works with: cluster, stores, names, memories and clocks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.sync.halves import Halves
from syncd.sync.not_found import Absences
from syncd.sync.state import LedgerMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.cluster.interface import Cluster
    from syncd.model.events import Emit
    from syncd.model.names import Instance
    from syncd.model.secret import StoreName
    from syncd.stores.interface import SecretStore
    from syncd.sync.apply import Fence
    from syncd.sync.kserve_config import ConfigMemory


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stays the same from sweep to sweep.

    `addresses`: store → what tells it from every other, for the records on our objects. `namespace` is the
    daemon's own. `digest_key` lives as long as the process. `now` gives Unix seconds, for what is
    remembered across restarts; `clock` seconds on a clock that is never set, for what is in memory.
    """

    cluster: Cluster
    stores: Mapping[StoreName, SecretStore]
    addresses: Mapping[StoreName, str]
    instance: Instance
    namespace: str
    digest_key: bytes
    config: ConfigMemory
    fence: Fence
    emit: Emit
    ledger: LedgerMemory = field(default_factory=LedgerMemory)
    absences: Absences = field(default_factory=Absences)
    halves: Halves = field(default_factory=Halves)
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
