"""A pair of keys in two secrets of a real OpenBao, rotated one after the other: no pod sees a mixture."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final, Literal

import pytest

from syncd.model.events import Expiry
from syncd.model.names import VERSION
from syncd.model.reasons import Reason, State
from tests.e2e.everybody import hidden, objects, published
from tests.e2e.workbench import Workbench
from tests.harness.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

PAIR: Final = """
pair:
  from: {store: platform, secret: KV/id, settle: %s}
  s3:
    accessKeyId: {property: id}
    secretAccessKey: {property: key, secret: KV/key}
    endpoint: https://minio.example:9000
  to: [{namespaces: [%s], serviceAccounts: [models], storageConfig: {key: pair, bucket: models}}]
"""


@pytest.fixture(params=[2, 1], ids=["kv2", "kv1"])
def stand(
    request: pytest.FixtureRequest,
    control_plane: ControlPlane,
    openbao: OpenBao,
    judge: Judge,
    tmp_path: Path,
) -> Iterator[Workbench]:
    """A workbench over a mount with versions, and over one without."""
    version: Literal[1, 2] = 2 if request.param == 2 else 1
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, version=version)
    yield bench
    bench.close()


def begin(bench: Workbench, settle: str = "10m") -> str:
    """Publish generation 1, and return the namespace."""
    namespace = bench.new_namespace()
    bench.put("id", {"id": "AKIA1"})
    bench.put("key", {"key": "key-1"})
    bench.mapping(PAIR % (settle, namespace))
    bench.sync()
    assert published(bench, namespace, "pair") == generation(1, 1)
    return namespace


def generation(first: int, second: int) -> dict[str, str]:
    """What the Secret holds, hidden."""
    return hidden(AWS_ACCESS_KEY_ID=f"AKIA{first}", AWS_SECRET_ACCESS_KEY=f"key-{second}")


def seen(bench: Workbench, namespace: str) -> bool:
    """Whether a pod gets the same pair by its ServiceAccount and by its entry."""
    account, entry = bench.judge_account(namespace), bench.judge_storage(namespace, "pair")
    env = bench.env(namespace, account)
    keys = json.loads(bench.env(namespace, entry)["STORAGE_CONFIG"])
    return bool(
        (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
        == (keys["access_key_id"], keys["secret_access_key"])
    )


def is_half(bench: Workbench, namespace: str) -> bool:
    """Whether the pair waits, for its other half alone."""
    outcome = bench.outcome("pair", namespace)
    return (outcome.state, outcome.reasons) == (State.PENDING, (Reason.HALF_ROTATED,))


def test_two_secrets_rotate_as_one(stand: Workbench) -> None:
    """Between the two writes everything stays as it was, across a restart; then both halves are there."""
    namespace = begin(stand)
    before = objects(stand.plane, namespace)
    stand.put("id", {"id": "AKIA2"})
    stand.sync()
    assert is_half(stand, namespace)
    assert objects(stand.plane, namespace) == before
    stand.restart()
    stand.sync()
    assert is_half(stand, namespace)
    assert objects(stand.plane, namespace) == before
    stand.put("key", {"key": "key-2"})
    stand.sync()
    assert stand.outcome("pair", namespace).reasons == (Reason.ROTATED,)
    assert published(stand, namespace, "pair") == generation(2, 2)
    assert seen(stand, namespace)
    assert not stand.sync().plan.actions


def test_a_half_that_has_settled_is_published(stand: Workbench) -> None:
    """When `settle` has passed, what the store has is what the cluster gets."""
    namespace = begin(stand, settle="1s")
    stand.put("id", {"id": "AKIA2"})

    def settled() -> bool:
        stand.sync()
        return published(stand, namespace, "pair") == generation(2, 1)

    wait_for("the half to settle", settled)
    assert stand.outcome("pair", namespace).state is State.SYNCED


def test_the_versions_of_both_are_recorded(bench: Workbench) -> None:
    """The record has the version of each field's own secret."""
    namespace = begin(bench)
    bench.put("id", {"id": "AKIA2"})
    bench.put("id", {"id": "AKIA3"})
    bench.put("key", {"key": "key-3"})
    bench.sync()
    recorded = json.loads(bench.secret(namespace, "pair")["metadata"]["annotations"][VERSION])
    assert (recorded["accessKeyId"], recorded["secretAccessKey"]) == ("3", "2")


def test_a_run_without_memory_goes_by_the_store_s_time(bench: Workbench) -> None:
    """A process that begins after the half was made waits for what is left of its time."""
    namespace = begin(bench, settle="1s")
    bench.put("id", {"id": "AKIA2"})
    made = time.monotonic()
    wait_for("a second to pass", lambda: time.monotonic() - made > 1.5)
    bench.restart()
    bench.sync()
    assert bench.outcome("pair", namespace).reasons == (Reason.ROTATED,)
    assert published(bench, namespace, "pair") == generation(2, 1)


def test_an_expiry_of_the_store_is_told(bench: Workbench) -> None:
    """A KV2 version that is going to be deleted is told with its time, as the mapping's warning begins."""
    namespace = bench.new_namespace()
    bench.bao.root.must("POST", f"{bench.mount}/metadata/hub", {"delete_version_after": "24h"})
    bench.put("hub", {"token": "hf_one"})
    to = f"[{{namespaces: [{namespace}], serviceAccounts: [models]}}]"
    bench.mapping(f"hub:\n  from: {{store: platform, secret: KV/hub}}\n  huggingFace: {{}}\n  to: {to}\n")
    bench.sync()
    (expiry,) = [event for event in bench.events if isinstance(event, Expiry)]
    assert expiry.soon
    assert expiry.expires is not None
    assert abs(expiry.expires - time.time() - 86_400) < 3_600
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_one")
