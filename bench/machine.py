"""The real servers of one scene, filled with what it needs before anything is measured."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bench.scenes import FIELDS, LABEL, MOUNT
from tests.harness.apiserver import ControlPlane
from tests.harness.judge import install_kserve_config
from tests.harness.openbao import OpenBao
from tests.harness.processes import wait_for
from tests.tools.build import TOOLS, cache_folder, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.scenes import Scene
    from tests.harness.kube_client import Object

INSTANCE: Final = "syncd-system"
"""syncd's own namespace, and the name of its instance."""
_FILLERS: Final = 8
_RULES: Final[tuple[Object, ...]] = (
    {"apiGroups": [""], "resources": ["namespaces", "configmaps"], "verbs": ["get", "list"]},
    {
        "apiGroups": [""],
        "resources": ["secrets", "serviceaccounts"],
        "verbs": ["get", "list", "create", "patch", "delete"],
    },
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
)
_IN_THE_BACKGROUND: Final = frozenset({"leases", "flowschemas", "prioritylevelconfigurations", "apiservices"})
"""What the API server asks of itself all the time."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests since the servers started: to the API server by verb and resource, and reads of the store."""

    api: Counter[tuple[str, str]]
    store: int

    def since(self, before: Counts) -> Counts:
        """Return what came after an earlier count."""
        return Counts(self.api - before.api, self.store - before.store)


@dataclass(frozen=True, slots=True)
class Machine:
    """Both servers, and what syncd needs to reach them."""

    plane: ControlPlane
    bao: OpenBao
    folder: Path
    kubeconfig: Path
    api_token: str
    store_token: str

    @property
    def token_file(self) -> Path:
        """The file with the token of OpenBao."""
        return self.folder / "vault-token"

    def counts(self) -> Counts:
        """Return what has been asked of both servers so far, without what the API server asks itself."""
        api: Counter[tuple[str, str]] = Counter()
        for request, count in self.plane.requests().items():
            if request.group in {"", "events.k8s.io"} and request.resource not in _IN_THE_BACKGROUND | {""}:
                api[request.verb, request.resource] += count
        return Counts(api, self.bao.reads(MOUNT))

    def rotate(self, scene: Scene) -> None:
        """Write every secret of the scene anew."""
        _fill(self.bao, scene)

    def job(self, scene: Scene, create: Literal["POST", "APPLY"]) -> Path:
        """Write down the work for the bare script, and how it creates; each way makes objects of its own."""
        content: dict[str, Any] = {
            "store": self.bao.url,
            "storeToken": self.store_token,
            "api": self.plane.url,
            "apiToken": self.api_token,
            "ca": str(self.plane.ca_file),
            "create": create,
            "secrets": scene.secrets,
            "writes": [
                {
                    "namespace": write.namespace,
                    "name": f"{write.name}-{create.lower()}",
                    "secrets": write.secrets,
                }
                for write in scene.writes
            ],
        }
        path = self.folder / f"job-{create}.json"
        _write_private(path, json.dumps(content))
        return path


@contextmanager
def machine(scene: Scene, folder: Path) -> Iterator[Machine]:
    """Start both servers, fill them for a scene, and end them after the block.

    Raises:
        HarnessError: when one of them does not become ready.

    """
    programs = {name: place_of(TOOLS[name], cache_folder()) for name in ("kube-apiserver", "etcd")}
    plane = ControlPlane.start(
        folder / "kubernetes", kube_apiserver=programs["kube-apiserver"], etcd=programs["etcd"]
    )
    try:
        bao = OpenBao.start(folder / "openbao")
        try:
            yield _filled(plane, bao, scene, folder)
        finally:
            bao.kill()
    finally:
        plane.stop()


def _filled(plane: ControlPlane, bao: OpenBao, scene: Scene, folder: Path) -> Machine:
    install_kserve_config(plane)
    bao.enable_kv(MOUNT, 2)
    with ThreadPoolExecutor(_FILLERS) as threads:
        list(threads.map(lambda name: plane.create_namespace(name, {LABEL: "true"}), scene.namespaces))
    _fill(bao, scene)
    store_token = bao.token([bao.least_policy("bench", {MOUNT: 2})])
    _grant(plane)
    kubeconfig = plane.kubeconfig_for_service_account(INSTANCE, "syncd")
    api_token = plane.token_for(INSTANCE, "syncd")
    made = Machine(plane, bao, folder, kubeconfig, api_token, store_token)
    _write_private(made.token_file, store_token)
    return made


def _fill(bao: OpenBao, scene: Scene) -> None:
    with ThreadPoolExecutor(_FILLERS) as threads:
        list(threads.map(lambda name: bao.put(MOUNT, name, _values()), scene.secrets))


def _values() -> dict[str, str]:
    """Return a value for each field, as long as the keys of S3 are."""
    return {FIELDS[0]: secrets.token_hex(10).upper(), FIELDS[1]: secrets.token_hex(20)}


def _grant(plane: ControlPlane) -> None:
    """Make syncd's ServiceAccount and its rights, and wait until the authorizer has heard of them."""
    plane.create_namespace(INSTANCE)
    plane.create_service_account(INSTANCE, "syncd")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {"metadata": {"name": "syncd"}, "rules": list(_RULES)}
    plane.admin.must(plane.admin.post(f"{rbac}/clusterroles", role))
    binding = {
        "metadata": {"name": "syncd"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "syncd"},
        "subjects": [{"kind": "ServiceAccount", "namespace": INSTANCE, "name": "syncd"}],
    }
    plane.admin.must(plane.admin.post(f"{rbac}/clusterrolebindings", binding))
    client = plane.client_for_service_account(INSTANCE, "syncd")
    wait_for("syncd's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
