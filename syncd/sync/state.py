"""The ledger in the cluster: read when something counts, written only when it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.model.errors import ClusterUnreachable
from syncd.model.names import ObjectRef
from syncd.sync.ledger import STATE, Ledger, ledger_of, texts

if TYPE_CHECKING:
    from syncd.cluster.interface import Cluster, WriteResult
    from syncd.model.objects import ObservedConfigMap


@dataclass(frozen=True, slots=True)
class Known:
    """The ledger as it was read; `problem` says what kept it from being read or written."""

    ledger: Ledger
    have: ObservedConfigMap | None = None
    problem: str | None = None


class LedgerMemory:
    """Reads and writes ConfigMap `syncd-state`; used by one sweep at a time.

    While nothing is held and nothing counts, it is read once and never again.
    """

    def __init__(self) -> None:
        """Know nothing of the cluster's ledger yet."""
        self._quiet = False

    def read(self, cluster: Cluster, namespace: str, *, needed: bool) -> Known:
        """Return the ledger; where it cannot be read, nothing is known and `problem` says why.

        Args:
            cluster: that has it.
            namespace: of the daemon.
            needed: whether anything counts now.

        """
        if self._quiet and not needed:
            return Known(Ledger())
        try:
            have = cluster.observe_config_map(ObjectRef(namespace, STATE))
        except ClusterUnreachable as error:
            return Known(Ledger(), problem=str(error))
        ledger = ledger_of(have.data) if have is not None else Ledger()
        self._quiet = not (ledger.held or ledger.confirmed)
        return Known(ledger, have)

    def write(self, cluster: Cluster, namespace: str, known: Known, after: Ledger) -> WriteResult:
        """Write the ledger, if it is still as it was read.

        Raises:
            ClusterUnreachable: when there is no answer; it may have been written.

        """
        result = cluster.write_config_map(ObjectRef(namespace, STATE), texts(after), known.have)
        self._quiet = not (after.held or after.confirmed)
        return result
