"""The writer: checks what can be known before, builds the request, hands it to whoever keeps the objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from syncd.cluster.accounts import account_patch, new_account
from syncd.cluster.entries import entries_patch, new_entries, record_lost
from syncd.cluster.interface import Rejected, Written
from syncd.cluster.secrets import merge_patch, new_secret, refused_before, too_large, wanted_annotations
from syncd.kube.transport import FIELD_MANAGER
from syncd.model.names import LABEL_MANAGED_BY
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.cluster.interface import AccountPatch, EntryDrop, WriteResult
    from syncd.cluster.manifest import Resource
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import (
        DesiredEntry,
        DesiredSecret,
        ObservedAccount,
        ObservedConfigMap,
        ObservedSecret,
    )


class Requests(Protocol):
    """The three requests that syncd writes with.

    Values in a body are `SecretValue`; whoever stores them encodes them.
    """

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Create the object if nothing of that name is there; otherwise `Rejected`, and nothing is touched.

        Raises:
            ClusterUnreachable: when there is no answer; the write may have been done.

        """
        ...

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Apply a JSON merge patch if the object is still at the patch's own uid and resourceVersion.

        Raises:
            ClusterUnreachable: as above.

        """
        ...

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Delete the object if it is still at this uid and resourceVersion; one that is gone is done.

        Raises:
            ClusterUnreachable: as above.

        """
        ...


class ObjectWriter:
    """A `Writer` over `Requests`; every write is create-only or guarded by what was observed."""

    def __init__(self, requests: Requests, *, instance: Instance, digest_key: bytes) -> None:
        """Write as this instance; `digest_key` is the one that observed digests were made with."""
        self._requests = requests
        self._instance = instance
        self._digest_key = digest_key

    def create_secret(self, want: DesiredSecret) -> WriteResult:
        """Create the Secret, as `Writer.create_secret` says."""
        manifest = new_secret(want, self._instance)
        return too_large(
            want.ref, _sizes(want), manifest["metadata"]["annotations"]
        ) or self._requests.create("secrets", want.ref, manifest)

    def update_secret(self, want: DesiredSecret, have: ObservedSecret) -> WriteResult:
        """Patch what differs, as `Writer.update_secret` says; nothing is sent when nothing differs."""
        patch = merge_patch(want, have, instance=self._instance, digest_key=self._digest_key)
        if not patch:
            return Written(have.uid, have.resource_version)
        annotations = {**have.annotations, **wanted_annotations(want)}
        return (
            refused_before(have, wanted_type=want.type)
            or too_large(want.ref, _sizes(want), annotations)
            or self._requests.patch("secrets", want.ref, _guarded(patch, have))
        )

    def patch_account(self, ref: ObjectRef, patch: AccountPatch, have: ObservedAccount | None) -> WriteResult:
        """Patch or create the ServiceAccount, as `Writer.patch_account` says."""
        if have is None:
            return self._requests.create("serviceaccounts", ref, new_account(ref, patch, self._instance))
        if have.deleting:
            return Rejected(
                Reason.BEING_DELETED,
                f"ServiceAccount {ref} is being deleted and held by a finalizer",
                "Wait until it is gone, or take the finalizer away",
            )
        body = account_patch(patch, have, self._instance)
        if not body:
            return Written(have.uid, have.resource_version)
        return self._requests.patch("serviceaccounts", ref, _guarded(body, have))

    def patch_entries(
        self,
        ref: ObjectRef,
        want: Sequence[DesiredEntry],
        have: ObservedSecret | None,
        drop: Sequence[EntryDrop] = (),
    ) -> WriteResult:
        """Set and drop entries and records, as `Writer.patch_entries` says."""
        sizes = {entry.key: entry.value.size() for entry in want}
        if have is None:
            manifest = new_entries(ref, want, self._instance)
            return too_large(ref, sizes, manifest["metadata"]["annotations"]) or self._requests.create(
                "secrets", ref, manifest
            )
        patch = entries_patch(want, have, drop, instance=self._instance, digest_key=self._digest_key)
        if not patch:
            return Written(have.uid, have.resource_version)
        annotations = {**have.annotations, **patch.get("metadata", {}).get("annotations", {})}
        return (
            refused_before(have)
            or record_lost(have, self._instance)
            or too_large(ref, {**have.sizes, **sizes}, annotations)
            or self._requests.patch("secrets", ref, _guarded(patch, have))
        )

    def patch_records(
        self,
        have: ObservedSecret,
        labels: Mapping[str, str | None],
        annotations: Mapping[str, str | None],
    ) -> WriteResult:
        """Change our labels and annotations, as `Writer.patch_records` says."""
        if have.deleting:
            return refused_before(have) or Written(have.uid, have.resource_version)
        patch = {"metadata": {"labels": dict(labels), "annotations": dict(annotations)}}
        return self._requests.patch("secrets", have.ref, _guarded(patch, have))

    def delete_secret(self, have: ObservedSecret) -> WriteResult:
        """Delete the Secret, as `Writer.delete_secret` says."""
        return self._requests.delete(
            "secrets", have.ref, uid=have.uid, resource_version=have.resource_version
        )

    def write_config_map(
        self, ref: ObjectRef, data: Mapping[str, str | None], have: ObservedConfigMap | None
    ) -> WriteResult:
        """Set or remove these keys, as `Writer.write_config_map` says."""
        before = {} if have is None else have.data
        differing = {key: text for key, text in data.items() if before.get(key) != text}
        if have is not None:
            if not differing:
                return Written(have.uid, have.resource_version)
            return self._requests.patch("configmaps", ref, _guarded({"data": differing}, have))
        metadata = {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {LABEL_MANAGED_BY: FIELD_MANAGER},
        }
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": differing}
        return self._requests.create("configmaps", ref, manifest)


def _guarded(
    patch: dict[str, Any], have: ObservedSecret | ObservedAccount | ObservedConfigMap
) -> dict[str, Any]:
    """Add what makes the patch fail if the object moved, or is another one of the same name."""
    metadata = {**patch.get("metadata", {}), "uid": have.uid, "resourceVersion": have.resource_version}
    return {**patch, "metadata": metadata}


def _sizes(want: DesiredSecret) -> Mapping[str, int]:
    return {key: value.size() for key, value in want.data.items()}
