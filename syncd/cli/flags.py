"""The flags that commands share, and what they say together."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from syncd.app import KSERVE_NAMESPACE, ClusterOptions, StoreAuth
from syncd.daemon.options import CONFIG_MAP
from syncd.model.errors import UsageError
from syncd.model.names import Instance, ObjectRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.cluster.directory.files import Values

NAMESPACE: Final = "syncd"
INSTANCE: Final = "syncd"
TIMEOUT: Final = 60.0
_CHOSEN: Final = "chosen"
_INSTANCE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?")


Format = Literal["wide", "name", "json", "yaml"]
"""How results are printed."""
Shown = Literal["shown", "hidden"]
"""Whether values are printed or written."""

Filenames = Annotated[
    list[str] | None,
    typer.Option(
        "--filename",
        "-f",
        metavar="FILE|DIR|-",
        help="File or directory with the mapping, or - for standard input; may be given again."
        " Without it: the ConfigMap in the cluster.",
    ),
]
Namespace = Annotated[
    str,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        envvar="SYNCD_NAMESPACE",
        help="syncd's own namespace, with the mapping's ConfigMap.",
    ),
]
ConfigMap = Annotated[
    str, typer.Option("--configmap", metavar="NAME", help="Name of the mapping's ConfigMap.")
]
Kubeconfig = Annotated[
    str | None,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="Default: KUBECONFIG, then the pod's own account, then ~/.kube/config.",
    ),
]
Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig.")]
Directory = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="DIR",
        help="A directory of manifests instead of a cluster.",
    ),
]
InstanceName = Annotated[
    str | None,
    typer.Option(
        "--instance",
        metavar="NAME",
        envvar="SYNCD_INSTANCE",
        help="Whose objects are ours, at most 50 characters. Default: the namespace, or syncd with -f.",
    ),
]
KServeNamespace = Annotated[
    str,
    typer.Option(
        "--kserve-namespace",
        metavar="NAME",
        help="Namespace of KServe, with its inferenceservice-config.",
    ),
]
StoreLogin = Annotated[
    StoreAuth,
    typer.Option(
        "--store-auth",
        metavar="configured|ambient",
        help="configured: log in to stores as the mapping says. ambient: with your own login"
        " (VAULT_TOKEN or ~/.vault-token; the default chain of AWS, Google Cloud, Azure).",
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=1.0,
        metavar="SECONDS",
        help="How long stores may take.",
    ),
]
Output = Annotated[
    Format | None,
    typer.Option(
        "--output", "-o", metavar="wide|name|json|yaml", help="More columns, names only, JSON or YAML."
    ),
]


@dataclass(frozen=True, slots=True)
class Target:
    """What the flags say of mapping and cluster; `files` empty: the ConfigMap."""

    files: tuple[str, ...]
    namespace: str
    config_map: str
    kubeconfig: str | None
    context: str | None
    directory: Path | None
    instance: str | None
    kserve_namespace: str

    @property
    def names_cluster(self) -> bool:
        """Whether a flag says which cluster is meant."""
        return bool(self.kubeconfig or self.context or self.directory)

    @property
    def config_map_ref(self) -> ObjectRef:
        """The ConfigMap with the mapping."""
        return ObjectRef(self.namespace, self.config_map)

    def cluster(self, *, dry_run: bool = False, values: Values = "real") -> ClusterOptions:
        """Return which cluster is meant, and who we are in it.

        Raises:
            UsageError: when flags exclude each other, or the instance is no DNS label of 50 characters.

        """
        if self.directory is not None and (self.kubeconfig or self.context):
            raise UsageError("--directory stands for a cluster: leave out --kubeconfig and --context")
        instance = self.instance or (INSTANCE if self.files else self.namespace)
        if not _INSTANCE.fullmatch(instance):
            raise UsageError(
                f"--instance {instance}: must be a DNS label: lower-case letters, digits and '-', at most 50"
            )
        return ClusterOptions(
            instance=Instance(instance),
            namespace=self.namespace,
            kserve_namespace=self.kserve_namespace,
            kubeconfig=self.kubeconfig,
            context=self.context,
            directory=self.directory,
            dry_run=dry_run,
            values=values,
        )


def target(
    files: Filenames = None,
    *,
    namespace: Namespace = NAMESPACE,
    config_map: ConfigMap = CONFIG_MAP,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    directory: Directory = None,
    instance: InstanceName = None,
    kserve_namespace: KServeNamespace = KSERVE_NAMESPACE,
) -> Target:
    """Put the flags of one command together."""
    return Target(
        tuple(files or ()), namespace, config_map, kubeconfig, context, directory, instance, kserve_namespace
    )


def with_target(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all flags of `target`, and what they say together as its parameter `chosen`.

    typer takes the flags of a command from its signature: there they stand in the place of `chosen`.
    """
    own = inspect.signature(command, eval_str=True)
    shared = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(target, eval_str=True).parameters.values()
    ]
    flags = [
        flag
        for parameter in own.parameters.values()
        for flag in (shared if parameter.name == _CHOSEN else [parameter])
    ]

    @wraps(command)
    def with_flags(*arguments: object, **given: Any) -> None:  # noqa: ANN401  # of each flag's own type
        chosen = target(**{flag.name: given.pop(flag.name) for flag in shared})
        command(*arguments, **{_CHOSEN: chosen}, **given)

    with_flags.__annotations__ = {flag.name: flag.annotation for flag in flags}
    vars(with_flags)["__signature__"] = own.replace(parameters=flags)
    return with_flags
