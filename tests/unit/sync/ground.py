"""A whole cluster in memory: what the real writer sends is kept, and whoever watches hears of every write."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncd.cluster.interface import Rejected, Written
from syncd.cluster.manifest import config_map_data
from syncd.cluster.merge_patch import merged
from syncd.cluster.observed import (
    listed_secrets,
    observed_account,
    observed_config_map,
    observed_namespace,
    observed_secret,
)
from syncd.cluster.writer import ObjectWriter
from syncd.model.errors import ClusterUnreachable
from syncd.model.names import LABEL_INSTANCE, LABEL_RELEASED, Instance, ObjectRef
from syncd.model.objects import ObservedState, Survey
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from syncd.cluster.interface import Scope, WriteResult
    from syncd.cluster.manifest import Resource
    from syncd.model.objects import ObservedConfigMap, ObservedNamespace, ObservedSecret
    from syncd.model.secret import SecretValue

    Ending = Literal["killed", "answer lost", "not sent"]

KEY = b"0123456789abcdef"
ME = Instance("syncd")
Place = tuple["Resource", ObjectRef]
_MOVED = Rejected(Reason.CONFLICT, "it moved", "It is read and planned again", again=True)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone: nothing in it goes on."""


@dataclass(slots=True)
class Ground:
    """Objects by resource and name, and requests that an API server would take or refuse.

    `heard` is called after each write with the place and what was there before and after. `ending` happens
    at the `at`-th write from now, counted from 1; `before` is what others do ahead of it.
    """

    objects: dict[Place, dict[str, Any]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: Callable[[Place, dict[str, Any] | None, dict[str, Any] | None], None] = lambda *_: None
    at: int = 0
    ending: Ending | None = None
    before: Callable[[], object] | None = None
    over: bool = False
    _version: int = 0

    def put(self, resource: Resource, ref: ObjectRef, manifest: Mapping[str, Any]) -> None:
        """Store an object as somebody else would; it keeps its uid."""
        self._version += 1
        known = self.objects.get((resource, ref), {}).get("metadata", {})
        metadata = {
            **manifest.get("metadata", {}),
            "uid": known.get("uid", f"u{self._version}"),
            "name": ref.name,
            "namespace": ref.namespace,
            "resourceVersion": str(self._version),
        }
        self.objects[resource, ref] = {**copy.copy(dict(manifest)), "metadata": metadata}

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Create the object if there is none, in a namespace that is there to stay."""
        namespace = self.namespaces.get(ref.namespace)

        def answer() -> WriteResult:
            if namespace is None:
                return Rejected(Reason.NAMESPACE_MISSING, "there is no such namespace", "Create it")
            if "deletionTimestamp" in namespace["metadata"]:
                return Rejected(Reason.NAMESPACE_TERMINATING, "it is going away", "Nothing")
            if (resource, ref) in self.objects:
                return _MOVED
            return self._store(resource, ref, manifest)

        return self._request(answer)

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Patch the object if it is the one that was looked at, as it was."""

        def answer() -> WriteResult:
            have = self.objects.get((resource, ref))
            if have is None or not _same(have["metadata"], patch["metadata"]):
                return _MOVED
            return self._store(resource, ref, merged(have, patch))

        return self._request(answer)

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Delete the object if it is the one that was looked at, as it was; one that is gone is done."""

        def answer() -> WriteResult:
            have = self.objects.get((resource, ref))
            if have is not None and not _same(
                have["metadata"], {"uid": uid, "resourceVersion": resource_version}
            ):
                return _MOVED
            if have is not None:
                del self.objects[resource, ref]
                self.heard((resource, ref), have, None)
            return Written(uid, resource_version)

        return self._request(answer)

    def _store(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> Written:
        before = self.objects.get((resource, ref))
        self.put(resource, ref, manifest)
        after = self.objects[resource, ref]
        self.heard((resource, ref), before, after)
        return Written(after["metadata"]["uid"], after["metadata"]["resourceVersion"])

    def _request(self, answer: Callable[[], WriteResult]) -> WriteResult:
        if self.over:
            raise Killed
        self.at -= 1
        if self.at != 0:
            return answer()
        if self.before is not None:
            self.before()
        if self.ending is None:
            return answer()
        if self.ending == "killed":
            self.over = True
        if self.ending != "not sent":
            answer()
        if self.over:
            raise Killed
        raise ClusterUnreachable("the connection was cut")


class GroundCluster(ObjectWriter):
    """A `Cluster` on a `Ground`."""

    def __init__(self, ground: Ground) -> None:
        """Look at this ground and write to it."""
        super().__init__(ground, instance=ME, digest_key=KEY)
        self._ground = ground

    def survey(self) -> Survey:
        """Return all namespaces and ServiceAccounts."""
        accounts = {
            ref: observed_account(manifest)
            for (resource, ref), manifest in sorted(self._ground.objects.items())
            if resource == "serviceaccounts"
        }
        return Survey({name: _namespace(one) for name, one in self._ground.namespaces.items()}, accounts)

    def observe(self, scope: Scope, survey: Survey) -> ObservedState:
        """Return the Secrets that a reader would, and no other."""
        accounts = (survey.accounts[ref] for ref in scope.accounts if ref in survey.accounts)
        listed = {ref for account in accounts for ref in listed_secrets(account)}
        wanted = scope.secrets | scope.entries | listed
        seen = {
            ref: secret
            for ref, secret in self._secrets().items()
            if ref in wanted or secret.labels.get(LABEL_INSTANCE) == ME
        }
        return ObservedState(survey, seen)

    def released(self) -> Mapping[ObjectRef, ObservedSecret]:
        """Return what carries the label for what was released."""
        return {ref: one for ref, one in self._secrets().items() if one.labels.get(LABEL_RELEASED) == ME}

    def kserve_config(self) -> str | None:
        """Return the text of `credentials`."""
        return (self.read_config_map("kserve", "inferenceservice-config") or {}).get("credentials")

    def read_secret(self, namespace: str, name: str) -> Mapping[str, SecretValue] | None:
        """Return the data of one Secret."""
        found = self._ground.objects.get(("secrets", ObjectRef(namespace, name)))
        return None if found is None else found["data"]

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return the texts of one ConfigMap."""
        found = self._ground.objects.get(("configmaps", ObjectRef(namespace, name)))
        return None if found is None else config_map_data(found)

    def observe_config_map(self, ref: ObjectRef) -> ObservedConfigMap | None:
        """Return one ConfigMap and what guards it."""
        found = self._ground.objects.get(("configmaps", ref))
        return None if found is None else observed_config_map(found)

    def _secrets(self) -> dict[ObjectRef, ObservedSecret]:
        return {
            ref: observed_secret(manifest, digest_key=KEY, now=_NOW)
            for (resource, ref), manifest in sorted(self._ground.objects.items())
            if resource == "secrets"
        }


def _namespace(manifest: dict[str, Any]) -> ObservedNamespace:
    return observed_namespace(manifest)


def _same(have: Mapping[str, Any], guard: Mapping[str, Any]) -> bool:
    return all(have[name] == guard[name] for name in ("uid", "resourceVersion"))
