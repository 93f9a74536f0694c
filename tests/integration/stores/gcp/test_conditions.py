"""Each condition of Secret Manager, on both wires: its reason, and whether it is retried or may delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import SecretNotFound, StoreError
from syncd.model.events import StoreRequest
from syncd.model.secret import SecretRef
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from tests.integration.stores.gcp.arrange import arrange
from tests.integration.stores.gcp.conditions import CONDITIONS
from tests.integration.stores.gcp.rig import NAME, Google, read
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from syncd.model.events import Event
    from tests.harness.conditions import Condition
    from tests.harness.tls import CertificateAuthority

ATTEMPTS = 3
each = pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)


@each
def test_reason(condition: Condition, google: Google, authority: CertificateAuthority) -> None:
    """The answer has the reason of the table, and counts as 'not found' only where the table says so."""
    scene = arrange(condition.name, google, authority)
    answer = read(scene.store, scene.secret, scene.version, within=scene.within)
    error = answer if isinstance(answer, StoreError) else None
    assert (error.reason if error else None) == condition.reason, repr(error)
    assert isinstance(error, SecretNotFound) == condition.may_delete
    assert (error is not None and error.retryable) == condition.retried
    if error is not None:
        assert scene.secret in error.message or "store gcp" in error.message


@each
def test_retried(condition: Condition, google: Google, authority: CertificateAuthority) -> None:
    """The guard asks three times where the table says that it is retried, and once where not."""
    scene = arrange(condition.name, google, authority)
    events: list[Event] = []
    patience = Patience(clock=Time(time.monotonic()).clock())
    guarded = GuardedStore(scene.store, Bounds(timeout=min(scene.within, 10.0)), events.append, patience)
    ref = SecretRef(NAME, scene.secret, scene.version)
    guarded.fetch([ref], deadline=time.monotonic() + 300.0)
    asked = [event for event in events if isinstance(event, StoreRequest)]
    assert len(asked) == (ATTEMPTS if condition.retried else 1)
