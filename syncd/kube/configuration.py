"""Which API server, and as whom: flags, KUBECONFIG, the pod's account, `~/.kube/config`, in that order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubernetes.client import Configuration
from kubernetes.config import (
    ConfigException,
    list_kube_config_contexts,
    load_incluster_config,
    load_kube_config,
)
from yaml import YAMLError

from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_KUBECONFIG: Final = "~/.kube/config"
_BROKEN: Final = (ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError)
"""What the client raises for a file that is no kubeconfig."""
_ACCOUNT_FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to reach the cluster: `kubeconfig` and `context` as given by flags, connections kept open."""

    kubeconfig: str | None = None
    context: str | None = None
    pool_size: int = 16


@dataclass(frozen=True, slots=True)
class Located:
    """A configuration, where it came from (for messages), and the namespace that it names."""

    client: Configuration
    origin: str
    namespace: str | None


def locate(settings: ConnectionSettings, environment: Mapping[str, str] = os.environ) -> Located:
    """Load the configuration that applies.

    Raises:
        UsageError: when there is none, or it is unusable. The client's own text stays out: it can quote the
            user entry of a kubeconfig, token and all.

    """
    files = settings.kubeconfig or environment.get("KUBECONFIG")
    if files:
        return _from_files(files, settings)
    if settings.context is None and environment.get("KUBERNETES_SERVICE_HOST"):
        return _from_pod(settings)
    if settings.context is not None or Path(DEFAULT_KUBECONFIG).expanduser().is_file():
        return _from_files(DEFAULT_KUBECONFIG, settings)
    raise UsageError(
        "no cluster is configured: give --kubeconfig, set KUBECONFIG, run in a pod, or use --directory"
    )


def _from_files(files: str, settings: ConnectionSettings) -> Located:
    if not any(Path(name).expanduser().is_file() for name in files.split(os.pathsep) if name):
        raise UsageError(f"kubeconfig {files} does not exist")
    contexts = _contexts(files)
    if contexts is None:
        raise UsageError(f"kubeconfig {files} is unusable; `kubectl config view` with it shows what is wrong")
    named, current = contexts
    context = settings.context or current
    if context not in named:
        raise UsageError(f"kubeconfig {files} has no context {context}; it has {', '.join(sorted(named))}")
    client = _configuration(settings)
    usable = True
    try:
        load_kube_config(config_file=files, context=context, client_configuration=client)
    except _BROKEN:
        usable = False
    if not usable:
        raise UsageError(f"kubeconfig {files} is unusable; `kubectl config view` with it shows what is wrong")
    return Located(client, f"kubeconfig {files}, context {context}", named[context])


def _contexts(files: str) -> tuple[dict[str, str | None], str] | None:
    """Return context → namespace and the current context, None when the files cannot be read."""
    try:
        contexts, current = list_kube_config_contexts(config_file=files)
    except _BROKEN:
        return None
    return {item["name"]: item["context"].get("namespace") for item in contexts}, current["name"]


def _from_pod(settings: ConnectionSettings) -> Located:
    client = _configuration(settings)
    problem: str | None = None
    try:
        load_incluster_config(client_configuration=client)
    except (ConfigException, OSError) as error:
        problem = str(error)
    if problem is not None:
        raise UsageError(
            f"the pod's own account cannot be used ({problem}); is automountServiceAccountToken off?"
        )
    namespace = _ACCOUNT_FOLDER / "namespace"
    return Located(
        client, "the pod's own account", namespace.read_text().strip() if namespace.is_file() else None
    )


def _configuration(settings: ConnectionSettings) -> Configuration:
    """Return a configuration of its own: proxies and CA from the environment, the rest still to be loaded."""
    return Configuration(connection_pool_maxsize=settings.pool_size)
