"""Looks at every single write and remembers what no write may ever do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.conflicts import EXCLUSIVE
from syncd.kserve.detect import ROLE_ARN, detect
from syncd.model.names import (
    BOUND_TO,
    CREDENTIAL,
    LABEL_INSTANCE,
    LABEL_RELEASED,
    SOURCE,
    TARGET,
    ObjectRef,
    annotations_annotation,
    entries_annotation,
)
from tests.unit.sync.ground import ME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.sync.ground import Ground, Place

Manifest = dict[str, Any]
LISTS = ("secrets", "imagePullSecrets")
TAMPERED = "tampered"
STORAGE = frozenset({"storage-config", "kserve-storage"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a mapping asks of one namespace, by what a credential is called now."""

    accounts: dict[str, frozenset[str]] = field(default_factory=dict)
    entries: frozenset[str] = frozenset()
    adopting: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Witness:
    """Hears of each write; `wrong` says what was wrong with any."""

    ground: Ground
    asked: Callable[[str], Asked]
    wrong: list[str] = field(default_factory=list)
    _dangling: set[tuple[ObjectRef, str]] = field(default_factory=set)
    _seen: dict[ObjectRef, Manifest] = field(default_factory=dict)

    def begin(self) -> None:
        """Remember what dangles already, and what a sweep that begins now may see."""
        self.meanwhile()
        self._seen = {ref: one for (kind, ref), one in self.ground.objects.items() if kind == "secrets"}

    def meanwhile(self) -> None:
        """Remember what dangles by somebody else's doing."""
        self._dangling = set(self._all_dangling())

    def __call__(self, place: Place, before: Manifest | None, after: Manifest | None) -> None:
        """Judge one write."""
        resource, ref = place
        if resource == "secrets" and ref.name in STORAGE:
            self._entries(ref, before, after)
        elif resource == "secrets":
            self._secret(ref, before, after)
        elif resource == "serviceaccounts":
            self._account(ref, before or {"metadata": {}}, after)
        fresh = set(self._all_dangling()) - self._dangling
        if fresh:
            self._say(ref, f"dangles: {sorted(fresh)}")
        self._dangling |= fresh

    def _say(self, ref: ObjectRef, text: str) -> None:
        self.wrong.append(f"{ref}: {text}")

    def _secret(self, ref: ObjectRef, before: Manifest | None, after: Manifest | None) -> None:
        asked = self.asked(ref.namespace)
        if before is not None and owner(before) is None:
            adopted = after is not None and ref.name in asked.adopting
            taken_back = after is not None and _released_by(before) in {*asked.names, *asked.names.values()}
            other = before["metadata"].get("labels", {}).get(LABEL_INSTANCE, ME) != ME
            if other or not (adopted or taken_back):
                self._say(ref, "is somebody else's and was written")
        if after is None or owner(after) is None:
            return
        source = after["metadata"]["annotations"].get(SOURCE, "")
        path = json.loads(source)["*"].rpartition(" ")[2] if source else ""
        texts = [value.reveal().decode() for value in after["data"].values()]
        if not all(path in text or TAMPERED in text for text in texts):
            self._say(ref, f"holds values that are not from {path}")
        for account in self._accounts(ref.namespace):
            self._no_new_clash(account, account, before_secret=(ref, before))

    def _entries(self, ref: ObjectRef, before: Manifest | None, after: Manifest | None) -> None:
        asked = self.asked(ref.namespace)
        if after is None:
            self._say(ref, "was deleted")
            return
        had, has = records(before), records(after)
        for key, value in (before or {}).get("data", {}).items():
            mine = key in had or (key in has and bool(asked.adopting))
            if not mine and after["data"].get(key) != value:
                self._say(ref, f"entry {key} is somebody else's and was written")
        for key, record in has.items():
            path = json.loads(record["source"])["*"].rpartition(" ")[2]
            text = after["data"][key].reveal().decode() if key in after["data"] else TAMPERED
            if path not in text and TAMPERED not in text:
                self._say(ref, f"entry {key} holds values that are not from {path}")
        gone = {asked.names.get(had[key]["credential"], "") for key in had.keys() - after["data"].keys()}
        left = {
            asked.names.get(record["credential"], "")
            for name in STORAGE
            for key, record in records(self._get(ObjectRef(ref.namespace, name))).items()
            if key in self._get(ObjectRef(ref.namespace, name))["data"]
        }
        for credential in (gone & asked.entries) - left:
            if any(asked.names.get(had[key]["credential"]) == credential for key in before_keys(before, had)):
                self._say(ref, f"credential {credential} has no entry any more")

    def _get(self, ref: ObjectRef) -> Manifest:
        return self.ground.objects.get(("secrets", ref)) or {"metadata": {}, "data": {}}

    def _account(self, ref: ObjectRef, before: Manifest, after: Manifest | None) -> None:
        if after is None:
            self._say(ref, "was deleted")
            return
        for name in LISTS:
            old, new = before.get(name) or [], after.get(name) or []
            for item in old:
                if item not in new and not self._bound(ref, name, item.get("name")):
                    self._say(ref, f"lost {item} of {name}, which is not ours")
            if _order(old, new) != _order(new, old):
                self._say(ref, f"has another order in {name}")
        record = annotation_record(before)
        notes, now = (one["metadata"].get("annotations") or {} for one in (before, after))
        for name in notes.keys() - {annotations_annotation(ME)}:
            if name not in record and now.get(name) != notes[name]:
                self._say(ref, f"annotation {name} is somebody else's and was written")
        self._no_new_clash(before, after)
        asked = self.asked(ref.namespace)
        lost = set(self._has(before, asked)) - set(self._has(after, asked))
        for credential in lost:
            if ref.name in asked.accounts.get(credential, ()):
                self._say(ref, f"has nothing of credential {credential} any more")

    def _no_new_clash(
        self,
        before: Manifest,
        after: Manifest,
        before_secret: tuple[ObjectRef, Manifest | None] | None = None,
    ) -> None:
        for kind in sorted(EXCLUSIVE):
            then = self._count(before, kind, before_secret)
            now = self._count(after, kind, None)
            if now > max(1, then):
                where = f"{after['metadata']['namespace']}/{after['metadata']['name']}"
                self.wrong.append(f"{where}: {now} of kind {kind}")

    def _count(self, account: Manifest, kind: str, instead: tuple[ObjectRef, Manifest | None] | None) -> int:
        total = int(kind == "s3" and ROLE_ARN in (account["metadata"].get("annotations") or {}))
        for name in {item.get("name", "") for item in account.get("secrets") or []}:
            ref = ObjectRef(account["metadata"].get("namespace", ""), name)
            found = self.ground.objects.get(("secrets", ref))
            if instead is not None and instead[0] == ref:
                found = instead[1]
            if found is not None and detect(found["data"].keys(), KServeConfig()) == kind:
                total += 1
        return total

    def _bound(self, account: ObjectRef, list_name: str, secret: str | None) -> bool:
        """Tell whether we bound it, as it is or as it was when the sweep began."""
        ref = ObjectRef(account.namespace, secret or "")
        return any(
            found is not None
            and owner(found) is not None
            and f"{list_name}/{account.name}" in (found["metadata"]["annotations"].get(BOUND_TO) or "")
            for found in (self.ground.objects.get(("secrets", ref)), self._seen.get(ref))
        )

    def _has(self, account: Manifest, asked: Asked) -> Iterator[str]:
        """Yield the credentials, as they are called now, that a ServiceAccount has."""
        for name in LISTS:
            for item in account.get(name) or []:
                ref = ObjectRef(account["metadata"]["namespace"], item.get("name", ""))
                found = self.ground.objects.get(("secrets", ref))
                mine = owner(found) if found is not None else None
                if mine is not None and mine in asked.names:
                    yield asked.names[mine]
        for credential in annotation_record(account).values():
            if credential in asked.names:
                yield asked.names[credential]

    def _accounts(self, namespace: str) -> Iterator[Manifest]:
        for (resource, ref), manifest in self.ground.objects.items():
            if resource == "serviceaccounts" and ref.namespace == namespace:
                yield manifest

    def _all_dangling(self) -> Iterator[tuple[ObjectRef, str]]:
        for (resource, ref), manifest in self.ground.objects.items():
            if resource != "serviceaccounts":
                continue
            for name in LISTS:
                for item in manifest.get(name) or []:
                    secret = ObjectRef(ref.namespace, item.get("name", ""))
                    if secret.name and ("secrets", secret) not in self.ground.objects:
                        yield ref, secret.name


