"""One store under test, what it can do, and how tests look at what it answers: by digest, never by value."""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol

from syncd.model.errors import StoreError
from syncd.model.secret import Digest, RemoteSecret, SecretRef, SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.stores.interface import Fetched, SecretStore

DIGEST_KEY: Final = b"contract-of-stores"
PLENTY: Final = 20.0
"""Seconds that no store under test needs."""


class Capability(Enum):
    """What a store can do, or a rig can make it do."""

    TOKENS = auto()
    """It gives change tokens."""
    VERSIONS = auto()
    """Versions can be pinned, and taken away."""
    DENIES = auto()
    """It can refuse one secret to us."""
    LOGS_IN = auto()
    """It can refuse us altogether."""
    FAILS = auto()
    """It can answer with an error of its own (5xx)."""
    THROTTLES = auto()
    """It can tell us to slow down."""
    HANGS = auto()
    """It can let us wait."""
    STOPS = auto()
    """Nobody may be listening."""
    BYTES = auto()
    """Properties can be bytes that are no text."""


class StoreRig(Protocol):
    """One store under test, and the hands that change what is in it. The rig places the names."""

    store: SecretStore

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """Return the reference of the secret that is called `name` here."""
        ...

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Write a secret, or its next version; return the version, None where there is none."""
        ...

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Write a secret whose properties are bytes (BYTES)."""
        ...

    def take_away(self, name: str, version: str) -> None:
        """Make one version unavailable (VERSIONS)."""
        ...

    def deny(self, name: str) -> None:
        """Take the right to read this secret (DENIES)."""
        ...

    def fail(self, how: Failure) -> None:
        """Make every further answer this failure."""
        ...


class Failure(Enum):
    """How a whole store fails."""

    ERROR = auto()
    THROTTLE = auto()
    HANG = auto()
    STOP = auto()
    UNKNOWN_TO_IT = auto()


def digest(value: SecretValue) -> Digest:
    """Return what stands for a value in a comparison."""
    return value.digest(DIGEST_KEY)


def digests(values: Mapping[str, SecretValue]) -> dict[str, Digest]:
    """Return the digest of every value."""
    return {name: digest(value) for name, value in values.items()}


def wanted(values: Mapping[str, str]) -> dict[str, Digest]:
    """Return the digests that a secret with these texts must have."""
    return {name: digest(SecretValue(text.encode())) for name, text in values.items()}


def soon() -> float:
    """Return a deadline that nothing comes near to."""
    return time.monotonic() + PLENTY


def one(rig: StoreRig, name: str, version: str | None = None, *, deadline: float | None = None) -> Fetched:
    """Fetch one secret; check that the answer is for it, and that an error keeps nothing of its cause."""
    ref = rig.ref(name, version)
    answers = rig.store.fetch([ref], deadline=soon() if deadline is None else deadline)
    assert list(answers) == [ref]
    answer = answers[ref]
    if isinstance(answer, StoreError):
        assert answer.message
        assert answer.__cause__ is None
        assert answer.__context__ is None
        assert answer.__traceback__ is None
    return answer


def found(answer: Fetched) -> RemoteSecret:
    """Return the secret, or fail with the store's error (which holds no value)."""
    assert not isinstance(answer, StoreError), repr(answer)
    return answer
