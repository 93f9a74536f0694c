"""What only a cluster behind an API server has: dry runs, pages, a memory, requests that are counted."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import yaml

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.cluster.kubernetes.cluster import KubernetesCluster
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.kube.dry_run import DryRunTransport
from syncd.model.errors import ClusterUnreachable
from syncd.model.events import ApiRequest
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason
from syncd.testing.cluster import DIGEST_KEY, Subject
from syncd.testing.cluster.subject import (
    account,
    bind,
    entry,
    look,
    look_at,
    rejected,
    secret,
    stored,
    value,
    wanted,
    written,
)
from tests.harness.fixtures import unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncd.kube.transport import Transport
    from syncd.model.events import Event
    from syncd.model.names import Instance
    from tests.harness.apiserver import ControlPlane

    ClusterOver = Callable[[Transport, Instance, str], KubernetesCluster]

TIMEOUT = 60.0


def soon() -> float:
    """Return a generous deadline."""
    return time.monotonic() + TIMEOUT


def asked(events: list[Event]) -> list[tuple[str, str, int]]:
    """Return verb, resource and code of the requests since the last call."""
    requests = [(event.verb, event.resource, event.code) for event in events if isinstance(event, ApiRequest)]
    events.clear()
    return requests


def test_a_dry_run_keeps_nothing(
    subject: Subject, transport: KubeTransport, cluster_over: ClusterOver
) -> None:
    """Writes of every kind are accepted, and nothing is stored."""
    dry = cluster_over(DryRunTransport(transport), subject.instance, subject.kserve_namespace)
    namespace = subject.world.namespace()
    ref, config, models = (ObjectRef(namespace, name) for name in ("s", "storage-config", "models"))
    written(dry.create_secret(wanted(ref)))
    written(dry.patch_entries(config, [entry(config, "a")], None))
    written(dry.patch_account(models, bind("s"), None))
    assert [stored(subject, "secrets", each) for each in (ref, config)] == [None, None]
    assert stored(subject, "serviceaccounts", models) is None


def test_a_dry_run_finds_refusals(
    subject: Subject, transport: KubeTransport, cluster_over: ClusterOver
) -> None:
    """What would be refused is refused."""
    dry = cluster_over(DryRunTransport(transport), subject.instance, subject.kserve_namespace)
    ref = ObjectRef(subject.world.namespace(), "models")
    written(subject.cluster.create_secret(wanted(ref)))
    rejected(dry.create_secret(wanted(ref)), Reason.CONFLICT, again=True)
    before = stored(subject, "secrets", ref)
    written(dry.update_secret(wanted(ref, key="3"), look_at(subject, ref)))
    assert stored(subject, "secrets", ref) == before


def test_each_write_is_one_request(subject: Subject, events: list[Event]) -> None:
    """Create, update, bind and entries are one request each; what is equal is none."""
    namespace = subject.world.namespace()
    ref, config, models = (ObjectRef(namespace, name) for name in ("s", "storage-config", "models"))
    subject.world.put("serviceaccounts", account(models))
    today = subject.cluster.survey().accounts[models]
    asked(events)
    cluster = subject.cluster
    written(cluster.create_secret(wanted(ref)))
    written(cluster.patch_account(models, bind("s"), today))
    written(cluster.patch_entries(config, [entry(config, "a")], None))
    assert asked(events) == [
        ("patch", "secrets", 201),
        ("patch", "serviceaccounts", 200),
        ("patch", "secrets", 201),
    ]
    have = look_at(subject, ref)
    asked(events)
    written(subject.cluster.update_secret(wanted(ref, key="3"), have))
    assert asked(events) == [("patch", "secrets", 200)]
    written(subject.cluster.update_secret(wanted(ref, key="3"), look_at(subject, ref)))
    assert {verb for verb, _, _ in asked(events)} == {"list"}


def without_pages(requests: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Return the requests, each once: a cluster that many tests share needs more than one page of a list."""
    return list(dict.fromkeys(requests))


def test_a_sweep_is_a_few_lists(subject: Subject, events: list[Event]) -> None:
    """However many Secrets are ours, a sweep lists them once, and reads foreign ones only now and then."""
    namespace = subject.world.namespace()
    refs = [ObjectRef(namespace, f"s{number}") for number in range(5)]
    for ref in refs:
        written(subject.cluster.create_secret(wanted(ref)))
    models = ObjectRef(namespace, "models")
    subject.world.put("secrets", secret(ObjectRef(namespace, "foreign"), {"a": value("f")}))
    subject.world.put("serviceaccounts", account(models, secrets=[{"name": "foreign"}, {"name": "s1"}]))
    look(subject, secrets=refs, accounts=frozenset({models}))
    asked(events)
    assert ObjectRef(namespace, "foreign") in look(subject, secrets=refs, accounts=frozenset({models}))
    lists = [("list", resource, 200) for resource in ("namespaces", "serviceaccounts", "secrets")]
    assert without_pages(asked(events)) == lists


def test_what_does_not_exist_is_not_read_one_by_one(subject: Subject, events: list[Event]) -> None:
    """For many names of a namespace one list of names is asked for, and only what is there is read."""
    namespace = subject.world.namespace()
    refs = frozenset(ObjectRef(namespace, f"s{number}") for number in range(20))
    foreign = ObjectRef(namespace, "s7")
    subject.world.put("secrets", secret(foreign, {"a": value("f")}))
    asked(events)
    assert look(subject, secrets=refs).keys() & refs == {foreign}
    requests = asked(events)
    lists = [("list", resource, 200) for resource in ("namespaces", "serviceaccounts", "secrets")]
    assert without_pages(requests) == [*lists, ("get", "secrets", 200)]
    assert requests.count(("get", "secrets", 200)) == 1


