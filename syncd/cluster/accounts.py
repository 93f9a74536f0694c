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
        wanted = _changed_list(list_name, patch, today)
        if wanted != today:
            changed[list_name] = wanted
    return changed


def _changed_list(
    list_name: ListName, patch: AccountPatch, today: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return one list as it is to be: ours taken out, swapped in place or appended, the rest as it is."""
    listed = {item.get("name") for item in today}
    # A dict keeps the order of the bindings, and a name that comes twice once.
    fresh = {
        binding.secret: binding.replaces
        for binding in patch.bind
        if binding.list_name == list_name and binding.secret not in listed
    }
    swaps = {old: new for new, old in fresh.items() if old is not None and old in listed}
    # Of a name that is listed twice the first gives its place to the new one, and no other stays beside it.
    gone = {each.secret for each in patch.unbind if each.list_name == list_name} | swaps.keys()
    kept = [
        {"name": swaps.pop(name)} if name in swaps else item
        for item in today
        if (name := item.get("name")) not in gone or name in swaps
    ]
    placed = {item.get("name") for item in kept}
    return [*kept, *({"name": name} for name in fresh if name not in placed)]


def _annotations(patch: AccountPatch, instance: Instance) -> dict[str, str | None]:
    """Return the annotations to set, with None for those that go."""
    annotations: dict[str, str | None] = dict.fromkeys(patch.unset)
    annotations |= {name: annotation.value for name, annotation in patch.annotations.items()}
    if patch.record is not None:
        annotations[annotations_annotation(instance)] = patch.record or None
    return annotations


def _labels(patch: AccountPatch, instance: Instance) -> dict[str, str | None]:
    """Return our label where we set annotations: KServe copies those to accounts that it generates."""
    return {} if patch.record is None else {LABEL_INSTANCE: instance if patch.record else None}


def _unequal(want: Mapping[str, str | None], have: Mapping[str, str]) -> dict[str, str | None]:
    return {name: value for name, value in want.items() if have.get(name) != value}
