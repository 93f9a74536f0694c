"""What the API server refuses, asked past our own checks: each has its reason, and none quotes a value."""

from __future__ import annotations

import base64
import time
import traceback
from typing import TYPE_CHECKING, Any, Final

import pytest

from syncd.cluster.kubernetes.requests import ApiRequests
from syncd.cluster.secrets import new_secret
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.kube.transport import MERGE_PATCH, ApiError
from syncd.model.errors import ClusterUnreachable
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason
from syncd.testing.cluster import CANARY, Subject
from syncd.testing.cluster.subject import (
    bind,
    entry,
    look,
    look_at,
    look_at_account,
    rejected,
    stored,
    value,
    wanted,
    written,
)
from tests.harness.fixtures import unique
from tests.harness.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncd.cluster.kubernetes.cluster import KubernetesCluster
    from syncd.kube.transport import Transport
    from syncd.model.names import Instance
    from tests.harness.apiserver import ControlPlane

    ClusterOver = Callable[[Transport, Instance, str], KubernetesCluster]

TIMEOUT = 60.0
MIB = 1024 * 1024
ENCODED_CANARY = base64.b64encode(CANARY.encode()).decode()[:-4]


@pytest.fixture
def requests(transport: KubeTransport) -> ApiRequests:
    """The requests without the checks that come before them."""
    return ApiRequests(transport, timeout=TIMEOUT)


def made(subject: Subject) -> tuple[ObjectRef, dict[str, Any]]:
    """Create a Secret of ours; return what guards a patch of it."""
    ref = ObjectRef(subject.world.namespace(), "models")
    done = written(subject.cluster.create_secret(wanted(ref)))
    return ref, {"uid": done.uid, "resourceVersion": done.resource_version}


def test_an_undecodable_patch_is_refused_without_its_values(
    subject: Subject, transport: KubeTransport
) -> None:
    """The server's answer to it quotes the whole Secret; nothing of that is kept, nor behind the error."""
    ref, guard = made(subject)
    patch = {"metadata": {**guard, "annotations": {"number": 7}}, "data": {"new": value("n")}}
    path = f"/api/v1/namespaces/{ref.namespace}/secrets/{ref.name}"
    with pytest.raises(ApiError) as caught:
        transport.request(
            "PATCH", path, body=patch, content_type=MERGE_PATCH, deadline=time.monotonic() + TIMEOUT
        )
    error = caught.value
    assert error.code == 422
    assert error.__context__ is None
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert (CANARY in shown, ENCODED_CANARY in shown) == (False, False)


def test_the_same_patch_through_the_writer(subject: Subject, requests: ApiRequests) -> None:
    """It is a rejection, and its text holds no value."""
    ref, guard = made(subject)
    result = requests.patch("secrets", ref, {"metadata": {**guard, "annotations": {"number": 7}}})
    rejected(result, Reason.INVALID_VALUE)


@pytest.mark.parametrize("size", [MIB + 1, 4 * MIB], ids=["422", "413"])
def test_too_large(subject: Subject, requests: ApiRequests, size: int) -> None:
    """Both of the server's limits are ObjectTooLarge."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"), key="x" * size)
    result = requests.create("secrets", want.ref, new_secret(want, subject.instance))
    rejected(result, Reason.OBJECT_TOO_LARGE)


def test_annotations_too_large(subject: Subject, requests: ApiRequests) -> None:
    """Annotations over 256 KiB are ObjectTooLarge."""
    ref, guard = made(subject)
    result = requests.patch("secrets", ref, {"metadata": {**guard, "annotations": {"a": "x" * 256 * 1024}}})
    rejected(result, Reason.OBJECT_TOO_LARGE)


def test_another_type(subject: Subject, requests: ApiRequests) -> None:
    """A change of type is TypeMismatch."""
    ref, guard = made(subject)
    result = requests.patch("secrets", ref, {"metadata": guard, "type": "example/other"})
    rejected(result, Reason.TYPE_MISMATCH)


def test_immutable(subject: Subject, requests: ApiRequests) -> None:
    """A change of an immutable Secret's data is SecretImmutable."""
    ref, guard = made(subject)
    done = written(requests.patch("secrets", ref, {"metadata": guard, "immutable": True}))
    guard = {"uid": done.uid, "resourceVersion": done.resource_version}
    result = requests.patch("secrets", ref, {"metadata": guard, "data": {"new": value("n")}})
    rejected(result, Reason.SECRET_IMMUTABLE)


def test_a_key_that_is_no_name(subject: Subject, requests: ApiRequests) -> None:
    """A key that Kubernetes does not allow is InvalidValue, and the key is named."""
    ref, guard = made(subject)
    result = requests.patch("secrets", ref, {"metadata": guard, "data": {"not a name": value("n")}})
    assert "not a name" in rejected(result, Reason.INVALID_VALUE).message


