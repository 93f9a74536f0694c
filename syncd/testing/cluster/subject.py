"""What the contract is run against, and the objects that it makes there."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from syncd.cluster.interface import AccountPatch, Rejected, Scope, Written
from syncd.model.difference import secret_difference
from syncd.model.names import (
    CREDENTIAL,
    TARGET,
    CredentialId,
    Instance,
    ObjectRef,
)
from syncd.model.objects import (
    AccountAnnotation,
    Binding,
    DesiredEntry,
    DesiredSecret,
    ObservedAccount,
    ObservedSecret,
)
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.cluster.interface import Cluster, WriteResult
    from syncd.model.reasons import Reason

CANARY: Final = "canary-7f3a91d2c4"
"""Part of every value that the contract writes; it may turn up in nothing but Secrets."""
DIGEST_KEY: Final = b"a key for the contract's digests"
NONE: Final[frozenset[ObjectRef]] = frozenset()
ENDPOINT: Final = "serving.kserve.io/s3-endpoint"
REGION: Final = "serving.kserve.io/s3-region"
CREATORS: Final = 8

WorldResource = Literal["secrets", "serviceaccounts", "configmaps"]


class World(Protocol):
    """Everybody else: people and controllers that write to the same cluster, and may do everything."""

    def namespace(self) -> str:
        """Make a namespace that no other test uses, and return its name."""
        ...

    def terminate(self, namespace: str) -> None:
        """Begin to delete a namespace; it and its objects stay for now."""
        ...

    def put(self, resource: WorldResource, manifest: dict[str, Any]) -> None:
        """Create an object; Secret values are base64."""
        ...

    def patch(self, resource: WorldResource, ref: ObjectRef, patch: dict[str, Any]) -> None:
        """Apply a JSON merge patch, whatever the object is like by now."""
        ...

    def get(self, resource: WorldResource, ref: ObjectRef) -> dict[str, Any] | None:
        """Return the object as it is stored, None when there is none."""
        ...

    def delete(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Delete an object."""
        ...

    def begin_deletion(self, resource: WorldResource, ref: ObjectRef) -> None:
        """Delete an object that a finalizer holds, so that it stays."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """What the contract is run against: `cluster` writes as `instance`, with `DIGEST_KEY`."""

    cluster: Cluster
    world: World
    instance: Instance
    kserve_namespace: str


def wanted(ref: ObjectRef, **keys: str) -> DesiredSecret:
    """Return a Secret for KServe as the mapping would render it; every value holds the canary."""
    return DesiredSecret(
        ref=ref,
        credential=CredentialId("models"),
        type="Opaque",
        data={
            key: value(text) for key, text in (keys or {"AWS_ACCESS_KEY_ID": "1", "AWS_SECRET": "2"}).items()
        },
        annotations={ENDPOINT: "minio:9000", REGION: "here"},
        labels={"team": "recsys"},
        records={TARGET: str(ref), CREDENTIAL: "models"},
        detects_as="s3",
        bound_to=frozenset({"secrets/b", "secrets/a"}),
    )


def value(text: str) -> SecretValue:
    """Return a value with the canary in it."""
    return SecretValue(f"{CANARY}-{text}".encode())


def entry(ref: ObjectRef, key: str, text: str = "1") -> DesiredEntry:
    """Return an entry of a storage-config Secret."""
    return DesiredEntry(ref, key, CredentialId("models"), value(text), {"credential": "models"})


def secret(ref: ObjectRef, data: Mapping[str, SecretValue], **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a manifest for `World.put`; `labels` and `annotations` go to its metadata."""
    metadata = {"name": ref.name, "namespace": ref.namespace}
    metadata |= {name: parts.pop(name) for name in ("labels", "annotations") if name in parts}
    encoded = {key: base64.b64encode(hidden.reveal()).decode() for key, hidden in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": encoded,
    } | parts


def account(ref: ObjectRef, **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a manifest for `World.put`."""
    metadata = {"name": ref.name, "namespace": ref.namespace}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata} | parts


def look(
    subject: Subject, *, secrets: Iterable[ObjectRef] = (), **scope: frozenset[ObjectRef]
) -> Mapping[ObjectRef, ObservedSecret]:
    """Return the Secrets that the reader observes."""
    cluster = subject.cluster
    asked = Scope(frozenset(secrets), scope.get("entries", NONE), scope.get("accounts", NONE))
    return cluster.observe(asked, cluster.survey()).secrets


def look_at(subject: Subject, ref: ObjectRef) -> ObservedSecret:
    """Return one Secret that exists."""
    return look(subject, secrets=[ref])[ref]


def look_at_account(subject: Subject, ref: ObjectRef) -> ObservedAccount:
    """Return one ServiceAccount that exists."""
    return subject.cluster.survey().accounts[ref]


def written(result: WriteResult) -> Written:
    """Return what was written; fails with the rejection, which holds no value."""
    assert isinstance(result, Written), result  # what pytest shows here has no values
    return result


def rejected(result: WriteResult, reason: Reason, *, again: bool = False) -> Rejected:
    """Return the rejection; fails unless it has this reason, and holds no value."""
    assert isinstance(result, Rejected), "the write was accepted"
    assert (result.reason, result.again) == (reason, again), result
    assert CANARY not in repr(result)
    assert base64.b64encode(CANARY.encode()).decode()[:-4] not in repr(result)
    return result


def stored(subject: Subject, resource: WorldResource, ref: ObjectRef) -> str | None:
    """Return a digest of the whole object as it is stored, None when there is none."""
    manifest = subject.world.get(resource, ref)
    if manifest is None:
        return None
    return SecretValue(json.dumps(manifest, sort_keys=True, default=str).encode()).digest(DIGEST_KEY)


def differs(subject: Subject, want: DesiredSecret) -> bool:
    """Tell whether the Secret in the cluster is another one than `want`."""
    have = look_at(subject, want.ref)
    return bool(secret_difference(want, have, instance=subject.instance, digest_key=DIGEST_KEY))


def bind(*names: str, record: str | None = None, **annotations: str) -> AccountPatch:
    """Return a patch that appends names to `secrets`."""
    credential = CredentialId("models")
    return AccountPatch(
        tuple(Binding("secrets", name, credential, "s3") for name in names),
        {name.replace("_", "."): AccountAnnotation(text, credential) for name, text in annotations.items()},
        record,
    )
