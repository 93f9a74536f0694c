"""Stores in memory in place of those of a mapping, for tests of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from syncd.stores.guarded import Bounds, GuardedStore
from syncd.testing.stores.memory import InMemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.secret import StoreName
    from syncd.stores.interface import SecretStore, StoreContext

NAMES: Final = ("mounted", "other")


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, InMemoryStore]:
    """The stores `mounted` and `other` of any mapping, guarded as always."""
    memory = {name: InMemoryStore(name) for name in NAMES}

    def build(
        name: StoreName, _type: str, _settings: Any, bounds: Bounds, context: StoreContext
    ) -> SecretStore:
        return GuardedStore(memory[name], bounds, context.emit)

    monkeypatch.setattr("syncd.app.build", build)
    return memory
