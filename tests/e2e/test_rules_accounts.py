"""Rules 2, 4 and 10 on ServiceAccounts: everyone's items, order and annotations, and no two that clash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncd.model.reasons import Reason, State
from tests.e2e.everybody import FINALIZER, WATCHED, Meddler, digest, edit, objects, remove

if TYPE_CHECKING:
    from tests.e2e.workbench import Workbench

ROLE = "arn:aws:iam::111122223333:role/reader"
ROLE_ARN = "eks.amazonaws.com/role-arn"
ENDPOINT = "serving.kserve.io/s3-endpoint"
KEYS = {"AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "theirs"}
FORMS = {
    "s3": "s3: {endpoint: 'https://minio:9000'}",
    "gcs": "gcs: {credentials: {property: key.json}}",
    "hdfs": "hdfs: {namenode: 'https://nn:9871', headers: {property: headers}}",
    "hub": "huggingFace: {}",
}
REMOTE = {
    "access_key": "AK",
    "secret_key": "SK",
    "key.json": json.dumps(
        {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    ),
    "headers": '{"X":"1"}',
    "token": "hf",
}
THEIRS = {
    "s3": KEYS,
    "gcs": {"gcloud-application-credentials.json": "{}"},
    "hdfs": {"HDFS_NAMENODE": "https://nn:9871"},
}


def entry(name: str, form: str, target: str) -> str:
    """One credential of the secret ``all``, which has the fields of every kind."""
    return f"{name}:\n  from: {{store: platform, secret: KV/all}}\n  {FORMS[form]}\n  to: [{target}]\n"


def by_role(name: str, target: str, settings: str = "") -> str:
    """One keyless credential."""
    return f"{name}:\n  s3: {{roleArn: '{ROLE}'{settings}}}\n  to: [{target}]\n"


def on_models(namespace: str) -> str:
    """A target on ServiceAccount ``models``."""
    return f"{{namespaces: [{namespace}], serviceAccounts: [models]}}"


def selected(namespace: str, label: str) -> str:
    """A target on the ServiceAccounts with a label: who they are is not known in the mapping."""
    return f"{{namespaces: [{namespace}], serviceAccountSelector: {{matchLabels: {{{label}: 'true'}}}}}}"


def label_models(bench: Workbench, namespace: str, *labels: str) -> None:
    """Labels ServiceAccount ``models`` so that selectors find it."""
    edit(
        bench.plane,
        "serviceaccounts",
        namespace,
        "models",
        {"metadata": {"labels": dict.fromkeys(labels, "true")}},
    )


def test_items_of_others_stay_as_they_are_and_where_they_are(bench: Workbench) -> None:
    """Foreign names, duplicates, nameless items and their order: ours comes last, nothing else moves."""
    namespace = bench.new_namespace()
    items = [
        {"name": "zebra"},
        {"name": "ant", "namespace": "elsewhere"},
        {"kind": "Secret"},
        {"name": "zebra"},
        {"name": "ant", "fieldPath": "x"},
    ]
    pulls = [{"name": "pull-b"}, {}, {"name": "pull-a"}]
    for name in ("zebra", "ant"):
        bench.plane.create_secret(namespace, name, {"a": "b"})
    patch = {"secrets": items, "imagePullSecrets": pulls, "automountServiceAccountToken": False}
    edit(bench.plane, "serviceaccounts", namespace, "models", patch)
    theirs = bench.account(namespace)
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", on_models(namespace)))
    bench.sync()
    account = bench.account(namespace)
    # The API server itself keeps only the names of the items.
    assert [item.get("name") for item in theirs["secrets"]] == ["zebra", "ant", None, "zebra", "ant"]
    assert account["secrets"] == [*theirs["secrets"], {"name": "hub"}]
    assert {key: account[key] for key in ("imagePullSecrets", "automountServiceAccountToken")} == {
        key: theirs[key] for key in ("imagePullSecrets", "automountServiceAccountToken")
    }
    assert account["metadata"].get("annotations") == theirs["metadata"].get("annotations")
    before = objects(bench.plane, namespace)
    bench.sync()
    assert objects(bench.plane, namespace) == before


def test_a_list_reordered_between_read_and_write_keeps_its_new_order(bench: Workbench) -> None:
    """Somebody reorders and extends the list while we plan: theirs holds, ours is appended to it."""
    namespace = bench.new_namespace()
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": [{"name": "a"}, {"name": "b"}]})
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", on_models(namespace)))
    late = [{"name": "b"}, {"name": "late"}, {"name": "a"}]
    meddler = Meddler(
        "list",
        "serviceaccounts",
        lambda: edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": late}),
    )
    bench.listeners.append(meddler)
    bench.sync()
    assert meddler.acted == 1
    assert bench.listed(namespace) == ["b", "late", "a", "hub"]


def test_a_service_account_made_anew_between_read_and_write_is_looked_at_again(bench: Workbench) -> None:
    """The same name, another uid: what it lists now stays."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", on_models(namespace)))

    def replace_it() -> None:
        remove(bench.plane, "serviceaccounts", namespace, "models")
        bench.plane.create_service_account(namespace, "models", secrets=["theirs"])

    bench.listeners.append(Meddler("list", "serviceaccounts", replace_it))
    bench.sync()
    assert bench.listed(namespace) == ["theirs", "hub"]