def _order(items: list[Manifest], others: list[Manifest]) -> list[str | None]:
    """Return the items that are in both lists, in their order; one that is there twice counts once."""
    return list(dict.fromkeys(item.get("name") for item in items if item in others))


def before_keys(before: Manifest | None, had: dict[str, dict[str, str]]) -> list[str]:
    """Return the recorded entries that were really there."""
    return [key for key in had if key in (before or {}).get("data", {})]


def owner(manifest: Manifest) -> str | None:
    """Return the credential that a Secret of ours was written for, None when it is not ours."""
    metadata = manifest["metadata"]
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if labels.get(LABEL_INSTANCE) != ME or notes.get(TARGET) != f"{metadata['namespace']}/{metadata['name']}":
        return None
    return str(notes.get(CREDENTIAL))


def _released_by(manifest: Manifest) -> str | None:
    metadata = manifest["metadata"]
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if labels.get(LABEL_RELEASED) != ME or notes.get(TARGET) != f"{metadata['namespace']}/{metadata['name']}":
        return None
    return notes.get(CREDENTIAL)


def records(manifest: Manifest | None) -> dict[str, dict[str, str]]:
    """Return the record of our entries."""
    notes = (manifest or {"metadata": {}})["metadata"].get("annotations") or {}
    return dict(json.loads(notes.get(entries_annotation(ME), "{}")))


def annotation_record(account: Manifest) -> dict[str, str]:
    """Return the record of our annotations."""
    notes = account["metadata"].get("annotations") or {}
    return dict(json.loads(notes.get(annotations_annotation(ME), "{}")).get("annotations", {}))
