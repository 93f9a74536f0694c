"""A daemon's world in Kubernetes: a ConfigMap as the mapping, a ServiceAccount with the least rights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncd.daemon.last_valid import KSERVE_CONFIG
from syncd.mapping.last_valid import NAME as LAST_VALID
from tests.harness.fault_http import FaultProxy
from tests.harness.fixtures import unique
from tests.harness.processes import wait_for
from tests.integration.daemon.process import WITHIN, Daemon

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object
    from tests.harness.openbao import OpenBao

RBAC = "rbac.authorization.k8s.io"
ROLE = "syncd-daemon-tests"
CONFIG_MAP = "syncd"
EVERYWHERE: tuple[Object, ...] = (
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]},
    {
        "apiGroups": [""],
        "resources": ["secrets", "serviceaccounts"],
        "verbs": ["get", "list", "create", "patch"],
    },
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
)
"""All that the daemon may do, besides keeping its own memory."""
OWN: tuple[Object, ...] = (
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["syncd-last-valid", "syncd-state"],
        "verbs": ["create", "patch"],
    },
)
"""What it may do in its own namespace only."""


@dataclass(slots=True)
class ClusterWorld:
    """One daemon's namespace `own`, whose ConfigMap is the mapping, and a namespace `team` that it serves."""

    plane: ControlPlane
    bao: OpenBao
    folder: Path
    own: str
    team: str
    mount: str
    kubeconfig: Path
    proxy: FaultProxy
    credentials: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, plane: ControlPlane, bao: OpenBao, folder: Path) -> ClusterWorld:
        """Makes the namespaces, the account with its rights, and the store's mount and token."""
        own, team = plane.create_namespace(unique("syncd")), plane.create_namespace(unique("team"))
        plane.create_service_account(own, "syncd")
        plane.create_service_account(team, "models")
        _grant(plane, own)
        mount = bao.enable_kv(unique("kv"), 2)
        token = bao.token([bao.least_policy(mount, {mount: 2})])
        plane.create_secret(own, "vault-token", {"token": token})
        proxy = FaultProxy(plane.url, ca_file=str(plane.ca_file))
        kubeconfig = folder / "kubeconfig"
        content = json.loads(plane.kubeconfig_for_service_account(own, "syncd").read_text())
        content["clusters"][0]["cluster"] = {"server": proxy.url}
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(json.dumps(content))
        return cls(plane, bao, folder, own, team, mount, kubeconfig, proxy)

    def close(self) -> None:
        """Closes the way to the API server."""
        self.proxy.close()

    def add(self, name: str, **more: Any) -> None:
        """Adds an S3 credential of this name, from the secret of this name, read every second."""
        self.credentials[name] = {
            "from": {"store": "platform", "secret": f"{self.mount}/{name}"},
            "s3": {"endpoint": "https://minio.example.com"},
            "to": [{"namespaces": [self.team], "serviceAccounts": ["models"]}],
            "schedule": {"interval": "1s"},
            **more,
        }

    def put(self, name: str, key: str) -> None:
        """Writes a secret, as its next version."""
        self.bao.put(self.mount, name, {"access_key": f"ID{key}", "secret_key": key})

    def apply(self, **settings: Any) -> None:
        """Writes the mapping as it is now, with further settings, into the ConfigMap."""
        token = {"secretKeyRef": {"name": "vault-token", "key": "token"}}
        document = {
            "apiVersion": "syncd.dev/v1alpha1",
            "kind": "Mapping",
            "stores": {"platform": {"vault": {"address": self.bao.url, "auth": {"token": token}}}},
            "credentials": self.credentials,
            **settings,
        }
        self.put_config_map(self.own, CONFIG_MAP, {"mapping.yaml": json.dumps(document, indent=2)})

    def put_config_map(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        """Writes a ConfigMap, as the people do whose it is."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": dict(data)}
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        self.plane.admin.must(self.plane.admin.apply(path, body, manager="tests", force=True))

    def delete_config_map(self, namespace: str, name: str) -> None:
        """Deletes a ConfigMap, as somebody might by mistake."""
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        self.plane.admin.must(self.plane.admin.delete(path))

    def config_map_version(self, name: str) -> str | None:
        """The resourceVersion of a ConfigMap in the daemon's namespace; None while there is none."""
        status, found = self.plane.admin.get(f"/api/v1/namespaces/{self.own}/configmaps/{name}")
        return found["metadata"]["resourceVersion"] if status == 200 else None

    def until_kept(self) -> str:
        """Waits until the daemon has written what a restart needs; returns the ConfigMap's resourceVersion.

        It is written when the mapping is accepted, and again with what the first sweep learnt from KServe.
        """
        path = f"/api/v1/namespaces/{self.own}/configmaps/{LAST_VALID}"

        def version() -> str | None:
            status, found = self.plane.admin.get(path)
            kept = status == 200 and KSERVE_CONFIG in found["data"]
            return found["metadata"]["resourceVersion"] if kept else None

        return wait_for("the mapping to be kept", version, within=WITHIN)

    def start(self) -> Daemon:
        """Starts the daemon."""
        arguments = ["--kubeconfig", str(self.kubeconfig), "--namespace", self.own, "--instance", self.own]
        return Daemon.start(self.folder / unique("daemon"), arguments)

    def has(self, name: str, key: str) -> bool:
        """Whether the cluster has exactly this key for the credential."""
        if self.plane.admin.get(f"/api/v1/namespaces/{self.team}/secrets/{name}")[0] != 200:
            return False
        return self.plane.secret_values(self.team, name)["AWS_SECRET_ACCESS_KEY"] == key.encode()

    def bound(self) -> list[str]:
        """The Secrets that the ServiceAccount lists."""
        path = f"/api/v1/namespaces/{self.team}/serviceaccounts/models"
        return [item["name"] for item in self.plane.admin.must(self.plane.admin.get(path)).get("secrets", [])]

    def events(self, namespace: str, reason: str) -> list[Object]:
        """The Kubernetes Events of a reason in a namespace."""
        path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
        items = self.plane.admin.must(self.plane.admin.get(path))["items"]
        return [item for item in items if item["reason"] == reason]


def _grant(plane: ControlPlane, own: str) -> None:
    """Gives the daemon's account its rights, and waits until they hold."""
    api = f"/apis/{RBAC}/v1"
    role = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE},
        "rules": list(EVERYWHERE),
    }
    plane.admin.must(plane.admin.apply(f"{api}/clusterroles/{ROLE}", role, manager="tests", force=True))
    binding = {
        "metadata": {"name": own},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "namespace": own, "name": "syncd"}],
    }
    plane.admin.must(plane.admin.post(f"{api}/clusterrolebindings", binding))
    memory = {"metadata": {"name": "memory"}, "rules": list(OWN)}
    plane.admin.must(plane.admin.post(f"{api}/namespaces/{own}/roles", memory))
    remembering = {
        **binding,
        "metadata": {"name": "memory"},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "memory"},
    }
    plane.admin.must(plane.admin.post(f"{api}/namespaces/{own}/rolebindings", remembering))
    client = plane.client_for_service_account(own, "syncd")
    wait_for("the daemon's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)
