"""What a store under test is given, and how its answers are looked at."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncd.model.errors import StoreError
from syncd.model.secret import SecretRef, SecretValue, StoreName
from syncd.stores.interface import StoreContext
from syncd.testing.stores import digest, found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.events import Event
    from syncd.model.secret import Digest
    from syncd.stores.interface import Fetched, SecretStore

NAME = StoreName("platform")
SOON = 20.0


@dataclass(slots=True)
class Surroundings:
    """A cluster that has these Secrets and ConfigMaps, and the events that were emitted."""

    secrets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def context(self) -> StoreContext:
        """What a store is given."""
        return StoreContext(
            "syncd", self._secret, lambda _, name: self.config_maps.get(name), self.events.append
        )

    def _secret(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        data = self.secrets.get(name) if namespace == "syncd" else None
        return None if data is None else {key: SecretValue(value) for key, value in data.items()}


def key_of(answer: Fetched) -> Digest:
    """The digest of the property `key`."""
    return digest(found(answer).properties()["key"])


def text(value: str) -> Digest:
    """The digest that a text must have."""
    return digest(SecretValue(value.encode()))


def read(store: SecretStore, secret: str, version: str | None = None, *, within: float = SOON) -> Fetched:
    """One fetch."""
    ref = SecretRef(NAME, secret, version)
    return store.fetch([ref], deadline=time.monotonic() + within)[ref]


def keeping_quiet(answer: object, *values: str) -> StoreError:
    """The error, which holds none of these values, however it is looked at, and no other exception."""
    assert isinstance(answer, StoreError), repr(answer)
    shown = " ".join([str(answer), repr(answer), *traceback.format_exception(answer)])
    for value in values:
        assert value not in shown
    assert answer.__traceback__ is None
    assert answer.__context__ is None
    assert answer.__cause__ is None
    return answer