def test_a_binding_of_somebody_else_is_not_recorded_as_ours(bench: Workbench) -> None:
    """They listed our Secret before we would have: the list stays, and so does whose it is."""
    namespace = bench.new_namespace()
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": [{"name": "hub"}]})
    before = bench.account(namespace)["metadata"]["resourceVersion"]
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", on_models(namespace)))
    bench.sync()
    assert bench.account(namespace)["metadata"]["resourceVersion"] == before
    assert "syncd.dev/bound-to" not in bench.secret(namespace, "hub")["metadata"]["annotations"]


def test_a_service_account_that_is_being_deleted_is_left_alone(bench: Workbench) -> None:
    """A finalizer holds it: a patch would be taken, and lost."""
    namespace = bench.new_namespace()
    edit(bench.plane, "serviceaccounts", namespace, "models", {"metadata": {"finalizers": [FINALIZER]}})
    remove(bench.plane, "serviceaccounts", namespace, "models")
    before = bench.account(namespace)
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", on_models(namespace)))
    bench.sync()
    assert bench.account(namespace) == before
    assert bench.outcome("hub", namespace).reasons == (Reason.BEING_DELETED,)


def test_a_missing_service_account_holds_back_only_its_binding(bench: Workbench) -> None:
    """The Secret is written, the other ServiceAccount bound; the missing one as soon as it is there."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.mapping(entry("hub", "hub", f"{{namespaces: [{namespace}], serviceAccounts: [missing, models]}}"))
    bench.sync()
    assert bench.listed(namespace) == ["hub"]
    assert bench.outcome("hub", namespace).reasons == (Reason.SERVICE_ACCOUNT_NOT_FOUND,)
    bench.plane.create_service_account(namespace, "missing", secrets=["theirs"])
    bench.sync()
    assert bench.listed(namespace, "missing") == ["theirs", "hub"]
    assert bench.outcome("hub", namespace).state is State.SYNCED


def test_annotations_of_others_on_a_service_account_are_never_taken_over(bench: Workbench) -> None:
    """One of two wanted annotations is theirs: it stays sweep after sweep, and ours is set."""
    namespace = bench.new_namespace()
    metadata = {"annotations": {"a.example/theirs": "theirs"}, "labels": {"team": "nlp"}}
    edit(bench.plane, "serviceaccounts", namespace, "models", {"metadata": metadata})
    bench.put("all", REMOTE)
    wanted = "serviceAccountAnnotations: {a.example/theirs: ours, b.example/ours: ours}"
    target = f"{{namespaces: [{namespace}], serviceAccounts: [models], {wanted}}}"
    bench.mapping(entry("hub", "hub", target))
    for _ in range(3):
        bench.sync()
        bench.restart()
        found = bench.account(namespace)["metadata"]
        assert found["annotations"]["a.example/theirs"] == "theirs"
        assert found["annotations"]["b.example/ours"] == "ours"
        assert found["labels"]["team"] == "nlp"
    bench.sync()
    assert bench.outcome("hub", namespace).reasons == (Reason.CONFLICT,)


@pytest.mark.parametrize("theirs", [{ROLE_ARN: "arn:theirs"}, {ENDPOINT: "theirs:9000"}, {ROLE_ARN: ROLE}])
def test_a_role_of_others_gets_no_endpoint_of_ours(bench: Workbench, theirs: dict[str, str]) -> None:
    """Nor our role their endpoint: KServe sees what it saw before, however often we look."""
    namespace = bench.new_namespace()
    edit(bench.plane, "serviceaccounts", namespace, "models", {"metadata": {"annotations": theirs}})
    before, seen = objects(bench.plane, namespace), bench.judge_account(namespace)
    bench.mapping(by_role("role", on_models(namespace), ", endpoint: 'https://ours:9000'"))
    for _ in range(2):
        bench.sync()
        assert objects(bench.plane, namespace) == before
    assert bench.outcome("role", namespace).reasons == (Reason.CONFLICT,)
    assert bench.judge_account(namespace) == seen


@pytest.mark.parametrize("kind", ["s3", "gcs", "hdfs"])
def test_two_of_ours_that_clash_are_not_bound_together(bench: Workbench, kind: str) -> None:
    """Two credentials of a kind select one ServiceAccount: the first is bound, the second is not."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    label_models(bench, namespace, "one", "two")
    bench.mapping(
        entry("one", kind, selected(namespace, "one")) + entry("two", kind, selected(namespace, "two"))
    )
    bench.sync()
    assert bench.listed(namespace) == ["one"]
    assert bench.outcome("one", namespace).state is State.SYNCED
    assert bench.outcome("two", namespace).reasons == (Reason.CONFLICT,)
    # Its Secret is written: other ServiceAccounts may have it.
    assert bench.values(namespace, "two").keys() == bench.values(namespace, "one").keys()
    bench.plane.create_service_account(namespace, "alone")
    edit(bench.plane, "serviceaccounts", namespace, "alone", {"metadata": {"labels": {"two": "true"}}})
    bench.sync()
    assert bench.listed(namespace, "alone") == ["two"]


