"""What every `Cluster` must do: subclass `ClusterContract` in a test module, with a `subject` fixture.

Assertions compare digests, so that no failing test prints a value.
"""

from syncd.testing.cluster.accounts import AccountContract
from syncd.testing.cluster.create import CreateContract
from syncd.testing.cluster.entries import EntriesContract
from syncd.testing.cluster.memory import MemoryContract
from syncd.testing.cluster.reading import ReaderContract
from syncd.testing.cluster.subject import CANARY, DIGEST_KEY, Subject, World, WorldResource
from syncd.testing.cluster.update import UpdateContract

__all__ = ["CANARY", "DIGEST_KEY", "ClusterContract", "Subject", "World", "WorldResource"]


class ClusterContract(
    CreateContract, UpdateContract, AccountContract, EntriesContract, ReaderContract, MemoryContract
):
    """All of it; `subject` gives a `Subject` with an instance of its own for each test."""
