"""The Deployment's container as a process: its arguments, variables and account, and a watch on its files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from tests.harness.processes import Child, wait_for
from tests.integration.daemon.process import WITHIN, Daemon, said
from tests.integration.deploy.manifests import only

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

_WATCH = """
import os, sys
_to = os.open(os.environ["WRITTEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
def _hook(event, args):
    if event == "open":
        path, mode, flags = args
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event not in _CHANGES:
        return
    os.write(_to, f"{event} {args[0]!r}\\n".encode())
sys.addaudithook(_hook)
"""
"""Notes every file that Python opens for writing, makes or removes: there is none on a read-only root."""


@dataclass(frozen=True, slots=True)
class FileWatch:
    """Whatever a Python started with ``environment`` writes is a line in ``written``."""

    folder: Path

    @classmethod
    def lay(cls, folder: Path) -> FileWatch:
        """Lays the watch into a new folder."""
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(_WATCH)
        (folder / "written").touch()
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that let a Python load the watch before anything else."""
        return {"PYTHONPATH": str(self.folder), "WRITTEN": str(self.folder / "written")}

    def written(self) -> list[str]:
        """A line for each file that was written, made or removed so far."""
        return (self.folder / "written").read_text().splitlines()


@dataclass(frozen=True, slots=True)
class Pod:
    """One container of the Deployment, run here."""

    daemon: Daemon
    files: FileWatch

    @classmethod
    def start(cls, plane: ControlPlane, manifests: Iterable[Object], folder: Path) -> Pod:
        """Starts it, and waits until it says where it listens.

        What differs from the pod: a kubeconfig with the account's token, a port of loopback, and debug
        lines, which tell of every request.
        """
        deployment = only(manifests, "Deployment")
        namespace = deployment["metadata"]["namespace"]
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        folder.mkdir(parents=True, exist_ok=True)
        watch = FileWatch.lay(folder / "watch")
        environment = {item["name"]: _value(item, namespace) for item in container.get("env", [])}
        child = Child.start(
            "syncd",
            [
                *(sys.executable, "-m", "syncd", "--log-level", "debug", "--log-format", "json"),
                *container["args"],
                *("--listen", "127.0.0.1:0", "--mapping-poll", "0.2"),
            ],
            folder=folder,
            env={
                **environment,
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "PYTHONDONTWRITEBYTECODE": "1",
                **watch.environment,
                "KUBECONFIG": str(
                    plane.kubeconfig_for_service_account(namespace, spec["serviceAccountName"])
                ),
            },
        )
        line = wait_for(
            "the daemon to listen",
            lambda: next(iter(said(child, "listening")), None),
            within=WITHIN,
            child=child,
        )
        return cls(Daemon(child, int(line["port"]), urllib3.PoolManager(retries=False, timeout=10)), watch)


def _value(item: Object, namespace: str) -> str:
    if "value" in item:
        return str(item["value"])
    assert item["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}, item
    return namespace
