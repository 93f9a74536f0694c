"""KServe's storage initializer, run with exactly what the judge printed."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.harness.judge import Judgement
    from tests.harness.kube_client import KubeClient

TIMEOUT = 120.0
# python/storage-initializer/scripts/initializer-entrypoint does no more than this.
_ENTRYPOINT = "import sys; from kserve_storage import Storage; Storage.download(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, slots=True)
class Download:
    """How a run ended. ``output`` is the initializer's own log; it may hold what its SDKs print."""

    code: int
    folder: Path
    output: str = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """What was downloaded: path under the folder → content."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def download(
    python: Path, uri: str, into: Path, env: Mapping[str, str], *, ca_file: Path | None = None
) -> Download:
    """Runs the initializer for one URI with these variables and nothing else of ours.

    ``python`` is the interpreter of the initializer's own environment (``make tools``). ``ca_file``
    is what the pod's trust store would be.
    """
    into.mkdir(parents=True, exist_ok=True)
    surroundings = {"PATH": os.defpath, "HOME": str(into.parent), "AWS_EC2_METADATA_DISABLED": "true"}
    if ca_file is not None:
        surroundings["REQUESTS_CA_BUNDLE"] = str(ca_file)
    result = subprocess.run(
        [str(python), "-I", "-c", _ENTRYPOINT, uri, str(into)],
        env=surroundings | dict(env),
        cwd=into.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT,
        check=False,
    )
    return Download(result.returncode, into, result.stdout.decode(errors="replace"))


def container_env(client: KubeClient, namespace: str, judgement: Judgement) -> dict[str, str]:
    """The variables as the kubelet would set them: references to Secrets replaced by their values.

    Raises LookupError for a Secret or key that is missing and not optional: the container would not
    start (CreateContainerConfigError). Later variables win over earlier ones of the same name.
    """
    values: dict[str, str] = {}
    for variable in judgement.env:
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference is None:
            values[variable["name"]] = variable.get("value", "")
            continue
        encoded = _secret_key(client, namespace, reference["name"], reference["key"])
        if encoded is not None:
            values[variable["name"]] = base64.b64decode(encoded).decode()
        elif not reference.get("optional"):
            raise LookupError(f"no key {reference['key']} in Secret {namespace}/{reference['name']}")
    return values


def _secret_key(client: KubeClient, namespace: str, name: str, key: str) -> str | None:
    status, body = client.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if status == 404:
        return None
    value = client.must((status, body)).get("data", {}).get(key)
    return None if value is None else str(value)