def test_quota(control_plane: ControlPlane, subject: Subject) -> None:
    """A used-up quota is a 403 without a cause: the message names RBAC and quota both."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    path = f"/api/v1/namespaces/{want.ref.namespace}/resourcequotas"
    hard = {"count/secrets": "0"}
    admin = control_plane.admin
    quota = admin.must(admin.post(path, {"metadata": {"name": "none"}, "spec": {"hard": hard}}))
    quota["status"] = {"hard": hard, "used": {"count/secrets": "0"}}
    admin.must(admin.put(f"{path}/none/status", quota))
    deadline = time.monotonic() + TIMEOUT
    result = subject.cluster.create_secret(want)
    while stored(subject, "secrets", want.ref) and time.monotonic() < deadline:
        # The server's view of quotas follows with a delay.
        subject.world.delete("secrets", want.ref)
        result = subject.cluster.create_secret(want)
    message = rejected(result, Reason.FORBIDDEN).message
    assert ("RBAC" in message, "Quota" in message) == (True, True)


@pytest.fixture
def policy(control_plane: ControlPlane) -> Iterator[str]:
    """A policy that denies Secrets in the namespace whose name it yields."""
    name = unique("deny")
    namespace = control_plane.create_namespace(name)
    group = "/apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "no"}],
    }
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}},
    }
    admin = control_plane.admin
    bodies = {"validatingadmissionpolicies": spec, "validatingadmissionpolicybindings": binding}
    for resource, body in bodies.items():
        admin.must(admin.post(f"{group}/{resource}", {"metadata": {"name": name}, "spec": body}))
    yield namespace
    for resource in bodies:
        admin.must(admin.delete(f"{group}/{resource}/{name}"))


def test_admission(subject: Subject, policy: str) -> None:
    """A policy's denial is AdmissionDenied, without what it says."""
    want = wanted(ObjectRef(policy, "models"))
    deadline = time.monotonic() + TIMEOUT
    result = subject.cluster.create_secret(want)
    while stored(subject, "secrets", want.ref) and time.monotonic() < deadline:
        # A new policy is in force with a delay.
        subject.world.delete("secrets", want.ref)
        result = subject.cluster.create_secret(want)
    rejected(result, Reason.ADMISSION_DENIED)


def test_without_rights(control_plane: ControlPlane, subject: Subject, cluster_over: ClusterOver) -> None:
    """Without RBAC writes are Forbidden, and reads say what cannot be read."""
    settings = ConnectionSettings(kubeconfig=str(control_plane.kubeconfig_for(unique("nobody"))))
    connection = KubeTransport(settings, emit=lambda _: None)
    poor = cluster_over(connection, subject.instance, subject.kserve_namespace)
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    rejected(poor.create_secret(want), Reason.FORBIDDEN)
    with pytest.raises(ClusterUnreachable, match=r"/api/v1/namespaces cannot be read: 403 Forbidden"):
        poor.survey()
    connection.close()


RIGHTS: Final = [
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "create", "patch"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "create", "patch"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
]
"""All that reader and writer need, in every namespace that they serve."""


def test_these_rights_are_enough(
    control_plane: ControlPlane, subject: Subject, cluster_over: ClusterOver
) -> None:
    """Under these rights and no others everything that a cluster does is allowed."""
    user = unique("rights")
    admin, group = control_plane.admin, "/apis/rbac.authorization.k8s.io/v1"
    admin.must(admin.post(f"{group}/clusterroles", {"metadata": {"name": user}, "rules": RIGHTS}))
    binding = {
        "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    admin.must(admin.post(f"{group}/clusterrolebindings", binding))
    connection = KubeTransport(
        ConnectionSettings(kubeconfig=str(control_plane.kubeconfig_for(user))), emit=lambda _: None
    )
    cluster = cluster_over(connection, subject.instance, subject.kserve_namespace)
    poor = Subject(cluster, subject.world, subject.instance, subject.kserve_namespace)
    wait_for("the new rights", lambda: _may_list(cluster))
    namespace = subject.world.namespace()
    ref, config, models = (ObjectRef(namespace, name) for name in ("s", "storage-config", "models"))
    written(cluster.create_secret(wanted(ref)))
    written(cluster.update_secret(wanted(ref, key="3"), look_at(poor, ref)))
    written(cluster.patch_entries(config, [entry(config, "a")], None))
    written(cluster.patch_account(models, bind("s"), None))
    written(cluster.patch_account(models, bind("t"), look_at_account(poor, models)))
    seen = look(poor, secrets=[ref], entries=frozenset({config}), accounts=frozenset({models}))
    assert {ref, config} <= seen.keys()
    assert cluster.kserve_config() is None
    connection.close()


def _may_list(cluster: KubernetesCluster) -> bool:
    """Whether a new role is in force: the API server learns of it with a delay."""
    try:
        cluster.survey()
    except ClusterUnreachable:
        return False
    return True


def test_create_under_rbac_by_name(
    control_plane: ControlPlane, subject: Subject, cluster_over: ClusterOver
) -> None:
    """`create` and `patch` with resourceNames let the named Secret be created, and no other."""
    namespace = subject.world.namespace()
    user = unique("named")
    rules = [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["create", "patch"],
            "resourceNames": ["models"],
        }
    ]
    group = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    admin = control_plane.admin
    admin.must(admin.post(f"{group}/roles", {"metadata": {"name": "named"}, "rules": rules}))
    binding = {
        "metadata": {"name": "named"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "named"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    admin.must(admin.post(f"{group}/rolebindings", binding))
    connection = KubeTransport(
        ConnectionSettings(kubeconfig=str(control_plane.kubeconfig_for(user))), emit=lambda _: None
    )
    named = cluster_over(connection, subject.instance, subject.kserve_namespace)
    want = wanted(ObjectRef(namespace, "models"))
    deadline = time.monotonic() + TIMEOUT
    result = named.create_secret(want)
    while stored(subject, "secrets", want.ref) is None and time.monotonic() < deadline:
        # A new role is in force with a delay.
        result = named.create_secret(want)
    written(result)
    rejected(named.create_secret(wanted(ObjectRef(namespace, "other"))), Reason.FORBIDDEN)
    assert want.ref in look(subject, secrets=[want.ref])
    connection.close()
