"""What is sent about one ServiceAccount: whole lists, everyone's items in everyone's order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.kube.transport import FIELD_MANAGER
from syncd.model.names import LABEL_INSTANCE, LABEL_MANAGED_BY, annotations_annotation
from syncd.model.objects import LIST_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.cluster.interface import AccountPatch
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import ListName, ObservedAccount


def new_account(ref: ObjectRef, patch: AccountPatch, instance: Instance) -> dict[str, Any]:
    """Return the manifest of a ServiceAccount that is to be created with what `patch` says."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {LABEL_MANAGED_BY: FIELD_MANAGER, **_labels(patch, instance)},
            "annotations": _annotations(patch, instance),
        },
        **_lists(patch, {}),
    }


def account_patch(patch: AccountPatch, have: ObservedAccount, instance: Instance) -> dict[str, Any]:
    """Return the JSON merge patch for an existing ServiceAccount, empty when it has all of it.

    A list that changes is sent whole: its items as they are, duplicates and nameless ones too, and the new
    names after them. (A strategic patch would put them first, and fails for ever on one nameless item.)
    """
    annotations = _unequal(_annotations(patch, instance), have.annotations)
    labels = _unequal(_labels(patch, instance), have.labels)
    metadata = {name: part for name, part in (("annotations", annotations), ("labels", labels)) if part}
    return _lists(patch, have.items) | ({"metadata": metadata} if metadata else {})


def _lists(
    patch: AccountPatch, items: Mapping[ListName, tuple[Mapping[str, Any], ...]]
) -> dict[str, list[dict[str, Any]]]:
    """Return the lists that change, whole."""
    changed: dict[str, list[dict[str, Any]]] = {}
    for list_name in LIST_NAMES:
        today = [dict(item) for item in items.get(list_name, ())]
        listed = {item.get("name") for item in today}
        # A dict keeps the order of the bindings, and a name that comes twice once.
        fresh = dict.fromkeys(
            binding.secret
            for binding in patch.bind
            if binding.list_name == list_name and binding.secret not in listed
        )
        if fresh:
            changed[list_name] = [*today, *({"name": name} for name in fresh)]
    return changed


def _annotations(patch: AccountPatch, instance: Instance) -> dict[str, str]:
    record = {} if patch.record is None else {annotations_annotation(instance): patch.record}
    return {name: annotation.value for name, annotation in patch.annotations.items()} | record


def _labels(patch: AccountPatch, instance: Instance) -> dict[str, str]:
    """Return our label where we set annotations: KServe copies those to accounts that it generates."""
    return {} if patch.record is None else {LABEL_INSTANCE: instance}


def _unequal(want: Mapping[str, str], have: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in want.items() if have.get(name) != value}
