"""Rules 1, 2 and 4 on Secrets: what is not ours is left alone, whatever the mapping says."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from syncd.model.names import CREDENTIAL, LABEL_INSTANCE, TARGET
from syncd.model.reasons import Reason, State
from tests.e2e.everybody import FINALIZER, Meddler, edit, hidden, objects, published, remove

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.workbench import Workbench
    from tests.harness.kube_client import Object

TOKEN = {"token": "hf_one"}


def map_hub(bench: Workbench, namespace: str, more: str = "") -> None:
    """One Hugging Face token, bound to ``models``."""
    bench.mapping(
        "hub:\n  from: {store: platform, secret: KV/hub}\n  huggingFace: {}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]{more}}}]\n"
    )


def encoded(**data: str) -> dict[str, str]:
    """Data of a Secret as the API server has it."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}


@pytest.mark.parametrize(
    ("data", "labels", "annotations", "reason"),
    [
        ({"HF_TOKEN": "theirs"}, {}, {}, Reason.FOREIGN_SECRET),
        # The very values that we would write: still somebody else's.
        ({"HF_TOKEN": "hf_one"}, {}, {}, Reason.FOREIGN_SECRET),
        ({}, {"app.kubernetes.io/managed-by": "syncd"}, {}, Reason.FOREIGN_SECRET),
        ({"HF_TOKEN": "hf_one"}, {LABEL_INSTANCE: "another"}, {TARGET: "NS/hub"}, Reason.FOREIGN_SECRET),
        (
            {"HF_TOKEN": "old"},
            {LABEL_INSTANCE: "OURS"},
            {TARGET: "x/hub", CREDENTIAL: "hub"},
            Reason.COPY_OF_OURS,
        ),
        ({"HF_TOKEN": "old"}, {LABEL_INSTANCE: "OURS"}, {}, Reason.COPY_OF_OURS),
        (
            {"HF_TOKEN": "old"},
            {LABEL_INSTANCE: "OURS"},
            {TARGET: "NS/hub", CREDENTIAL: "it"},
            Reason.CLAIMED_BY,
        ),
    ],
    ids=["foreign", "equal", "decorated", "instance", "copy", "stripped", "claimed"],
)
def test_what_is_not_ours_is_neither_written_nor_bound(
    bench: Workbench,
    data: dict[str, str],
    labels: dict[str, str],
    annotations: dict[str, str],
    reason: Reason,
) -> None:
    """Foreign, a copy, or another credential's: nothing changes, and the refusal says which it is."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    labels = {name: text.replace("OURS", bench.instance) for name, text in labels.items()}
    annotations = {name: text.replace("NS", namespace) for name, text in annotations.items()}
    bench.plane.create_secret(namespace, "hub", data, labels=labels, annotations=annotations)
    before = objects(bench.plane, namespace)
    map_hub(bench, namespace)
    for _ in range(2):
        bench.sync()
        assert objects(bench.plane, namespace) == before
    outcome = bench.outcome("hub", namespace)
    assert outcome.state is State.REFUSED
    assert set(outcome.reasons) == {reason}
    assert bench.listed(namespace) == []


def test_a_copy_in_another_namespace_is_nobodys_business(bench: Workbench) -> None:
    """A tool copied our Secret with labels and annotations: it is neither rotated nor reported as ours."""
    namespace, other = bench.new_namespace(), bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    original = bench.secret(namespace, "hub")
    metadata = {key: original["metadata"][key] for key in ("name", "labels", "annotations")}
    copy = {"kind": "Secret", "metadata": metadata, "data": original["data"]}
    bench.plane.admin.must(bench.plane.admin.post(f"/api/v1/namespaces/{other}/secrets", copy))
    before = objects(bench.plane, other)
    bench.put("hub", {"token": "hf_two"})
    swept = bench.sync()
    assert objects(bench.plane, other) == before
    assert swept.plan.leftovers == ()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_two")


def test_labels_and_annotations_of_others_stay(bench: Workbench) -> None:
    """On our own Secret too, whatever is written there afterwards."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    theirs = {"labels": {"team": "nlp"}, "annotations": {"reloader/match": "true"}, "finalizers": [FINALIZER]}
    edit(bench.plane, "secrets", namespace, "hub", {"metadata": theirs})
    bench.put("hub", {"token": "hf_two"})
    bench.sync()
    metadata = bench.secret(namespace, "hub")["metadata"]
    assert metadata["labels"]["team"] == "nlp"
    assert metadata["annotations"]["reloader/match"] == "true"
    assert metadata["finalizers"] == [FINALIZER]
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_two")


