"""Values of all four stores, and what syncd logs in to them with, are in the Secrets only (rule 5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal

import pytest

from syncd.model.reasons import State
from syncd.testing.stores import soon
from tests.e2e.canary import Canaries, every_error, watching
from tests.harness.fixtures import unique
from tests.harness.four_stores import STORES

if TYPE_CHECKING:
    from syncd.sync.sweep import Swept
    from tests.e2e.workbench import Workbench
    from tests.harness.four_stores import FourStores

LOGINS: Final = ("vault-token", "aws-key", "azure-secret", "subject-token")
"""Files that `FourStores` wrote for its logins."""


def mapping(four: FourStores, name: str, namespace: str) -> str:
    """One credential from each store, with a property that its kind needs."""
    entries = "".join(
        f"  from-{store}:\n    from: {{store: {store}, secret: {four.secret(store, name)}}}\n"
        f"    huggingFace: {{}}\n    to: [{{namespaces: [{namespace}]}}]\n"
        for store in STORES
    )
    stores = json.dumps(four.settings)
    return f"apiVersion: syncd.dev/v1alpha1\nkind: Mapping\nstores: {stores}\ncredentials:\n{entries}"


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_that_a_store_gives_or_takes_is_told(
    four: FourStores, bench: Workbench, form: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    """With every SDK at debug level, published, rotated, refused and stale, no value and no login is seen."""
    canaries, name, namespace = Canaries(), unique("planted"), bench.new_namespace()
    for login in LOGINS:
        canaries.plant(login, text=(four.folder / login).read_text().strip())
    swept: list[Swept] = []
    with watching(bench.plane, form) as watch, every_error(watch.errors):
        bench.listeners.append(watch.emitter)

        def sync(field: str) -> set[State]:
            for store in STORES:
                four.put(store, name, {field: canaries.plant(f"{store}.{field}.{len(swept)}")})
            swept.append(bench.sync())
            return {outcome.state for outcome in swept[-1].outcomes.values()}

        bench.use(mapping(four, name, namespace))
        assert sync("token") == {State.SYNCED}
        assert sync("token") == {State.SYNCED}
        assert sync("unknown") == {State.REFUSED}
        for store in STORES:
            four.take_down(store)
        assert sync("token") == {State.STALE}
        found = [finding for store in bench.app.stores.values() for finding in store.check(deadline=soon())]
        assert found
    published = json.dumps([bench.secret(namespace, f"from-{store}")["data"] for store in STORES])
    assert {line.partition(".")[0] for line in canaries.sightings({"Secrets": published})} == set(STORES)
    printed = capfd.readouterr()
    told = {
        **watch.texts(),
        "events": repr(bench.events),
        "findings": repr(found),
        "stdout": printed.out,
        "stderr": printed.err,
        "sweeps": repr(swept),
        "plans": json.dumps([dict(one.plan.public()) for one in swept]),
    }
    assert canaries.sightings(told) == []
