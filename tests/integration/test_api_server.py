"""What the API server does with how we write: what the writer relies on, on the real one."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.kube_client import secret
from tests.harness.processes import wait_for

if TYPE_CHECKING:
    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Answer, KubeClient

CANARY = "canary-7f3a"


def secrets_path(namespace: str, name: str = "") -> str:
    """Where a namespace's Secrets are, or one of them."""
    return f"/api/v1/namespaces/{namespace}/secrets" + (f"/{name}" if name else "")


def test_api_server_is_the_release_that_is_named(control_plane: ControlPlane) -> None:
    """The API server built from our go.mod says that it is Kubernetes 1.36.3."""
    assert control_plane.admin.get("/version")[1]["gitVersion"] == "v1.36.3"


def test_rbac_denies_who_was_granted_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """A user and a ServiceAccount without a binding may not list Secrets."""
    user = control_plane.client_for("nobody")
    account = control_plane.client_for_service_account(namespace, "default")
    assert user.get(secrets_path(namespace))[0] == 403
    assert account.get(secrets_path(namespace))[0] == 403


def test_rbac_lets_create_only_apply_through_for_the_named_secret_only(
    control_plane: ControlPlane, namespace: str
) -> None:
    """With `create` and `patch` under resourceNames a create-only apply succeeds for that name only."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["ours"],
        "verbs": ["create", "patch"],
    }
    admin = control_plane.admin
    admin.must(admin.post(f"{rbac}/roles", {"metadata": {"name": "writer"}, "rules": [rule]}))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"}
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": "default"}
    binding = {"metadata": {"name": "writer"}, "roleRef": reference, "subjects": [subject]}
    admin.must(admin.post(f"{rbac}/rolebindings", binding))
    client = control_plane.client_for_service_account(namespace, "default")
    wait_for("RBAC", lambda: _create_only(client, namespace, "ours", {"k": "v"})[0] == 201)
    assert _create_only(client, namespace, "other", {"k": "v"})[0] == 403
    assert client.post(secrets_path(namespace), secret("ours-too", {"k": "v"}))[0] == 403


def test_create_only_apply_creates_what_is_absent(control_plane: ControlPlane, namespace: str) -> None:
    """A server-side apply with resourceVersion "1" creates an absent Secret."""
    assert _create_only(control_plane.admin, namespace, "new", {"k": "v"})[0] == 201


@pytest.mark.parametrize("force", [False, True])
def test_create_only_apply_leaves_what_is_present(
    control_plane: ControlPlane, namespace: str, force: bool
) -> None:
    """A server-side apply with resourceVersion "1" is 409 on what exists, and changes nothing of it."""
    before = control_plane.create_secret(namespace, "theirs", {"a": "1"})
    assert _create_only(control_plane.admin, namespace, "theirs", {"k": "v"}, force=force)[0] == 409
    assert control_plane.admin.get(secrets_path(namespace, "theirs"))[1] == before


def test_one_of_many_racing_creators_wins(control_plane: ControlPlane, namespace: str) -> None:
    """Of eight create-only applies at once one is 201 and seven are 409."""
    answers: list[int] = []

    def create() -> None:
        answers.append(_create_only(control_plane.admin, namespace, "raced", {"k": "v"})[0])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


def test_guarded_merge_patch(control_plane: ControlPlane, namespace: str) -> None:
    """A merge patch with resourceVersion and uid is 200 when fresh, 409 when stale, 404 when gone."""
    admin, path = control_plane.admin, secrets_path(namespace, "guarded")
    before = control_plane.create_secret(namespace, "guarded", {"a": "1"})
    patch = {"metadata": _guard(before), "data": {"a": _encoded("2"), "absent": None}}
    assert admin.patch(path, patch)[0] == 200
    assert admin.patch(path, patch)[0] == 409
    assert admin.patch(path, {"metadata": _guard(before)})[0] == 409
    assert admin.delete(path)[0] == 200
    assert admin.patch(path, patch)[0] == 404
    control_plane.create_secret(namespace, "guarded", {"a": "1"})
    assert admin.patch(path, patch)[0] == 409


def test_merge_patch_that_changes_nothing_bumps_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """A guarded merge patch of what is there already keeps the resourceVersion."""
    before = control_plane.create_secret(namespace, "same", {"a": "1"})
    patch = {"metadata": _guard(before), "data": {"a": _encoded("1")}}
    _, after = control_plane.admin.patch(secrets_path(namespace, "same"), patch)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_merge_patch_with_a_uid_alone_is_refused(control_plane: ControlPlane, namespace: str) -> None:
    """Another object's uid without a resourceVersion is 422, not 409."""
    control_plane.create_secret(namespace, "uid", {"a": "1"})
    patch = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert control_plane.admin.patch(secrets_path(namespace, "uid"), patch)[0] == 422