@pytest.mark.parametrize("kind", ["s3", "gcs", "hdfs"])
def test_one_of_ours_is_not_bound_beside_a_foreign_one_that_clashes(bench: Workbench, kind: str) -> None:
    """Somebody's own Secret of the kind holds the place; KServe sees theirs alone, as before."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.plane.create_secret(namespace, "theirs", THEIRS[kind])
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": [{"name": "theirs"}]})
    seen = bench.judge_account(namespace)
    bench.mapping(entry("ours", kind, on_models(namespace)))
    bench.sync()
    assert bench.listed(namespace) == ["theirs"]
    assert bench.outcome("ours", namespace).reasons == (Reason.CONFLICT,)
    assert bench.judge_account(namespace) == seen
    # It goes, and its place is free.
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": []})
    bench.sync()
    assert bench.listed(namespace) == ["ours"]


def test_what_is_bound_stays_bound_and_keeps_rotating(bench: Workbench) -> None:
    """Somebody adds an S3 Secret beside ours: ours is neither taken away nor left to grow old."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.mapping(entry("ours", "s3", on_models(namespace)))
    bench.sync()
    bench.plane.create_secret(namespace, "theirs", KEYS)
    beside = [{"name": "theirs"}, {"name": "ours"}]
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": beside})
    bench.put("all", REMOTE | {"access_key": "AK2"})
    bench.sync()
    assert bench.listed(namespace) == ["theirs", "ours"]
    assert bench.values(namespace, "ours")["AWS_ACCESS_KEY_ID"] == b"AK2"
    assert bench.outcome("ours", namespace).state is State.SYNCED