def _rival_label(bench: Workbench, namespace: str) -> Object:
    return {"metadata": {"labels": {LABEL_INSTANCE: "another"}}}


def _rival_value(bench: Workbench, namespace: str) -> Object:
    return {"data": encoded(HF_TOKEN="theirs"), "metadata": {"annotations": {"who": "me"}}}


def test_a_secret_edited_between_read_and_write_is_looked_at_again(bench: Workbench) -> None:
    """The write is a 409; what somebody added meanwhile stays, and our value arrives in the same sweep."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    bench.put("hub", {"token": "hf_two"})
    meddler = Meddler(
        "list",
        "secrets",
        lambda: edit(bench.plane, "secrets", namespace, "hub", _rival_value(bench, namespace)),
    )
    bench.listeners.append(meddler)
    bench.sync()
    assert meddler.acted == 1
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_two")
    assert bench.secret(namespace, "hub")["metadata"]["annotations"]["who"] == "me"
    assert bench.outcome("hub", namespace).state is State.SYNCED


def test_a_secret_that_becomes_foreign_between_read_and_write_is_not_overwritten(bench: Workbench) -> None:
    """Another install took it over while we were planning: its values and its label stay."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    bench.put("hub", {"token": "hf_two"})
    meddler = Meddler(
        "list",
        "secrets",
        lambda: edit(bench.plane, "secrets", namespace, "hub", _rival_label(bench, namespace)),
    )
    bench.listeners.append(meddler)
    bench.sync()
    assert meddler.acted == 1
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_one")
    assert bench.outcome("hub", namespace).state is State.REFUSED


def test_a_secret_created_between_read_and_write_is_left_alone(bench: Workbench) -> None:
    """Somebody was first by a moment: the create-only request does not merge into theirs."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.listeners.append(
        Meddler("get", "secrets", lambda: bench.plane.create_secret(namespace, "hub", {"HF_TOKEN": "theirs"}))
    )
    bench.sync()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="theirs")
    assert bench.outcome("hub", namespace).state is State.REFUSED
    assert bench.listed(namespace) == []


def test_a_secret_deleted_and_made_anew_between_read_and_write_is_left_alone(bench: Workbench) -> None:
    """The same name, another uid: it is not the one that was looked at."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    bench.put("hub", {"token": "hf_two"})

    def replace_it() -> None:
        remove(bench.plane, "secrets", namespace, "hub")
        bench.plane.create_secret(namespace, "hub", {"HF_TOKEN": "theirs"})

    bench.listeners.append(Meddler("list", "secrets", replace_it))
    bench.sync()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="theirs")
    assert bench.outcome("hub", namespace).state is State.REFUSED


def test_an_editor_who_never_rests_is_not_fought_for_ever(bench: Workbench) -> None:
    """After three rounds the sweep ends with Conflict; once there is peace, the next one converges."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    bench.put("hub", {"token": "hf_two"})
    numbers = iter(range(100))

    def again() -> None:
        edit(
            bench.plane, "secrets", namespace, "hub", {"metadata": {"annotations": {"n": str(next(numbers))}}}
        )

    meddler = Meddler("list", "secrets", again, times=100)
    bench.listeners.append(meddler)
    bench.sync()
    assert bench.outcome("hub", namespace).reasons == (Reason.CONFLICT,)
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_one")
    meddler.times = 0
    bench.sync()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_two")


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({"immutable": True}, Reason.SECRET_IMMUTABLE),
        ({"metadata": {"finalizers": [FINALIZER]}}, Reason.BEING_DELETED),
    ],
)
def test_a_secret_of_ours_that_cannot_be_written_keeps_the_last_good_one(
    bench: Workbench, patch: Mapping[str, object], reason: Reason
) -> None:
    """Immutable, or being deleted and held: not a byte changes, and the reason is said."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    edit(bench.plane, "secrets", namespace, "hub", patch)
    if reason is Reason.BEING_DELETED:
        remove(bench.plane, "secrets", namespace, "hub")
    before = objects(bench.plane, namespace)
    bench.put("hub", {"token": "hf_two"})
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("hub", namespace).reasons == (reason,)


