"""`syncd render`: the manifests of one credential, like `helm template`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import yaml

from syncd.app import KSERVE_NAMESPACE
from syncd.cli import exit_codes
from syncd.cli.console import complain
from syncd.cli.flags import (
    NAMESPACE,
    TIMEOUT,
    Context,
    Directory,
    Filenames,
    InstanceName,
    KServeNamespace,
    Kubeconfig,
    Shown,
    StoreLogin,
    Timeout,
    target,
)
from syncd.cli.logs import log_flags
from syncd.cli.report import refusals_of
from syncd.cli.session import deadline, session_of
from syncd.cluster.entries import new_entries
from syncd.cluster.manifest import revealed
from syncd.cluster.secrets import new_secret
from syncd.daemon.options import CONFIG_MAP
from syncd.model.errors import UsageError
from syncd.model.names import CredentialId
from syncd.sync.plan import account_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.cli.session import Session
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import DesiredAccount, DesiredEntry, DesiredState

HIDDEN: Final = "(hidden)"
"""Stands for a value; no base64, so that no API server takes such a manifest."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the credential.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Only what goes to this namespace; repeatable."),
]
ConfigMapName = Annotated[
    str,
    typer.Option(
        "--configmap",
        metavar="[NAMESPACE/]NAME",
        help=f"The mapping's ConfigMap; without a namespace: of SYNCD_NAMESPACE, or {NAMESPACE}.",
    ),
]
OwnNamespace = Annotated[str, typer.Option(envvar="SYNCD_NAMESPACE", hidden=True)]
Values = Annotated[
    Shown, typer.Option("--values", metavar="shown|hidden", help="shown: print the values, in base64.")
]


def render(
    ctx: typer.Context,
    name: Name,
    *,
    files: Filenames = None,
    namespaces: Only = None,
    values: Values = "hidden",
    config_map: ConfigMapName = CONFIG_MAP,
    own_namespace: OwnNamespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
    instance: InstanceName = None,
    kserve_namespace: KServeNamespace = KSERVE_NAMESPACE,
    store_auth: StoreLogin = "configured",
    timeout: Timeout = TIMEOUT,
) -> None:
    """Print what one credential becomes.

    Manifests go to standard output, and nothing is written. The secret is read from its store. Of a
    ServiceAccount and of storage-config only our part is printed.

    Example: syncd render models-s3 -f mapping.yaml -n recsys
    """
    namespace, slash, config_map_name = config_map.rpartition("/")
    chosen = target(
        files,
        namespace=namespace if slash else own_namespace,
        config_map=config_map_name,
        kubeconfig=kubeconfig,
        context=context,
        directory=directory,
        instance=instance,
        kserve_namespace=kserve_namespace,
    )
    session = _only(session_of(chosen, chosen.cluster(), log_flags(ctx).listener()), CredentialId(name))
    with session.engine(store_auth) as engine:
        swept = engine.preview(session.document, deadline=deadline(timeout))
    picked = frozenset(namespaces or (placement.id.namespace for placement in swept.wanted.due))
    manifests = [
        revealed(manifest) if values == "shown" else _hidden(manifest)
        for manifest in _manifests(swept.wanted.desired, session.options.instance)
        if manifest["metadata"]["namespace"] in picked
    ]
    if manifests:
        print(yaml.safe_dump_all(manifests, sort_keys=False), end="")
    outcomes = [outcome for outcome in swept.outcomes.values() if outcome.placement.namespace in picked]
    for refusal in refusals_of(outcomes):
        complain(f"{refusal.placement}: {refusal.reason}: {refusal.text}")
    if not manifests and not outcomes:
        complain(f"{name} goes to no namespace" + (f" of {', '.join(namespaces)}" if namespaces else ""))
    codes = [
        exit_codes.of_outcomes(outcomes, swept.wanted.due),
        exit_codes.of_stores(swept.wanted.fetched),
    ]
    raise typer.Exit(exit_codes.first(codes))


def _only(session: Session, name: CredentialId) -> Session:
    """Reduce the mapping to one credential."""
    credential = session.document.credentials.get(name)
    if credential is None:
        known = ", ".join(session.document.credentials) or "none"
        raise UsageError(f"the mapping has no valid credential {name}; it has {known}")
    stores = {store: session.document.stores[store] for store in credential.stores}
    return replace(session, document=replace(session.document, credentials={name: credential}, stores=stores))


def _manifests(desired: DesiredState, instance: Instance) -> Iterator[dict[str, Any]]:
    bound: dict[str, set[str]] = defaultdict(set)
    for account in desired.accounts.values():
        for binding in account.bindings:
            bound[f"{account.ref.namespace}/{binding.secret}"].add(account_name(binding, account.ref))
    for secret in desired.secrets.values():
        yield new_secret(replace(secret, bound_to=frozenset(bound[str(secret.ref)])), instance)
    entries: dict[ObjectRef, list[DesiredEntry]] = defaultdict(list)
    for entry in desired.entries.values():
        entries[entry.object].append(entry)
    for ref, wanted in entries.items():
        yield new_entries(ref, wanted, instance)
    for account in desired.accounts.values():
        yield _part(account)


def _part(account: DesiredAccount) -> dict[str, Any]:
    """Return of a ServiceAccount what is ours: the items of its lists, and annotations."""
    metadata: dict[str, Any] = {"name": account.ref.name, "namespace": account.ref.namespace}
    if account.annotations:
        metadata["annotations"] = {name: note.value for name, note in account.annotations.items()}
    lists: dict[str, list[dict[str, str]]] = {}
    for binding in account.bindings:
        lists.setdefault(binding.list_name, []).append({"name": binding.secret})
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **lists}


def _hidden(manifest: dict[str, Any]) -> dict[str, Any]:
    if "data" not in manifest:
        return manifest
    return manifest | {"data": dict.fromkeys(manifest["data"], HIDDEN)}
