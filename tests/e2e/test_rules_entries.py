"""Rule 2 on `storage-config`: entries of ours live beside everybody else's."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from syncd.model.names import entries_annotation
from syncd.model.reasons import Reason, State
from tests.e2e.everybody import Meddler, edit, hidden, objects, published

if TYPE_CHECKING:
    from tests.e2e.workbench import Workbench

STRANGE = {Reason.FOREIGN_ENTRY}
"""Why a foreign entry stays; the second where the object's field managers name somebody."""
THEIRS = '{"type":"s3","bucket":"theirs"}'


def map_entries(bench: Workbench, namespace: str, *names: str) -> None:
    """An S3 credential with an entry of its own name, for each name."""
    bench.mapping(
        "\n".join(
            f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n"
            "  s3: {endpoint: minio.minio.svc:9000}\n"
            f"  to: [{{namespaces: [{namespace}], storageConfig: {{key: {name}, bucket: b}}}}]"
            for name in names
        )
    )


def put(bench: Workbench, version: int, *names: str) -> None:
    """Writes a version of each one's keys."""
    for name in names:
        bench.put(name, {"access_key": f"AK-{name}-{version}", "secret_key": f"SK-{name}-{version}"})


def keys_of(bench: Workbench, namespace: str, name: str) -> str:
    """The access key id in an entry (no secret)."""
    return str(json.loads(bench.values(namespace, "storage-config")[name])["access_key_id"])


def encoded(text: str) -> str:
    """One value of a Secret as the API server has it."""
    return base64.b64encode(text.encode()).decode()


def test_foreign_entries_stay_beside_ours(bench: Workbench) -> None:
    """Keys, labels and annotations of others are there after a first sync and after a rotation."""
    namespace = bench.new_namespace()
    bench.plane.create_secret(
        namespace,
        "storage-config",
        {"theirs": THEIRS, "HF_TOKEN": "raw"},
        labels={"a": "b"},
        annotations={"c": "d"},
    )
    map_entries(bench, namespace, "models")
    for version in (1, 2):
        put(bench, version, "models")
        bench.sync()
        assert keys_of(bench, namespace, "models") == f"AK-models-{version}"
        found = published(bench, namespace, "storage-config")
        assert {key: found[key] for key in ("theirs", "HF_TOKEN")} == hidden(theirs=THEIRS, HF_TOKEN="raw")
        metadata = bench.secret(namespace, "storage-config")["metadata"]
        assert metadata["labels"] == {"a": "b"}
        assert metadata["annotations"]["c"] == "d"
    assert bench.judge_storage(namespace, "models").error == ""


@pytest.mark.parametrize("value", [THEIRS, "OURS"])
def test_a_foreign_entry_is_not_overwritten(bench: Workbench, value: str) -> None:
    """Not even when it holds the very value that we would write; the neighbour's entry arrives."""
    namespace = bench.new_namespace()
    put(bench, 1, "models", "other")
    if value == "OURS":
        map_entries(bench, namespace, "models")
        bench.sync()
        name = entries_annotation(bench.instance)
        # Somebody removed our record: the entry is nobody's that we know of.
        edit(bench.plane, "secrets", namespace, "storage-config", {"metadata": {"annotations": {name: None}}})
    else:
        bench.plane.create_secret(namespace, "storage-config", {"models": value})
    before = published(bench, namespace, "storage-config")
    put(bench, 2, "models")
    map_entries(bench, namespace, "models", "other")
    bench.sync()
    after = published(bench, namespace, "storage-config")
    assert after.keys() == {"models", "other"}
    assert after["models"] == before["models"]
    assert set(bench.outcome("models", namespace).reasons) <= STRANGE
    assert bench.outcome("other", namespace).state is State.SYNCED


def test_an_entry_of_another_credential_is_not_taken_over(bench: Workbench) -> None:
    """It stands on our record under another name, though that one has left the mapping."""
    namespace = bench.new_namespace()
    put(bench, 1, "models", "other")
    map_entries(bench, namespace, "models")
    bench.sync()
    before = published(bench, namespace, "storage-config")
    bench.mapping(
        "other:\n  from: {store: platform, secret: KV/other}\n  s3: {}\n"
        f"  to: [{{namespaces: [{namespace}], storageConfig: {{key: models, bucket: b}}}}]"
    )
    bench.sync()
    assert published(bench, namespace, "storage-config") == before
    assert bench.outcome("other", namespace).reasons == (Reason.CLAIMED_BY,)


def test_an_unreadable_record_of_ours_is_not_written_over(bench: Workbench) -> None:
    """Somebody broke the annotation that says which entries are ours: nothing there is ours to write."""
    namespace = bench.new_namespace()
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    bench.sync()
    name = entries_annotation(bench.instance)
    edit(
        bench.plane, "secrets", namespace, "storage-config", {"metadata": {"annotations": {name: "{broken"}}}
    )
    before = bench.secret(namespace, "storage-config")["metadata"]["resourceVersion"]
    put(bench, 2, "models", "other")
    map_entries(bench, namespace, "models", "other")
    bench.sync()
    assert bench.secret(namespace, "storage-config")["metadata"]["resourceVersion"] == before
    assert set(bench.outcome("models", namespace).reasons) <= STRANGE
    assert bench.outcome("other", namespace).reasons == (Reason.OWNERSHIP_LOST,)


