"""Small values for the tests of the sync steps: credential `hub`, namespace `nlp`, unless said otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings
from syncd.mapping.credential import (
    AccountChoice,
    Credential,
    DeletionPolicy,
    Placement,
    Requirement,
    Schedule,
    Selector,
    Source,
    Target,
)
from syncd.model.names import (
    CREDENTIAL,
    LABEL_INSTANCE,
    TARGET,
    CredentialId,
    Instance,
    ObjectRef,
    Origin,
    PlacementId,
)
from syncd.model.objects import (
    AccountAnnotation,
    Binding,
    DesiredAccount,
    DesiredEntry,
    DesiredSecret,
    DesiredState,
    ListName,
    ObservedAccount,
    ObservedNamespace,
    ObservedSecret,
    ObservedState,
    Survey,
)
from syncd.model.secret import ChangeToken, RemoteSecret, SecretRef, SecretValue, StoreName

if TYPE_CHECKING:
    from collections.abc import Mapping

ME = Instance("syncd")
KEY = b"k" * 32
STORE = StoreName("vault")
HUB = CredentialId("hub")
ORIGIN = Origin("credentials.yaml", 3, 5, "credentials.hub")


def ref(name: str = "hub", namespace: str = "nlp") -> ObjectRef:
    """Name an object."""
    return ObjectRef(namespace, name)


def values(data: Mapping[str, str]) -> dict[str, SecretValue]:
    """Hide texts."""
    return {name: SecretValue(text.encode()) for name, text in data.items()}


def desired(
    data: Mapping[str, str] | None = None,
    *,
    name: str = "hub",
    namespace: str = "nlp",
    credential: str = "hub",
    kind: str = "Opaque",
    detects_as: str | None = "huggingFace",
    **more: Any,
) -> DesiredSecret:
    """Return a Secret as it should be."""
    where = ref(name, namespace)
    return DesiredSecret(
        ref=where,
        credential=CredentialId(credential),
        type=kind,
        data=values(data or {"HF_TOKEN": "t"}),
        annotations=more.pop("annotations", {}),
        labels=more.pop("labels", {}),
        records={TARGET: str(where), CREDENTIAL: credential, **more.pop("records", {})},
        detects_as=detects_as,
        **more,
    )


def as_written(want: DesiredSecret, **changes: Any) -> ObservedSecret:
    """Return the Secret as it is after it was written."""
    bound = (
        {"syncd.dev/bound-to": json.dumps(sorted(want.bound_to), separators=(",", ":"))}
        if want.bound_to
        else {}
    )
    observed = ObservedSecret(
        ref=want.ref,
        uid="u1",
        resource_version="1",
        type=want.type,
        immutable=False,
        deleting=False,
        labels={LABEL_INSTANCE: ME, **want.labels},
        annotations={**want.annotations, **want.records, **bound},
        data={name: value.digest(KEY) for name, value in want.data.items()},
        sizes={name: value.size() for name, value in want.data.items()},
    )
    return replace(observed, **changes)


def foreign(name: str, data: Mapping[str, str], namespace: str = "nlp", **changes: Any) -> ObservedSecret:
    """Return a Secret that somebody else made."""
    want = desired(data, name=name, namespace=namespace)
    return as_written(want, **{"labels": {}, "annotations": {}, **changes})


def account(
    name: str = "models", items: tuple[Mapping[str, Any], ...] = (), namespace: str = "nlp", **changes: Any
) -> ObservedAccount:
    """Return a ServiceAccount as it is, with these items on its list `secrets`."""
    lists: dict[ListName, tuple[Mapping[str, Any], ...]] = {"secrets": items, "imagePullSecrets": ()}
    return replace(ObservedAccount(ref(name, namespace), "u2", "2", False, {}, {}, lists), **changes)


def namespace(name: str = "nlp", **changes: Any) -> ObservedNamespace:
    """Return a namespace as it is."""
    return replace(ObservedNamespace(name, {}, {}, terminating=False), **changes)


def survey(*objects: ObservedAccount | ObservedNamespace) -> Survey:
    """Return a cluster's namespaces (nlp, unless there are others) and ServiceAccounts."""
    namespaces = {one.name: one for one in objects if isinstance(one, ObservedNamespace)}
    accounts = {one.ref: one for one in objects if isinstance(one, ObservedAccount)}
    return Survey(namespaces or {"nlp": namespace()}, accounts)