def test_a_deleted_secret_comes_back_once_it_is_gone(bench: Workbench) -> None:
    """While a finalizer holds it nothing is written; afterwards it is there again."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    edit(bench.plane, "secrets", namespace, "hub", {"metadata": {"finalizers": [FINALIZER]}})
    remove(bench.plane, "secrets", namespace, "hub")
    bench.put("hub", {"token": "hf_two"})
    bench.sync()
    assert bench.outcome("hub", namespace).reasons == (Reason.BEING_DELETED,)
    edit(bench.plane, "secrets", namespace, "hub", {"metadata": {"finalizers": None}})
    bench.sync()
    assert published(bench, namespace, "hub") == hidden(HF_TOKEN="hf_two")
    assert bench.listed(namespace) == ["hub"]
    assert not bench.preview().plan


def test_a_type_never_changes(bench: Workbench) -> None:
    """The mapping makes a pull secret of what was a token: the old one stays as it is, and bound."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN | {"username": "u", "password": "p"})
    map_hub(bench, namespace)
    bench.sync()
    before = objects(bench.plane, namespace)
    bench.mapping(
        "hub:\n  from: {store: platform, secret: KV/hub}\n  dockerConfig: {registry: r.example.com}\n"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]\n"
    )
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("hub", namespace).reasons == (Reason.TYPE_MISMATCH,)


def test_nothing_is_written_into_a_namespace_that_is_going_away(bench: Workbench) -> None:
    """Neither a rotation nor a new Secret: the namespace is terminating."""
    namespace = bench.new_namespace()
    bench.put("hub", TOKEN)
    map_hub(bench, namespace)
    bench.sync()
    bench.plane.admin.must(bench.plane.admin.delete(f"/api/v1/namespaces/{namespace}"))
    before = objects(bench.plane, namespace)
    bench.put("hub", {"token": "hf_two"})
    map_hub(bench, namespace, ", secret: other")
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("hub", namespace).reasons == (Reason.NAMESPACE_TERMINATING,)
    bench.plane.finalize_namespace(namespace)
    bench.sync()
    assert bench.outcome("hub", namespace).reasons == (Reason.NAMESPACE_MISSING,)


def test_what_is_too_large_is_refused_before_it_is_sent(bench: Workbench) -> None:
    """Two values that together are over 1 MiB: no request is made, and the last good one stays."""
    namespace = bench.new_namespace()
    bench.put("big", {"a": "1", "b": "2"})
    bench.mapping(
        "big:\n  from: {store: platform, secret: KV/big}\n"
        "  opaque: {data: {A: {property: a}, B: {property: b}}}\n"
        f"  to: [{{namespaces: [{namespace}]}}]\n"
    )
    bench.sync()
    before = objects(bench.plane, namespace)
    bench.put("big", {"a": "x" * 600_000, "b": "y" * 400_000})
    bench.sync()
    assert objects(bench.plane, namespace) != before
    before = objects(bench.plane, namespace)
    counted = bench.plane.requests()
    # One secret of the store holds a little under 1 MiB, so a literal brings it over the limit.
    bench.mapping(
        "big:\n  from: {store: platform, secret: KV/big}\n"
        "  opaque: {data: {A: {property: a}, B: {property: b}, C: {property: a}}}\n"
        f"  to: [{{namespaces: [{namespace}]}}]\n"
    )
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert not bench.plane.writes(counted)
    assert bench.outcome("big", namespace).reasons == (Reason.OBJECT_TOO_LARGE,)
