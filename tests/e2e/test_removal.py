"""What leaves the mapping, or gets another name, on a real API server and with KServe's builder as the judge.

Ended after any request, the next sweep goes on; and no workload ever sees keys of one with the endpoint of
another, a name without its Secret, or nothing where there was a credential and still is one.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncd.model.events import ApiRequest
from syncd.model.reasons import Reason
from tests.e2e.everybody import Meddler, digest, edit, force
from tests.e2e.leaving import (
    ROLE,
    Form,
    check,
    interrupted,
    left_to_do,
    objects,
    put,
    sight,
    started,
    swept,
)
from tests.e2e.workbench import Workbench
from tests.harness.fixtures import unique
from tests.harness.judge import SHIPPED_CREDENTIALS, install_kserve_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

POLICIES = ("Retain", "Delete")
LABEL = "syncd.dev/models"
BEFORE = Form()
KEYLESS = f"s3: {{roleArn: '{ROLE}', region: eu-west-1}}"
CHANGES = {
    "credential": replace(BEFORE, minio=""),
    "service account": replace(BEFORE, hub="[default]"),
    "entry": replace(BEFORE, entry=""),
    "key of the entry": replace(BEFORE, entry="storageConfig: {key: m2, bucket: b}"),
    "name of the Secret": replace(BEFORE, secret="other"),
    "name of the credential": replace(BEFORE, minio="store", renamed="renamedFrom: minio"),
    "both names": replace(BEFORE, minio="store", secret="other", renamed="renamedFrom: minio"),
    "name and account": replace(BEFORE, secret="other", accounts="[default]"),
    "keys to a role": replace(BEFORE, kind=KEYLESS, secret="", entry=""),
}


def at_every_write(bench: Workbench, prepare: Callable[[], tuple[str, Callable[[], None]]]) -> None:
    """Goes through a change that ends at its first write, at its second, and so on.

    ``prepare`` returns a namespace with everything published, and what changes it. Each write has one of
    its own, which goes when it has been looked at: the next sweep need not clear it up.
    """
    kept = len(bench.plane.namespaces)
    namespace, change = prepare()
    old = sight(bench, namespace)
    change()
    swept(bench)
    new, secrets = sight(bench, namespace), objects(bench, namespace, "secrets").keys()
    assert left_to_do(bench) == []
    at = 1
    while True:
        bench.plane.erase_namespaces(bench.plane.namespaces[kept:])
        namespace, change = prepare()
        change()
        if not interrupted(bench, "answer lost" if at % 2 else "killed", at):
            break
        check(sight(bench, namespace), old, new)
        swept(bench)
        assert sight(bench, namespace) == new
        assert objects(bench, namespace, "secrets").keys() == secrets
        assert bench.listed(namespace)[0] == "theirs"
        assert left_to_do(bench) == []
        at += 1
    assert at > 1


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_interrupted(bench: Workbench, change: str, policy: str) -> None:
    """Killed after a write, or its answer lost: the next sweep comes to the same end as one without."""
    put(bench)

    def prepare() -> tuple[str, Callable[[], None]]:
        namespace = started(bench, BEFORE, policy)
        return namespace, lambda: force(bench, CHANGES[change].text(bench, namespace, policy))

    at_every_write(bench, prepare)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_namespace_that_leaves(bench: Workbench, policy: str) -> None:
    """Its target names another one now, where the credential is published meanwhile."""
    put(bench)

    def prepare() -> tuple[str, Callable[[], None]]:
        namespace, other = started(bench, BEFORE, policy), bench.new_namespace()
        moved = replace(BEFORE, where=f"namespaces: [{other}]")
        return namespace, lambda: force(bench, moved.text(bench, namespace, policy))

    at_every_write(bench, prepare)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_namespace_that_loses_its_label(bench: Workbench, policy: str) -> None:
    """As if it had left the mapping."""
    put(bench)

    def prepare() -> tuple[str, Callable[[], None]]:
        value = unique("label")
        labelled = replace(BEFORE, where=f"namespaceSelector: {{matchLabels: {{{LABEL}: {value}}}}}")
        namespace = started(bench, labelled, policy, {LABEL: value})

        def change() -> None:
            path = f"/api/v1/namespaces/{namespace}"
            bench.plane.admin.must(bench.plane.admin.patch(path, {"metadata": {"labels": {LABEL: None}}}))

        return namespace, change

    at_every_write(bench, prepare)


@pytest.fixture
def own(control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose KServe has a config of its own."""
    mine = {**SHIPPED_CREDENTIALS, "storageSecretNameAnnotation": f"serving.kserve.io/{unique('named')}"}
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, config=mine)
    yield bench
    bench.close()


