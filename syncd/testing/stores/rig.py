"""One store under test, what it can do, and how tests look at what it answers: by digest, never by value."""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol

from syncd.model.errors import StoreError
from syncd.model.secret import Digest, RemoteSecret, SecretRef, SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    CHECKS = auto()
    """There is a way to it that can be checked without a secret."""
    RENEWS = auto()
    """What we logged in with can run out, and we can log in again."""
    THROTTLES = auto()
    """It can tell us to slow down, with the seconds or without."""
    SPEAKS_TLS = auto()
    """It can show a certificate that we do not trust."""
    HANGS = auto()
    """It can let us wait."""
    STOPS = auto()
    """Nobody may be listening."""
    BYTES = auto()
    """Properties can be bytes that are no text."""
    VALUES = auto()
    """A secret can be one text, with no properties."""
    BINARY = auto()
    """A secret can be one string of bytes that are no text."""
    EMPTY = auto()
    """A secret can be there and empty."""


class StoreRig(Protocol):
    """One store under test, and the hands that change what is in it. The rig places the names."""

    store: SecretStore
    largest: int
    """Bytes of the largest payload that the store takes, 64 KiB at most."""
    unusual: Sequence[str]
    """Names at the edge of what the store allows; the rig places them like all others."""
    no_names: Sequence[str]
    """What is no name of a secret there, or climbs out of where secrets are; given to the store as it is."""
    no_version: str
    """A version that never was, in the form that the store has for versions (VERSIONS)."""

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """Return the reference of the secret that is called `name` here."""
        ...

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Write a secret, or its next version; return the version, None where there is none."""
        ...

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Write a secret whose properties are bytes (BYTES)."""
        ...

    def put_value(self, name: str, value: bytes) -> str | None:
        """Write a secret that is just this value, or its next version (VALUES, BINARY, EMPTY); return it."""
        ...

    def take_away(self, name: str, version: str) -> None:
        """Make one version unavailable (VERSIONS); it is the only one."""
        ...

    def deny(self, name: str) -> None:
        """Take the right to read this secret (DENIES)."""
        ...

    def forget_login(self) -> None:
        """Make the store refuse what we logged in with, and take a new login (RENEWS)."""
        ...

    def fail(self, how: Failure) -> None:
        """Make every further answer this failure."""
        ...


class Failure(Enum):
    """How a whole store fails."""

    ERROR = auto()
    """Each answer is an error of its own (5xx)."""
    THROTTLE = auto()
    """It asks us to slow down, and says for how many seconds."""
    THROTTLE_SILENTLY = auto()
    """It asks us to slow down, and does not say for how long."""
    HANG = auto()
    """It takes the request, and does not answer in time."""
    STOP = auto()
    """Nobody listens."""
    DISTRUSTED = auto()
    """Its certificate is of an authority that we do not trust."""
    UNKNOWN_TO_IT = auto()
    """It does not know us, whatever we log in with."""


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
