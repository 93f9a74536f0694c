"""A real kube-apiserver with an etcd, under RBAC.

There is no controller-manager: nobody makes ``default`` ServiceAccounts, finalises Namespaces,
counts quota or collects garbage. ``create_namespace`` makes the account; a deleted Namespace stays
Terminating until ``finalize_namespace``; a test of quota writes the quota's status itself. What a test
leaves behind goes with ``erase_namespaces``.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import urllib3
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.kube_client import KubeClient, Object, secret, service_account
from tests.harness.processes import Child, HarnessError, accepts, free_port, wait_for
from tests.harness.tls import CertificateAuthority, KeyPair, write_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

WRITE_VERBS = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"})
"""Values of the ``verb`` label of apiserver_request_total. APPLY is a server-side apply."""
WRITTEN_RESOURCES = frozenset({"secrets", "serviceaccounts", "configmaps", "events"})
"""What a subject of ours may write, and the server itself writes only while it starts."""

_IN_NAMESPACES: Final = (
    "configmaps",
    "events",
    "resourcequotas",
    "rolebindings",
    "roles",
    "secrets",
    "serviceaccounts",
)
"""What tests and their subjects make in namespaces."""
_REQUESTS = "apiserver_request_total{"
_ISSUER = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True)
class Request:
    """A kind of request that the API server counts. ``code`` is the status that it answered."""

    verb: str
    group: str
    resource: str
    subresource: str
    code: int
    dry_run: str


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running API server. ``admin`` may do everything (group system:masters)."""

    url: str
    ca: CertificateAuthority
    admin: KubeClient
    kubeconfig: Path
    folder: Path
    etcd: Child
    etcd_url: str
    apiserver: Child
    namespaces: list[str] = field(default_factory=list)
    """Those made with ``create_namespace`` that are still there, oldest first."""

    @property
    def ca_file(self) -> Path:
        """The PEM file of the authority that signed the server's certificate."""
        return self.ca.file

    @classmethod
    def start(cls, folder: Path, *, kube_apiserver: Path, etcd: Path) -> ControlPlane:
        """Starts both programs and waits until the server is ready: 3 to 6 seconds.

        Raises HarnessError with the end of a program's output when it does not become ready.
        """
        ca = CertificateAuthority.create(folder / "pki")
        pair = ca.client("admin", ("system:masters",))
        etcd_port, port = free_port(), free_port()
        url, storage_url = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{etcd_port}"
        storage = Child.start("etcd", _etcd_command(etcd, folder, etcd_port), folder=folder)
        wait_for("etcd", lambda: accepts(etcd_port), child=storage)
        admin = KubeClient.create(url, ca.file, pair=pair)
        command = _apiserver_command(kube_apiserver, folder, ca, etcd_port=etcd_port, port=port)
        server = Child.start("kube-apiserver", command, folder=folder)
        plane = cls(url, ca, admin, folder / "admin.kubeconfig", folder, storage, storage_url, server)
        plane._write_kubeconfig(plane.kubeconfig, _user_of(pair))
        try:
            wait_for("the API server", plane.ready, child=server)
            # The last that the server writes by itself; from here on it is the tests that are counted.
            wait_for("the API server's own ConfigMap", plane._settled, child=server)
        except HarnessError:
            plane.stop()
            raise
        return plane

    def ready(self) -> bool:
        """Whether the server answers that it is ready, its RBAC bootstrap done."""
        try:
            return self.admin.text("/readyz") == "ok"
        except urllib3.exceptions.HTTPError:
            return False

    def _settled(self) -> bool:
        path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
        return self.admin.get(path)[0] == 200

    def stop(self) -> None:
        """Ends both programs. What they kept is gone."""
        self.apiserver.kill()
        self.etcd.kill()

    def restarted(self) -> ControlPlane:
        """The API server again, at the same address and with the same objects, after it has ended."""
        plane = replace(self, apiserver=self.apiserver.again())
        wait_for("the API server", plane.ready, child=plane.apiserver)
        return plane

    # identities

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with a client certificate of this user, who may do what RBAC grants."""
        path = self.folder / f"user-{user.replace(':', '_')}.kubeconfig"
        self._write_kubeconfig(path, _user_of(self.ca.client(user, groups)))
        return path

    def client_for(self, user: str, groups: Sequence[str] = ()) -> KubeClient:
        """A client as this user."""
        return KubeClient.create(self.url, self.ca.file, pair=self.ca.client(user, groups))

    def token_for(self, namespace: str, name: str, audiences: Sequence[str] = ()) -> str:
        """A token of an existing ServiceAccount, valid for an hour (TokenRequest)."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        spec: Object = {"expirationSeconds": 3600} | ({"audiences": list(audiences)} if audiences else {})
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self.admin.must(self.admin.post(path, body))["status"]["token"])

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a fresh token of an existing ServiceAccount."""
        path = self.folder / f"account-{namespace}-{name}.kubeconfig"
        self._write_kubeconfig(path, {"token": self.token_for(namespace, name)})
        return path

    def client_for_service_account(self, namespace: str, name: str) -> KubeClient:
        """A client as an existing ServiceAccount."""
        return KubeClient.create(self.url, self.ca.file, token=self.token_for(namespace, name))

    def _write_kubeconfig(self, path: Path, user: Object) -> None:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self.ca.file)}}
            ],
            "users": [{"name": "tests", "user": user}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
            "current-context": "tests",
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2))

    # objects

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> str:
        """Creates a Namespace and its ``default`` ServiceAccount; returns the name."""
        metadata = {"name": name, "labels": dict(labels or {})}
        self.admin.must(self.admin.post("/api/v1/namespaces", {"kind": "Namespace", "metadata": metadata}))
        self.create_service_account(name, "default")
        self.namespaces.append(name)
        return name

    def finalize_namespace(self, name: str) -> None:
        """Lets a deleted Namespace go. Its objects stay in etcd: nobody collects them."""
        path = f"/api/v1/namespaces/{name}"
        body = self.admin.must(self.admin.get(path))
        body["spec"]["finalizers"] = []
        self.admin.must(self.admin.put(f"{path}/finalize", body))

    def erase_namespaces(self, names: Iterable[str]) -> None:
        """Takes namespaces away with all that is in them, whatever finalizers it has.

        A sweep lists the ServiceAccounts of the whole cluster: what is left behind makes every later test
        slower. Straight out of etcd, since the API server wants five requests for each namespace, and
        leaves what a finalizer holds. Names that do not exist are fine.
        """
        for name in names:
            folders = [(f"/registry/{kind}/{name}/", f"/registry/{kind}/{name}0") for kind in _IN_NAMESPACES]
            own = f"/registry/namespaces/{name}"
            ranges = [*folders, (own, f"{own}\0")]
            body = {"success": [{"requestDeleteRange": _range(*ends)} for ends in ranges]}
            answer = urllib3.request("POST", f"{self.etcd_url}/v3/kv/txn", json=body)
            assert answer.status == 200, f"etcd answered {answer.status}"
            if name in self.namespaces:
                self.namespaces.remove(name)

    def create_service_account(
        self,
        namespace: str,
        name: str,
        *,
        secrets: Sequence[str] = (),
        pull_secrets: Sequence[str] = (),
        annotations: Mapping[str, str] | None = None,
    ) -> Object:
        """Creates a ServiceAccount; returns it as stored."""
        body = service_account(name, secrets=secrets, pull_secrets=pull_secrets, annotations=annotations)
        return self.admin.must(self.admin.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", body))

    def create_secret(
        self,
        namespace: str,
        name: str,
        data: Mapping[str, bytes | str],
        *,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        type_: str = "Opaque",
    ) -> Object:
        """Creates a Secret; returns it as stored."""
        body = secret(name, data, annotations=annotations, labels=labels, type_=type_)
        return self.admin.must(self.admin.post(f"/api/v1/namespaces/{namespace}/secrets", body))

    def secret_values(self, namespace: str, name: str) -> dict[str, bytes]:
        """The decoded data of a Secret. Compare digests of what it returns, or ``bool``."""
        body = self.admin.must(self.admin.get(f"/api/v1/namespaces/{namespace}/secrets/{name}"))
        return {key: base64.b64decode(value) for key, value in body.get("data", {}).items()}

    # counting

    def requests(self) -> Counter[Request]:
        """How often each kind of request was made since the start: ``apiserver_request_total``.

        The server counts everybody, itself included (its Lease, its Services): subtract an earlier
        count, and use ``writes``.
        """
        counted: Counter[Request] = Counter()
        lines = self.admin.text("/metrics").splitlines()
        # The whole page has thousands of series; parsing it takes a second.
        text = "\n".join(line for line in lines if line.startswith(_REQUESTS)) + "\n"
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                counted[_request_of(sample.labels)] += int(sample.value)
        return counted

    def writes(
        self, since: Counter[Request], resources: frozenset[str] = WRITTEN_RESOURCES
    ) -> Counter[Request]:
        """The writes to these resources since an earlier count, answered how ever, without dry runs."""
        fresh = self.requests() - since
        return Counter(
            {
                request: count
                for request, count in fresh.items()
                if request.verb in WRITE_VERBS and request.resource in resources and not request.dry_run
            }
        )


def _range(first: str, end: str) -> dict[str, str]:
    """The keys from ``first`` on and before ``end``, as etcd's JSON has it."""
    key, range_end = (base64.b64encode(text.encode()).decode() for text in (first, end))
    return {"key": key, "rangeEnd": range_end}


def _request_of(labels: Mapping[str, str]) -> Request:
    return Request(
        verb=labels["verb"],
        group=labels["group"],
        resource=labels["resource"],
        subresource=labels["subresource"],
        code=int(labels["code"]),
        dry_run=labels["dry_run"],
    )


def _user_of(pair: KeyPair) -> Object:
    return {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}


def _etcd_command(program: Path, folder: Path, port: int) -> list[str]:
    peers = f"http://127.0.0.1:{free_port()}"
    clients = f"http://127.0.0.1:{port}"
    return [
        str(program),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        # Nothing here outlives the run, and a sync to disk for every write is most of a test's time.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _apiserver_command(
    program: Path, folder: Path, ca: CertificateAuthority, *, etcd_port: int, port: int
) -> list[str]:
    serving = ca.server("kube-apiserver", ("127.0.0.1", "localhost", "kubernetes.default.svc"))
    signing = folder / "pki" / "service-accounts.key"
    write_key(signing, ec.generate_private_key(ec.SECP256R1()))
    return [
        str(program),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={ca.file}",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-key-file={signing}",
        f"--service-account-signing-key-file={signing}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # An address of loopback is refused as that of the `kubernetes` Service.
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    ]
