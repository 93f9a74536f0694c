"""`syncd confirm`: let go on what is held, and return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.app import digest_key, open_cluster
from syncd.cli.console import say
from syncd.cli.flags import NAMESPACE, Context, Directory, Kubeconfig, Namespace, target
from syncd.cli.logs import log_flags
from syncd.cluster.interface import Written
from syncd.model.errors import UsageError, WriteRefused
from syncd.model.names import ObjectRef
from syncd.sync.ledger import CONFIRMED, STATE, confirmed_text, ledger_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.cluster.interface import Cluster
    from syncd.sync.ledger import Class, HeldSet

TRIES: Final = 5
"""How often the ConfigMap is read again when the daemon wrote it in between."""

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="What is to go on: the ids that are shown.")]


def confirm(
    ctx: typer.Context,
    ids: Ids,
    *,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
) -> None:
    """Let the removals or reshapes go on that are held under an id.

    It is noted and this returns: the daemon, or the next sync --prune, acts on it if what is held is still
    the same. Each id is good for once.

    Example: syncd confirm kqzvmrtb
    """
    chosen = target(None, namespace=namespace, kubeconfig=kubeconfig, context=context, directory=directory)
    cluster = open_cluster(chosen.cluster(), digest_key(), log_flags(ctx).listener(), access="write")
    for one in confirmed(cluster, ObjectRef(namespace, STATE), frozenset(ids)):
        say(f"Confirmed: {one}")
    say("The daemon, or the next syncd sync --prune, acts on it if nothing else is held by then.")


def confirmed(cluster: Cluster, ref: ObjectRef, ids: frozenset[str]) -> list[str]:
    """Note the ids in the ConfigMap, and return what each stands for.

    Raises:
        UsageError: for an id that nothing is held under; those that there are are named.
        WriteRefused: when it cannot be written.
        ClusterUnreachable: when the cluster does not answer.

    """
    for _ in range(TRIES):
        have = cluster.observe_config_map(ref)
        ledger = ledger_of(have.data if have is not None else {})
        held = {one.id: f"{one.id}, {len(one.marks)} {kind}" for kind, one in ledger.held.items()}
        unknown = sorted(ids - held.keys())
        if unknown:
            raise UsageError(f"{', '.join(unknown)}: nothing is held under this id; {_known(ledger.held)}")
        text = confirmed_text(ledger.confirmed | ids)
        result = cluster.write_config_map(ref, {CONFIRMED: text}, have)
        if isinstance(result, Written):
            return [held[one] for one in sorted(ids)]
        if not result.again:
            raise WriteRefused(f"{result.message}. {result.remedy}")
    raise WriteRefused(f"ConfigMap {ref} is written by somebody else all the time; try again")


def _known(held: Mapping[Class, HeldSet]) -> str:
    if not held:
        return "nothing is held at all"
    return "held are " + ", ".join(f"{one.id} ({len(one.marks)} {kind})" for kind, one in held.items())