@pytest.mark.parametrize("policy", POLICIES)
def test_another_name_of_storage_config(own: Workbench, policy: str) -> None:
    """Under the new name first; only then the old entry follows its policy, also after a restart."""
    put(own)
    shipped = dict(own.config)

    def config(name: str) -> None:
        own.config = {**shipped, "storageSpecSecretName": name}
        install_kserve_config(own.plane, own.config, own.options.kserve_namespace)

    kept, at = len(own.plane.namespaces), 1
    while True:
        own.plane.erase_namespaces(own.plane.namespaces[kept:])
        config("storage-config")
        namespace = started(own, BEFORE, policy)
        entry = digest(objects(own, namespace, "secrets")["storage-config"]["data"]["m"])
        config("kserve-storage")
        ended = interrupted(own, "answer lost" if at % 2 else "killed", at)
        found = objects(own, namespace, "secrets")
        places = [found.get(name, {}).get("data") or {} for name in ("storage-config", "kserve-storage")]
        assert [digest(place["m"]) for place in places if "m" in place].count(entry) in {1, 2}
        swept(own)
        assert own.judge_storage(namespace, "m").error == ""
        old = objects(own, namespace, "secrets")["storage-config"]
        record = json.loads(old["metadata"]["annotations"][f"syncd.dev/entries.{own.instance}"])
        if policy == "Delete":
            assert ("m" in (old.get("data") or {}), record) == (False, {})
        else:
            assert (digest(old["data"]["m"]), record["m"]["released"]) == (entry, "true")
        assert left_to_do(own) == []
        if not ended:
            break
        at += 1
    assert at > 2


def unmapped(bench: Workbench) -> str:
    """A namespace with a Secret of ours that left the mapping, is to be deleted, and is bound nowhere."""
    put(bench)
    form = replace(BEFORE, accounts="", entry="", hub="[default]")
    namespace = started(bench, form, "Delete")
    force(bench, replace(form, minio="").text(bench, namespace, "Delete"))
    return namespace


@pytest.mark.parametrize("ours", [True, False], ids=["an edit", "the label"])
def test_a_secret_that_is_edited_before_it_is_deleted(bench: Workbench, ours: bool) -> None:
    """The API server refuses what was decided on an older look; what is seen then decides."""
    namespace = unmapped(bench)
    patch = {
        "metadata": {"annotations": {"theirs": "1"}} if ours else {"labels": {"syncd.dev/instance": None}}
    }
    # Each look lists Secrets by our label and by the name of storage-config; the second one is the last.
    meddler = Meddler(
        "list", "secrets", lambda: edit(bench.plane, "secrets", namespace, "minio", patch), nth=4
    )
    bench.listeners.append(meddler)
    swept(bench)
    assert meddler.acted == 1
    deletions = [
        event.code for event in bench.events if isinstance(event, ApiRequest) and event.verb == "delete"
    ]
    assert deletions == ([409, 200] if ours else [409])
    assert ("minio" in objects(bench, namespace, "secrets")) is not ours
    assert left_to_do(bench) == []


def test_a_secret_that_is_bound_before_it_is_deleted(bench: Workbench) -> None:
    """ServiceAccounts are listed once more right before: whoever got the name meanwhile keeps a Secret."""
    namespace = unmapped(bench)
    binding = {"secrets": [{"name": "minio"}]}
    meddler = Meddler(
        "list", "serviceaccounts", lambda: edit(bench.plane, "serviceaccounts", namespace, "models", binding)
    )
    bench.listeners.append(meddler)
    refused = swept(bench).plan.refused
    assert meddler.acted == 1
    assert [refusal.reason for refusal in refused] == [Reason.STILL_REFERENCED]
    assert "models" in refused[0].message
    assert bench.judge_account(namespace).error == ""