def test_delete_honours_its_preconditions(control_plane: ControlPlane, namespace: str) -> None:
    """A DELETE with a stale resourceVersion or another uid is 409; with both right it is 200."""
    admin, path = control_plane.admin, secrets_path(namespace, "doomed")
    first = control_plane.create_secret(namespace, "doomed", {"a": "1"})
    second = admin.must(admin.patch(path, {"data": {"a": _encoded("2")}}))
    stranger = _guard(second) | {"uid": "00000000-0000-0000-0000-000000000000"}
    for guard in (_guard(first), stranger):
        assert (
            admin.delete(path, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": guard})[0]
            == 409
        )
    right = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": _guard(second)}
    assert admin.delete(path, right)[0] == 200


def test_undecodable_merge_patch_echoes_every_value(control_plane: ControlPlane, namespace: str) -> None:
    """An annotation that is a number is 422, and message and cause hold the data: never print them."""
    before = control_plane.create_secret(namespace, "echo", {"a": CANARY})
    patch = {"metadata": _guard(before) | {"annotations": {"n": 1}}}
    status, body = control_plane.admin.patch(secrets_path(namespace, "echo"), patch)
    assert status == 422
    assert bool(_encoded(CANARY) in body["message"])
    assert bool(_encoded(CANARY) in body["details"]["causes"][0]["message"])


def test_type_of_a_secret_cannot_change(control_plane: ControlPlane, namespace: str) -> None:
    """A patch of `type` is 422."""
    before = control_plane.create_secret(namespace, "typed", {"a": "1"})
    patch = {"metadata": _guard(before), "type": "syncd.dev/other"}
    assert control_plane.admin.patch(secrets_path(namespace, "typed"), patch)[0] == 422


def test_immutable_secret_takes_annotations_only(control_plane: ControlPlane, namespace: str) -> None:
    """With `immutable: true` a patch of data is 422, one of annotations 200."""
    admin, path = control_plane.admin, secrets_path(namespace, "fixed")
    control_plane.create_secret(namespace, "fixed", {"a": "1"})
    admin.must(admin.patch(path, {"immutable": True}))
    assert admin.patch(path, {"data": {"a": _encoded("2")}})[0] == 422
    assert admin.patch(path, {"metadata": {"annotations": {"a": "b"}}})[0] == 200


def test_terminating_namespace_refuses_creation_and_takes_patches(control_plane: ControlPlane) -> None:
    """In a Terminating namespace a create is 403 with cause NamespaceTerminating, a patch is 200."""
    admin = control_plane.admin
    namespace = control_plane.create_namespace("ending")
    control_plane.create_secret(namespace, "old", {"a": "1"})
    admin.must(admin.delete(f"/api/v1/namespaces/{namespace}"))
    status, body = _create_only(admin, namespace, "new", {"k": "v"})
    assert (status, [cause["reason"] for cause in body["details"]["causes"]]) == (
        403,
        ["NamespaceTerminating"],
    )
    assert admin.patch(secrets_path(namespace, "old"), {"data": {"a": _encoded("2")}})[0] == 200
    control_plane.finalize_namespace(namespace)
    wait_for("the namespace to go", lambda: admin.get(f"/api/v1/namespaces/{namespace}")[0] == 404)


def test_erased_namespaces_are_gone(control_plane: ControlPlane, namespace: str) -> None:
    """Nothing is left of an erased namespace, held by a finalizer or not; one with a longer name stays."""
    admin, longer = control_plane.admin, control_plane.create_namespace(f"{namespace}-b")
    for name in (namespace, longer):
        control_plane.create_secret(name, "held", {"a": "1"})
        admin.must(
            admin.patch(secrets_path(name, "held"), {"metadata": {"finalizers": ["tests.example/hold"]}})
        )
    control_plane.erase_namespaces([namespace])
    left = {
        item["metadata"].get("namespace", item["metadata"]["name"])
        for kind in ("namespaces", "serviceaccounts", "secrets")
        for item in admin.must(admin.get(f"/api/v1/{kind}"))["items"]
    }
    assert namespace not in left
    assert admin.get(secrets_path(longer, "held"))[0] == 200
    assert admin.get(f"/api/v1/namespaces/{longer}/serviceaccounts/default")[0] == 200


def test_whole_list_patch_keeps_order_and_nameless_items(control_plane: ControlPlane, namespace: str) -> None:
    """A merge patch of a ServiceAccount's whole list stores it as sent, duplicates and all."""
    control_plane.create_service_account(namespace, "listed", secrets=["b", "a"])
    wanted: list[dict[str, str]] = [{"name": "b"}, {}, {"name": "a"}, {"name": "b"}, {"name": "c"}]
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/listed"
    _, before = control_plane.admin.get(path)
    _, after = control_plane.admin.patch(path, {"metadata": _guard(before), "secrets": wanted})
    assert after["secrets"] == wanted


def test_writes_are_counted(control_plane: ControlPlane, namespace: str) -> None:
    """The API server's own metrics tell a create, an apply and a patch apart, and count no read."""
    before = control_plane.requests()
    control_plane.create_secret(namespace, "counted", {"a": "1"})
    control_plane.admin.get(secrets_path(namespace, "counted"))
    _create_only(control_plane.admin, namespace, "counted", {"k": "v"})
    control_plane.admin.patch(secrets_path(namespace, "counted"), {"data": {"a": _encoded("2")}})
    writes = control_plane.writes(before)
    assert {(request.verb, request.code): count for request, count in writes.items()} == {
        ("POST", 201): 1,
        ("APPLY", 409): 1,
        ("PATCH", 200): 1,
    }


def _create_only(
    client: KubeClient, namespace: str, name: str, data: dict[str, str], *, force: bool = False
) -> Answer:
    body = secret(name, data)
    body["metadata"]["resourceVersion"] = "1"
    return client.apply(secrets_path(namespace, name), body, manager="syncd", force=force)


def _guard(body: dict[str, Any]) -> dict[str, str]:
    return {key: body["metadata"][key] for key in ("resourceVersion", "uid")}


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
