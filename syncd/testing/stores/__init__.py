"""What every `SecretStore` must do, as a pytest class, and a store in memory for tests of everything else.

Subclass `StoreContract` in a test module, say with `capabilities` what the store can do, and give a `rig`.
Cases that need what the store cannot do are no tests of the subclass; `cases` lists those that are.
Comparisons are of digests: a failing test prints no value.
"""

from syncd.testing.stores.contract import StoreContract
from syncd.testing.stores.memory import InMemoryStore
from syncd.testing.stores.rig import (
    Capability,
    Failure,
    StoreRig,
    digest,
    digests,
    found,
    one,
    soon,
    wanted,
)

__all__ = [
    "Capability",
    "Failure",
    "InMemoryStore",
    "StoreContract",
    "StoreRig",
    "digest",
    "digests",
    "found",
    "one",
    "soon",
    "wanted",
]