def test_foreign_secrets_are_read_again_after_ten_minutes(subject: Subject, transport: KubeTransport) -> None:
    """A foreign Secret that changed is seen after ten minutes, and at once when the list changes."""
    now = [0.0]
    cluster = KubernetesCluster(
        transport,
        instance=subject.instance,
        kserve_namespace=subject.kserve_namespace,
        digest_key=DIGEST_KEY,
        timeout=TIMEOUT,
        clock=lambda: now[0],
    )
    watched = Subject(cluster, subject.world, subject.instance, subject.kserve_namespace)
    namespace = subject.world.namespace()
    ref, models = ObjectRef(namespace, "foreign"), ObjectRef(namespace, "models")
    subject.world.put("secrets", secret(ref, {"a": value("f")}))
    subject.world.put("serviceaccounts", account(models, secrets=[{"name": "foreign"}]))

    def keys() -> set[str]:
        return set(look(watched, accounts=frozenset({models}))[ref].data)

    assert keys() == {"a"}
    subject.world.patch("secrets", ref, {"data": secret(ref, {"b": value("f")})["data"]})
    now[0] = 599.0
    assert keys() == {"a"}
    now[0] = 600.0
    assert keys() == {"a", "b"}
    subject.world.patch("secrets", ref, {"data": secret(ref, {"c": value("f")})["data"]})
    subject.world.patch("serviceaccounts", models, {"secrets": [{"name": "foreign"}, {"name": "new"}]})
    assert keys() == {"a", "b", "c"}


def test_lists_are_read_in_pages(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """More objects than fit on a page are all seen."""
    namespace = subject.world.namespace()
    refs = {ObjectRef(namespace, f"s{number}") for number in range(5)}
    for ref in refs:
        written(subject.cluster.create_secret(wanted(ref)))
    monkeypatch.setattr("syncd.cluster.kubernetes.lists._PAGE", "2")
    assert refs <= look(subject).keys()


def test_our_writes_carry_our_name(subject: Subject) -> None:
    """The managed fields say that syncd wrote, so that it does not take itself for another controller."""
    ref = ObjectRef(subject.world.namespace(), "models")
    written(subject.cluster.create_secret(wanted(ref)))
    written(subject.cluster.update_secret(wanted(ref, key="3"), look_at(subject, ref)))
    manifest = subject.world.get("secrets", ref)
    assert manifest is not None
    assert {entry["manager"] for entry in manifest["metadata"]["managedFields"]} == {"syncd"}
    assert look_at(subject, ref).owner is None


def test_an_unknown_caller(control_plane: ControlPlane, tmp_path: Path) -> None:
    """A token that the API server does not know is told apart from missing rights; a new one is taken up."""
    kubeconfig = json.loads(control_plane.kubeconfig.read_text())
    good = kubeconfig["users"][0]["user"]
    kubeconfig["users"][0]["user"] = {"token": "unknown"}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    connection = KubeTransport(ConnectionSettings(kubeconfig=str(path)), emit=lambda _: None)
    with pytest.raises(ClusterUnreachable, match="does not know us"):
        connection.request("GET", "/api/v1/namespaces", deadline=soon())
    kubeconfig["users"][0]["user"] = good
    path.write_text(json.dumps(kubeconfig))
    assert connection.request("GET", "/api/v1/namespaces", deadline=soon())["kind"] == "NamespaceList"
    connection.close()


def test_a_service_account_can_read(control_plane: ControlPlane, subject: Subject) -> None:
    """A ServiceAccount's token is sent: the API server knows who asks."""
    namespace = subject.world.namespace()
    path = control_plane.kubeconfig_for_service_account(namespace, "default")
    connection = KubeTransport(ConnectionSettings(kubeconfig=str(path)), emit=lambda _: None)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = connection.request(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body=review,
        deadline=soon(),
    )
    assert answer["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:default"
    connection.close()


def test_the_files_of_a_directory_are_manifests(
    control_plane: ControlPlane, subject: Subject, tmp_path: Path
) -> None:
    """What the directory cluster writes is accepted by an API server as it is."""
    namespace = subject.world.namespace()
    (tmp_path / namespace).mkdir()
    directory = DirectoryCluster(
        tmp_path,
        instance=subject.instance,
        kserve_namespace=namespace,
        digest_key=DIGEST_KEY,
        timeout=TIMEOUT,
    )
    ref, config, models = (ObjectRef(namespace, name) for name in ("s", "storage-config", "models"))
    written(directory.create_secret(wanted(ref)))
    written(directory.patch_entries(config, [entry(config, "a")], None))
    written(directory.patch_account(models, bind("s"), None))
    for path in sorted(tmp_path.rglob("*.yaml")):
        resource = f"/api/v1/namespaces/{namespace}/{path.parent.name}"
        control_plane.admin.must(control_plane.admin.post(resource, yaml.safe_load(path.read_text())))
    assert look(subject, entries=frozenset({config})).keys() >= {ref, config}
    assert subject.cluster.survey().accounts[models].names("secrets") == ("s",)


def test_an_address_where_nobody_listens(control_plane: ControlPlane, tmp_path: Path) -> None:
    """A cluster that is down is unreachable, and its address is in the message."""
    kubeconfig = json.loads(control_plane.kubeconfig.read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / unique("kubeconfig")
    path.write_text(json.dumps(kubeconfig))
    connection = KubeTransport(ConnectionSettings(kubeconfig=str(path)), emit=lambda _: None)
    with pytest.raises(ClusterUnreachable, match=r"https://127\.0\.0\.1:1: no connection"):
        connection.request("GET", "/api/v1/namespaces", deadline=soon())