def test_odh_keeps_its_storage_config(bench: Workbench) -> None:
    """An object that Open Data Hub manages is wiped by it: nothing is written there, the Secret is."""
    namespace = bench.new_namespace()
    managed = {"opendatahub.io/managed": "true"}
    bench.plane.create_secret(namespace, "storage-config", {"theirs": THEIRS}, labels=managed)
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    before = objects(bench.plane, namespace)
    bench.sync()
    after = objects(bench.plane, namespace)
    assert after.keys() - before.keys() == {f"/api/v1/namespaces/{namespace}/secrets/models"}
    assert before.items() <= after.items()
    assert bench.outcome("models", namespace).reasons == (Reason.MANAGED_BY_ODH,)


def test_an_edit_between_read_and_write_is_kept(bench: Workbench) -> None:
    """Somebody adds an entry while we plan ours: the write is a 409, and then both are there."""
    namespace = bench.new_namespace()
    bench.plane.create_secret(namespace, "storage-config", {"theirs": THEIRS})
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    patch = {"data": {"late": encoded(THEIRS), "theirs": None}}
    meddler = Meddler(
        "list", "secrets", lambda: edit(bench.plane, "secrets", namespace, "storage-config", patch), nth=2
    )
    bench.listeners.append(meddler)
    bench.sync()
    assert meddler.acted == 1
    assert published(bench, namespace, "storage-config").keys() == {"late", "models"}
    assert bench.outcome("models", namespace).state is State.SYNCED


def test_a_storage_config_created_between_read_and_write_is_kept(bench: Workbench) -> None:
    """Somebody creates the object while we plan to: theirs stays, ours is added."""
    namespace = bench.new_namespace()
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    meddler = Meddler(
        "list",
        "secrets",
        lambda: bench.plane.create_secret(namespace, "storage-config", {"theirs": THEIRS}),
        nth=2,
    )
    bench.listeners.append(meddler)
    bench.sync()
    assert meddler.acted == 1
    assert published(bench, namespace, "storage-config").keys() == {"theirs", "models"}


def test_writers_at_the_same_time_lose_nothing(bench: Workbench) -> None:
    """Three others add and change keys as fast as they can while ours rotate: every edit is there."""
    namespace = bench.new_namespace()
    names = [f"models-{number}" for number in range(4)]
    bench.plane.create_secret(namespace, "storage-config", {"theirs": THEIRS})
    map_entries(bench, namespace, *names)
    stop = threading.Event()

    def write(writer: int) -> int:
        """Adds keys one after the other, and changes one, until told to stop; returns how often."""
        count = 0
        while not stop.is_set():
            data = {f"w{writer}-{count}": encoded("x"), f"w{writer}": encoded(str(count))}
            edit(bench.plane, "secrets", namespace, "storage-config", {"data": data})
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        try:
            for version in range(1, 6):
                put(bench, version, *names)
                bench.sync()
        finally:
            stop.set()
        counts = [writer.result() for writer in writers]
    bench.sync()
    found = published(bench, namespace, "storage-config")
    for writer, count in enumerate(counts):
        assert count > 0
        assert {f"w{writer}-{number}" for number in range(count)} <= found.keys()
        assert found[f"w{writer}"] == hidden(x=str(count - 1))["x"]
    assert found["theirs"] == hidden(theirs=THEIRS)["theirs"]
    assert [keys_of(bench, namespace, name) for name in names] == [f"AK-{name}-5" for name in names]


def test_an_entry_too_large_for_the_object_does_not_hold_back_its_neighbours(bench: Workbench) -> None:
    """Beside what others keep there one new entry finds no room: the other one still rotates."""
    namespace = bench.new_namespace()
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    bench.sync()
    room = 1_048_576 - len(bench.values(namespace, "storage-config")["models"]) - 60
    edit(bench.plane, "secrets", namespace, "storage-config", {"data": {"theirs": encoded("x" * room)}})
    put(bench, 2, "models", "other")
    map_entries(bench, namespace, "models", "other")
    bench.sync()
    assert keys_of(bench, namespace, "models") == "AK-models-2"
    assert bench.outcome("models", namespace).state is State.SYNCED
    assert bench.outcome("other", namespace).reasons == (Reason.OBJECT_TOO_LARGE,)


def test_of_entries_that_fit_alone_and_not_together_those_in_place_rotate(bench: Workbench) -> None:
    """Two new entries are too much for the room that is left: one waits, and what was there moves on."""
    namespace = bench.new_namespace()
    put(bench, 1, "models")
    map_entries(bench, namespace, "models")
    bench.sync()
    size = len(bench.values(namespace, "storage-config")["models"])
    room = 1_048_576 - size - int(1.5 * size)
    edit(bench.plane, "secrets", namespace, "storage-config", {"data": {"theirs": encoded("x" * room)}})
    put(bench, 2, "models", "first", "second")
    map_entries(bench, namespace, "first", "models", "second")
    bench.sync()
    assert published(bench, namespace, "storage-config").keys() == {"theirs", "models", "first"}
    assert keys_of(bench, namespace, "models") == "AK-models-2"
    assert bench.outcome("second", namespace).reasons == (Reason.OBJECT_TOO_LARGE,)
