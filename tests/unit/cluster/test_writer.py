"""Every write is create-only or guarded by what it was computed from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syncd.cluster.interface import Written
from syncd.cluster.writer import ObjectWriter
from syncd.model.names import Instance, ObjectRef
from syncd.model.objects import ObservedAccount, ObservedSecret
from syncd.testing.cluster import DIGEST_KEY
from syncd.testing.cluster.subject import bind, entry, wanted

if TYPE_CHECKING:
    from syncd.cluster.interface import WriteResult
    from syncd.cluster.manifest import Resource

REF = ObjectRef("ns", "models")
GUARD = {"uid": "the-uid", "resourceVersion": "41"}
SECRET = ObservedSecret(
    ref=REF,
    uid="the-uid",
    resource_version="41",
    type="Opaque",
    immutable=False,
    deleting=False,
    labels={},
    annotations={},
    data={},
    sizes={},
)
ACCOUNT = ObservedAccount(
    ref=REF, uid="the-uid", resource_version="41", deleting=False, labels={}, annotations={}, items={}
)


class Recording:
    """Accepts every request, and remembers it."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sent: list[tuple[str, Resource, ObjectRef, dict[str, Any]]] = []

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Remember a create."""
        self.sent.append(("create", resource, ref, manifest["metadata"]))
        return Written("u", "1")

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Remember a patch."""
        self.sent.append(("patch", resource, ref, patch["metadata"]))
        return Written("u", "1")

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Remember a delete."""
        self.sent.append(("delete", resource, ref, {"uid": uid, "resourceVersion": resource_version}))
        return Written(uid, resource_version)


def writer(requests: Recording) -> ObjectWriter:
    """Return a writer over these requests."""
    return ObjectWriter(requests, instance=Instance("us"), digest_key=DIGEST_KEY)


def test_every_patch_carries_uid_and_resource_version() -> None:
    """Of Secrets, ServiceAccounts and storage-config alike, so that a late write cannot undo anything."""
    requests = Recording()
    writer(requests).update_secret(wanted(REF), SECRET)
    writer(requests).patch_entries(REF, [entry(REF, "a")], SECRET)
    writer(requests).patch_account(REF, bind("a", record="{}", a="b"), ACCOUNT)
    writer(requests).patch_account(REF, bind("a"), ACCOUNT)
    assert [(verb, resource) for verb, resource, _, _ in requests.sent] == [
        ("patch", "secrets"),
        ("patch", "secrets"),
        ("patch", "serviceaccounts"),
        ("patch", "serviceaccounts"),
    ]
    assert all(metadata.items() >= GUARD.items() for *_, metadata in requests.sent)


def test_what_was_not_observed_is_created() -> None:
    """Without an observed object the request is create-only."""
    requests = Recording()
    writer(requests).create_secret(wanted(REF))
    writer(requests).patch_entries(REF, [entry(REF, "a")], None)
    writer(requests).patch_account(REF, bind("a"), None)
    assert [verb for verb, *_ in requests.sent] == ["create"] * 3


def test_what_is_refused_is_not_sent() -> None:
    """A write that cannot succeed costs no request."""
    requests = Recording()
    write = writer(requests)
    for have in (
        replace(SECRET, deleting=True),
        replace(SECRET, immutable=True),
        replace(SECRET, type="other"),
    ):
        write.update_secret(wanted(REF), have)
    for have in (replace(SECRET, deleting=True), replace(SECRET, immutable=True)):
        write.patch_entries(REF, [entry(REF, "a")], have)
    write.patch_account(REF, bind("a"), replace(ACCOUNT, deleting=True))
    assert requests.sent == []
