"""What anybody else may do to the cluster of the stateful test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.model.names import LABEL_INSTANCE, ObjectRef
from syncd.model.secret import SecretValue
from tests.unit.sync.witness import TAMPERED

if TYPE_CHECKING:
    from tests.unit.sync.ground import Ground


class Somebody:
    """Writes to the ground as others would, without any guard."""

    ground: Ground

    def _put_secret(self, namespace: str, name: str, manifest: dict[str, Any]) -> None:
        if namespace in self.ground.namespaces:
            self.ground.put("secrets", ObjectRef(namespace, name), manifest)

    def somebody_creates(self, namespace: str, name: str, kind: str) -> None:
        """A Secret of somebody else, where there is none."""
        if ("secrets", ObjectRef(namespace, name)) in self.ground.objects:
            return
        keys = {
            "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            "hub": ("HF_TOKEN", "more"),
            "docker": (".dockerconfigjson",),
            "controlled": ("any",),
        }[kind]
        references = [{"controller": True, "kind": "SealedSecret", "name": name}]
        metadata = {"ownerReferences": references} if kind == "controlled" else {}
        data = {key: SecretValue(f"{TAMPERED} by hand".encode()) for key in keys}
        of_type = "kubernetes.io/dockerconfigjson" if kind == "docker" else "Opaque"
        self._put_secret(namespace, name, {"metadata": metadata, "type": of_type, "data": data})

    def somebody_deletes(self, namespace: str, name: str) -> None:
        """Any Secret goes."""
        self.ground.objects.pop(("secrets", ObjectRef(namespace, name)), None)

    def somebody_edits(self, namespace: str, name: str) -> None:
        """A value of any Secret changes."""
        have = self.ground.objects.get(("secrets", ObjectRef(namespace, name)))
        if have is not None:
            data = dict.fromkeys(have["data"], SecretValue(f"{TAMPERED} at night".encode()))
            self._put_secret(namespace, name, {**have, "data": data})

    def somebody_takes_the_label(self, namespace: str, name: str) -> None:
        """A Secret of ours loses our label."""
        have = self.ground.objects.get(("secrets", ObjectRef(namespace, name)))
        if have is not None:
            labels = {
                key: value
                for key, value in (have["metadata"].get("labels") or {}).items()
                if key != LABEL_INSTANCE
            }
            self._put_secret(namespace, name, {**have, "metadata": {**have["metadata"], "labels": labels}})

    def somebody_copies(self, namespace: str, name: str, where: str, to: str) -> None:
        """A copy of any Secret, our label and records included, where there is none."""
        have = self.ground.objects.get(("secrets", ObjectRef(namespace, name)))
        if have is not None and ("secrets", ObjectRef(where, to)) not in self.ground.objects:
            self._put_secret(where, to, have)

    def somebody_binds(self, namespace: str, account: str, name: str) -> None:
        """A ServiceAccount lists one more name, whether that Secret is there or not."""
        self._list(namespace, account, lambda items: [*items, {"name": name}])

    def somebody_unbinds(self, namespace: str, account: str, name: str) -> None:
        """A ServiceAccount no longer lists a name."""
        self._list(namespace, account, lambda items: [one for one in items if one.get("name") != name])

    def somebody_lists_nothing(self, namespace: str, account: str) -> None:
        """A list gets an item without a name, which is legal."""
        self._list(namespace, account, lambda items: [{}, *items])

    def an_account_goes(self, namespace: str, account: str) -> None:
        """A ServiceAccount is deleted."""
        self.ground.objects.pop(("serviceaccounts", ObjectRef(namespace, account)), None)

    def somebody_writes_an_entry(self, namespace: str, key: str) -> None:
        """An entry of somebody else, or another value under a key of ours."""
        have = self.ground.objects.get(("secrets", ObjectRef(namespace, "storage-config"))) or {"data": {}}
        data = {**have["data"], key: SecretValue(f'{{"type": "s3", "note": "{TAMPERED}"}}'.encode())}
        self._put_secret(namespace, "storage-config", {**have, "type": "Opaque", "data": data})

    def _list(self, namespace: str, account: str, change: Any) -> None:
        place: Any = ("serviceaccounts", ObjectRef(namespace, account))
        have = self.ground.objects.get(place)
        if have is not None:
            self.ground.put(place[0], place[1], {**have, "secrets": change(have.get("secrets") or [])})