@pytest.mark.parametrize("holder", ["role", "keys"])
def test_a_role_and_keys_are_not_put_together(bench: Workbench, holder: str) -> None:
    """Whichever is there holds the place, ours or not; no setting of the other one is left behind."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    role = by_role("role", selected(namespace, "one"), ", endpoint: 'https://role:9000'")
    keys = entry("keys", "s3", selected(namespace, "one"))
    label_models(bench, namespace, "one")
    bench.mapping(role if holder == "role" else keys)
    bench.sync()
    before, seen = bench.account(namespace), bench.judge_account(namespace)
    bench.mapping(role + keys)
    bench.sync()
    assert bench.account(namespace) == before
    assert bench.judge_account(namespace) == seen
    refused = "keys" if holder == "role" else "role"
    assert bench.outcome(refused, namespace).reasons == (Reason.CONFLICT,)
    assert bench.outcome(holder, namespace).state is State.SYNCED


@pytest.mark.parametrize("apart", [True, False], ids=["one after the other", "at once"])
def test_two_roles_on_one_service_account_do_not_mix(bench: Workbench, apart: bool) -> None:
    """The endpoint of the second is never read with the role of the first."""
    namespace = bench.new_namespace()
    label_models(bench, namespace, "one")
    first = by_role("first", selected(namespace, "one"))
    second = by_role("second", selected(namespace, "one"), ", endpoint: 'https://second:9000'")
    if apart:
        bench.mapping(first)
        bench.sync()
    bench.mapping(first + second)
    bench.sync()
    annotations = bench.account(namespace)["metadata"]["annotations"]
    assert annotations[ROLE_ARN] == ROLE
    assert ENDPOINT not in annotations
    assert bench.outcome("second", namespace).reasons == (Reason.CONFLICT,)


def test_a_bound_secret_does_not_become_what_clashes(bench: Workbench) -> None:
    """A hub token's credential is turned into S3 keys, beside somebody's S3 keys: the token stays."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.plane.create_secret(namespace, "theirs", KEYS)
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": [{"name": "theirs"}]})
    bench.mapping(entry("ours", "hub", on_models(namespace)))
    bench.sync()
    before, seen = objects(bench.plane, namespace), bench.judge_account(namespace)
    bench.mapping(entry("ours", "s3", on_models(namespace)))
    bench.sync()
    assert objects(bench.plane, namespace) == before
    assert bench.judge_account(namespace) == seen
    assert bench.outcome("ours", namespace).reasons == (Reason.CONFLICT,)


def test_another_secret_name_takes_the_place_of_the_old_one(bench: Workbench) -> None:
    """One patch swaps the name at its index: KServe never sees both, and everybody else's items stay."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    bench.mapping(entry("ours", "s3", on_models(namespace)))
    bench.sync()
    around = [{"name": "a"}, {"name": "ours"}, {"name": "b"}]
    for name in ("a", "b"):
        bench.plane.create_secret(namespace, name, {"x": "y"})
    edit(bench.plane, "serviceaccounts", namespace, "models", {"secrets": around})
    seen = bench.env(namespace, bench.judge_account(namespace))
    renamed = f"{{namespaces: [{namespace}], serviceAccounts: [models], secret: another}}"
    bench.mapping(entry("ours", "s3", renamed))
    counted = bench.plane.requests()
    bench.sync()
    assert sum(bench.plane.writes(counted, frozenset(WATCHED)).values()) == 2
    assert bench.listed(namespace) == ["a", "another", "b"]
    assert digest(bench.env(namespace, bench.judge_account(namespace))) == digest(seen)


def test_the_old_one_stays_bound_while_the_new_name_is_somebody_elses(bench: Workbench) -> None:
    """And no third S3 credential slips into the place that was to be free."""
    namespace = bench.new_namespace()
    bench.put("all", REMOTE)
    label_models(bench, namespace, "one")
    bench.mapping(entry("ours", "s3", selected(namespace, "one")))
    bench.sync()
    seen = bench.judge_account(namespace)
    bench.plane.create_secret(namespace, "another", {"x": "y"})
    renamed = selected(namespace, "one").replace("{namespaces", "{secret: another, namespaces", 1)
    bench.mapping(entry("a-third", "s3", selected(namespace, "one")) + entry("ours", "s3", renamed))
    for _ in range(2):
        bench.sync()
        assert bench.listed(namespace) == ["ours"]
        assert bench.judge_account(namespace) == seen
    assert bench.outcome("a-third", namespace).reasons == (Reason.CONFLICT,)
