"""The flags that commands share, and what they say together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from syncd.app import KSERVE_NAMESPACE, ClusterOptions, StoreAuth
from syncd.daemon.options import CONFIG_MAP
from syncd.model.errors import UsageError
from syncd.model.names import Instance, ObjectRef

if TYPE_CHECKING:
    from syncd.cluster.directory.files import Values

NAMESPACE: Final = "syncd"
INSTANCE: Final = "syncd"
TIMEOUT: Final = 60.0
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
    files: list[str] | None,
    *,
    namespace: str = NAMESPACE,
    config_map: str = CONFIG_MAP,
    kubeconfig: str | None = None,
    context: str | None = None,
    directory: Path | None = None,
    instance: str | None = None,
    kserve_namespace: str = KSERVE_NAMESPACE,
) -> Target:
    """Put the flags of one command together."""
    return Target(
        tuple(files or ()), namespace, config_map, kubeconfig, context, directory, instance, kserve_namespace
    )
