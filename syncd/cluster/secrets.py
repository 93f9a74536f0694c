"""What is sent about one Secret: the whole of it once, and then exactly what differs. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from syncd.cluster.interface import Rejected
from syncd.kube.transport import FIELD_MANAGER
from syncd.model.names import (
    BOUND_TO,
    DOMAIN,
    KSERVE_PREFIX,
    LABEL_INSTANCE,
    LABEL_MANAGED_BY,
    LABEL_RELEASED,
    REFRESH_REQUESTED,
)
from syncd.model.reasons import Reason
from syncd.model.sizes import LARGEST_ANNOTATIONS, LARGEST_SECRET, annotations_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import DesiredSecret, ObservedSecret

_OUR_PREFIXES: Final = (DOMAIN, KSERVE_PREFIX)


def new_secret(want: DesiredSecret, instance: Instance) -> dict[str, Any]:
    """Return the manifest of a Secret that is to be created; its values still hidden."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": want.ref.name,
            "namespace": want.ref.namespace,
            "labels": dict(want.labels) | {LABEL_MANAGED_BY: FIELD_MANAGER, LABEL_INSTANCE: instance},
            "annotations": wanted_annotations(want),
        },
        "type": want.type,
        "data": dict(want.data),
    }


def merge_patch(
    want: DesiredSecret, have: ObservedSecret, *, instance: Instance, digest_key: bytes
) -> dict[str, Any]:
    """Return the JSON merge patch that makes `have` what `want` says, empty when it is that already.

    All data keys are ours, and the annotations under `serving.kserve.io/` and `syncd.dev/`, save
    `refresh-requested`; other labels and annotations are named only where `want` does. `None` takes away.
    """
    patch: dict[str, Any] = {}
    data: dict[str, Any] = {
        key: value for key, value in want.data.items() if have.data.get(key) != value.digest(digest_key)
    } | {key: None for key in have.data if key not in want.data}
    if data:
        patch["data"] = data
    wanted = wanted_annotations(want)
    annotations: dict[str, str | None] = _unequal(wanted, have.annotations) | {
        key: None for key in have.annotations if _is_ours(key) and key not in wanted
    }
    labels = _unequal(dict(want.labels) | {LABEL_INSTANCE: instance}, have.labels)
    if LABEL_RELEASED in have.labels:
        labels[LABEL_RELEASED] = None  # taken back
    metadata = {name: part for name, part in (("annotations", annotations), ("labels", labels)) if part}
    return patch | ({"metadata": metadata} if metadata else {})


def wanted_annotations(want: DesiredSecret) -> dict[str, str]:
    """Return all annotations that are ours to set: KServe's, the target's, our records, `bound-to`."""
    bound_to = {BOUND_TO: json.dumps(sorted(want.bound_to), separators=(",", ":"))} if want.bound_to else {}
    return {**want.annotations, **want.records, **bound_to}


def refused_before(have: ObservedSecret, *, wanted_type: str | None = None) -> Rejected | None:
    """Return why a Secret as it was observed must not be patched; None when nothing stands against it.

    A patch of what is being deleted would be accepted, and lost; one of another type or of an immutable
    Secret is a 422.
    """
    if have.deleting:
        return Rejected(
            Reason.BEING_DELETED,
            f"Secret {have.ref} is being deleted and held by a finalizer",
            "Wait until it is gone, or take the finalizer away",
        )
    if wanted_type is not None and have.type != wanted_type:
        return Rejected(
            Reason.TYPE_MISMATCH,
            f"Secret {have.ref} has type {have.type}, not {wanted_type}; a type cannot be changed",
            "Delete it, or choose another name",
        )
    if have.immutable:
        return Rejected(
            Reason.SECRET_IMMUTABLE,
            f"Secret {have.ref} is immutable",
            "Delete it, or choose another name",
        )
    return None


def too_large(ref: ObjectRef, sizes: Mapping[str, int], annotations: Mapping[str, str]) -> Rejected | None:
    """Return a rejection when the Secret, as it would be, is over a limit of the API server.

    Args:
        ref: of the Secret.
        sizes: bytes of each value.
        annotations: all of them, others' included.

    """
    total = sum(sizes.values())
    if total > LARGEST_SECRET:
        return Rejected(
            Reason.OBJECT_TOO_LARGE,
            f"Secret {ref} would have {total} bytes of data; {LARGEST_SECRET} are allowed",
            "Make the values smaller, or split the credential",
        )
    total = annotations_size(annotations)
    if total > LARGEST_ANNOTATIONS:
        return Rejected(
            Reason.OBJECT_TOO_LARGE,
            f"Secret {ref} would have {total} bytes of annotations; {LARGEST_ANNOTATIONS} are allowed",
            "Remove annotations, or spread the entries over more objects",
        )
    return None


def _is_ours(annotation: str) -> bool:
    return annotation.startswith(_OUR_PREFIXES) and annotation != REFRESH_REQUESTED


def _unequal(want: Mapping[str, str], have: Mapping[str, str]) -> dict[str, str | None]:
    return {key: value for key, value in want.items() if have.get(key) != value}