def observed(*objects: ObservedSecret | ObservedAccount | ObservedNamespace) -> ObservedState:
    """Return what a sweep sees."""
    others = [one for one in objects if not isinstance(one, ObservedSecret)]
    return ObservedState(
        survey(*others), {one.ref: one for one in objects if isinstance(one, ObservedSecret)}
    )


def binding(secret: str = "hub", credential: str = "hub", kind: str | None = "huggingFace") -> Binding:
    """Return a binding on the list `secrets`."""
    return Binding("secrets", secret, CredentialId(credential), kind)


def wanted_account(
    *bindings: Binding,
    name: str = "models",
    create: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> DesiredAccount:
    """Return what a ServiceAccount should have; annotations are for credential `hub`."""
    notes = {key: AccountAnnotation(value, HUB) for key, value in (annotations or {}).items()}
    return DesiredAccount(ref(name), bindings, notes, create)


def entry(value: str = "{}", key: str = "hub", credential: str = "hub", **record: str) -> DesiredEntry:
    """Return an entry of storage-config."""
    return DesiredEntry(
        ref("storage-config"),
        key,
        CredentialId(credential),
        SecretValue(value.encode()),
        {"credential": credential, **record},
    )


def state(*objects: DesiredSecret | DesiredAccount | DesiredEntry) -> DesiredState:
    """Return what a sweep wants."""
    return DesiredState(
        {one.ref: one for one in objects if isinstance(one, DesiredSecret)},
        {one.ref: one for one in objects if isinstance(one, DesiredAccount)},
        {(one.object, one.key): one for one in objects if isinstance(one, DesiredEntry)},
    )


def remote(payload: str, secret: str = "kv/hub", version: str | None = "1", **more: Any) -> RemoteSecret:
    """Return what a store answered."""
    token = ChangeToken(version) if version else None
    return RemoteSecret(SecretRef(STORE, secret), token, SecretValue(payload.encode()), **more)


def target(**changes: Any) -> Target:
    """Return a target: Secret `hub` in nlp, bound to ServiceAccount `models`."""
    base = Target(("nlp",), None, "hub", AccountChoice(("models",)), origin=ORIGIN)
    return replace(base, **changes)


def credential(kind: str = "huggingFace", **changes: Any) -> Credential:
    """Return a credential: the hub's token, by its usual names, from vault:kv/hub."""
    source = Source(SecretRef(STORE, "kv/hub"), "default", names=("HF_TOKEN", "token"), bare=True)
    base = Credential(
        id=HUB,
        kind=KINDS[kind],
        sources={"token": source},
        settings={},
        targets=(target(),),
        deletion=DeletionPolicy(),
        schedule=Schedule(),
        suspended=False,
        optional=False,
        origin=ORIGIN,
    )
    return replace(base, **changes)


def placement(one: Credential | None = None, **changes: Any) -> Placement:
    """Return a placement of the credential in nlp."""
    of = one or credential()
    base = Placement(
        id=PlacementId(of.id, "nlp"),
        credential=of,
        target=of.targets[0],
        secret=ref(of.targets[0].secret),
        accounts=("models",),
        sources=of.sources,
        settings=of.settings,
        account_annotations={},
        entry=None,
        suspended=of.suspended,
    )
    return replace(base, **changes)


def selector(**labels: str) -> Selector:
    """Return a selector that wants these label values."""
    return Selector(tuple(Requirement(name, "In", frozenset({value})) for name, value in labels.items()))


def entry_settings(key: str = "hub", bucket: str | None = None) -> EntrySettings:
    """Return `storageConfig` of a placement."""
    return EntrySettings(key, bucket)
