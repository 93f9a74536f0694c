"""KServe's own credential builder, asked what a storage initializer's container would get.

The program is ``tests/tools/judge``; it reads the API server afresh for each question.
"""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from tests.harness.processes import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

CONFIG_NAMESPACE = "kserve"
PLACEHOLDER = "<scheme-placeholder>"
"""What KServe's webhook writes for the scheme of ``storage.path`` before it asks the builder."""
MODEL_FOLDER = "/mnt/models"

SHIPPED_CREDENTIALS: Mapping[str, Any] = {
    # config/configmap/inferenceservice.yaml of KServe v0.19.0, key `credentials`.
    "storageSpecSecretName": "storage-config",
    "storageSecretNameAnnotation": "serving.kserve.io/storageSecretName",
    "gcs": {"gcsCredentialFileName": "gcloud-application-credentials.json"},
    "s3": {
        "s3AccessKeyIDName": "AWS_ACCESS_KEY_ID",
        "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY",
        "s3Endpoint": "",
        "s3UseHttps": "",
        "s3Region": "",
        "s3VerifySSL": "",
        "s3UseVirtualBucket": "",
        "s3UseAccelerate": "",
        "s3UseAnonymousCredential": "",
        "s3CABundleConfigMap": "",
        "s3CABundle": "",
    },
}
HELM_CREDENTIALS: Mapping[str, Any] = {
    **SHIPPED_CREDENTIALS,
    # charts/kserve-resources/values.yaml: the annotation is spelt otherwise.
    "storageSecretNameAnnotation": "serving.kserve.io/secretName",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the builder made. Literals in ``env`` can be secret (the headers of an https Secret)."""

    error: str
    env: Sequence[Object] = field(repr=False)
    volume_mounts: Sequence[Object]
    volumes: Sequence[Object]
    args: Sequence[str]

    def names(self) -> list[str]:
        """The names of the variables, in their order."""
        return [str(variable["name"]) for variable in self.env]


@dataclass(slots=True)
class Judge:
    """The running program. Questions of several threads wait for each other."""

    _popen: subprocess.Popen[str]
    _input: IO[str]
    _output: IO[str]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, program: Path, plane: ControlPlane) -> Judge:
        """Starts the program as the control plane's administrator."""
        log = plane.folder / "judge.log"
        with log.open("ab") as errors:
            popen = subprocess.Popen(
                [str(program), "-kubeconfig", str(plane.kubeconfig)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert popen.stdin is not None
        assert popen.stdout is not None
        return cls(popen, popen.stdin, popen.stdout)

    def stop(self) -> None:
        """Ends the program: it stops at the end of its input."""
        self._input.close()
        self._popen.wait(10)
        self._output.close()

    def service_account(
        self,
        namespace: str,
        name: str = "default",
        *,
        annotations: Mapping[str, str] | None = None,
        config: str | None = None,
    ) -> Judgement:
        """What ``storageUri`` leads to (``CreateSecretVolumeAndEnv``).

        ``annotations`` are the pod's. ``config`` is the `credentials` part of inferenceservice-config
        as JSON; None reads the live one in namespace ``kserve``.
        """
        return self._ask(
            {
                "mode": "serviceAccount",
                "namespace": namespace,
                "serviceAccount": name,
                "podAnnotations": dict(annotations or {}),
            },
            config,
        )

    def storage(
        self,
        namespace: str,
        key: str,
        path: str = "model",
        *,
        parameters: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        config: str | None = None,
    ) -> Judgement:
        """What ``storage.key`` and ``storage.path`` lead to (``CreateStorageSpecSecretEnvs``)."""
        return self._ask(
            {
                "mode": "storage",
                "namespace": namespace,
                "storageKey": key,
                "parameters": None if parameters is None else dict(parameters),
                "podAnnotations": dict(annotations or {}),
                "args": [path if "://" in path else f"{PLACEHOLDER}://{path}", MODEL_FOLDER],
            },
            config,
        )

    def _ask(self, question: Object, config: str | None) -> Judgement:
        where: Object = {"configNamespace": CONFIG_NAMESPACE} if config is None else {"config": config}
        with self._lock:
            self._input.write(json.dumps(question | where) + "\n")
            self._input.flush()
            line = self._output.readline()
        if not line:
            raise HarnessError(f"the judge ended with {self._popen.wait(10)}: see judge.log")
        answer = json.loads(line)
        return Judgement(
            error=answer["error"],
            env=answer["env"] or [],
            volume_mounts=answer["volumeMounts"] or [],
            volumes=answer["volumes"] or [],
            args=answer["args"] or [],
        )


def install_kserve_config(
    plane: ControlPlane,
    credentials: Mapping[str, Any] | str = SHIPPED_CREDENTIALS,
    namespace: str = CONFIG_NAMESPACE,
) -> None:
    """Writes the ConfigMap ``inferenceservice-config``, creating its namespace where it is missing.

    ``credentials`` as text is written as it is, so that a test can break it.
    """
    text = credentials if isinstance(credentials, str) else json.dumps(credentials, indent=4)
    if plane.admin.get(f"/api/v1/namespaces/{namespace}")[0] == 404:
        plane.create_namespace(namespace)
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    body: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config"},
        "data": {"credentials": text},
    }
    plane.admin.must(plane.admin.apply(f"{path}/inferenceservice-config", body, manager="tests", force=True))
