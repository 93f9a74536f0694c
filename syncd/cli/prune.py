"""`syncd prune`: what was released and left in place, and its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import yaml

from syncd.app import KSERVE_NAMESPACE, digest_key, open_cluster
from syncd.cli.console import say, table
from syncd.cli.exit_codes import ExitCode
from syncd.cli.flags import (
    NAMESPACE,
    Context,
    Directory,
    InstanceName,
    KServeNamespace,
    Kubeconfig,
    Namespace,
    Output,
    target,
)
from syncd.cli.logs import log_flags
from syncd.cluster.interface import Rejected
from syncd.sync.kserve_config import ConfigMemory
from syncd.sync.released import delete, released

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.cli.flags import Format
    from syncd.cluster.interface import WriteResult
    from syncd.sync.released import Released

Delete = Annotated[
    bool, typer.Option("--delete", help="Delete what no ServiceAccount names; there is no way back.")
]

_STYLES: Final = {"deleted": "green", "not deleted": "red", "named": "yellow", "released": ""}


def prune(
    ctx: typer.Context,
    *,
    remove: Delete = False,
    output: Output = None,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
    instance: InstanceName = None,
    kserve_namespace: KServeNamespace = KSERVE_NAMESPACE,
) -> None:
    """List what was released: no longer mapped, left in place, and written no more.

    With --delete the Secrets go that no ServiceAccount names, and the entries of storage-config.

    Example: syncd prune -o name
    """
    chosen = target(
        None,
        namespace=namespace,
        kubeconfig=kubeconfig,
        context=context,
        directory=directory,
        instance=instance,
        kserve_namespace=kserve_namespace,
    )
    options = chosen.cluster()
    cluster = open_cluster(
        options, digest_key(), log_flags(ctx).listener(), access="write" if remove else "read"
    )
    config = ConfigMemory(missing_is_shipped=options.directory is not None)
    config.read(cluster)
    found = released(cluster, options.instance, config.storage_configs())
    results = {_key(one): result for one, result in delete(cluster, found)} if remove else {}
    _show(found, results, output)
    refused = any(isinstance(result, Rejected) for result in results.values())
    raise typer.Exit(ExitCode.UNWELL if refused else ExitCode.DONE)


def _show(found: Sequence[Released], results: Mapping[object, WriteResult], output: Format | None) -> None:
    public = [_public(one, results.get(_key(one))) for one in found]
    match output:
        case "json":
            print(json.dumps({"released": public}, indent=2))
        case "yaml":
            print(yaml.safe_dump({"released": public}, sort_keys=False), end="")
        case "name":
            for one in found:
                print(f"secret/{one.ref.namespace}/{one.ref.name}" + (f"#{one.key}" if one.key else ""))
        case _:
            _table(public)


def _table(public: Sequence[Mapping[str, Any]]) -> None:
    if not public:
        say("Nothing is released.")
        return
    columns = ("namespace", "state", "kind", "name", "key", "credential", "named by")
    cells = [
        (
            one["namespace"],
            one["state"],
            one["kind"],
            one["name"],
            one["key"] or "-",
            one["credential"],
            ", ".join(one["namedBy"]) or "-",
        )
        for one in public
    ]
    table(columns, cells, [_STYLES[one["state"]] for one in public])
    for one in public:
        if one["problem"]:
            say(f"{one['namespace']}/{one['name']}: {one['problem']}", "red")


def _public(one: Released, result: WriteResult | None) -> dict[str, Any]:
    problem = f"{result.message}. {result.remedy}" if isinstance(result, Rejected) else None
    state = "named" if one.named_by else "released"
    if result is not None:
        state = "not deleted" if problem else "deleted"
    return {
        "kind": one.kind,
        "namespace": one.ref.namespace,
        "name": one.ref.name,
        "key": one.key,
        "credential": one.credential,
        "state": state,
        "namedBy": list(one.named_by),
        "problem": problem,
    }


def _key(one: Released) -> object:
    return (one.ref, one.key)
