"""syncd's engine between a real OpenBao and a real API server, with KServe's builder as the judge.

The engine is under the least of everything: an OpenBao token that may read one mount, and a ServiceAccount
whose ClusterRole has the verbs that syncd uses and no other.
"""

from __future__ import annotations

import base64
import json
import textwrap
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from syncd.app import App, ClusterOptions, digest_key, open_cluster, unguarded
from syncd.mapping.read import read
from syncd.model.names import CredentialId, Instance, PlacementId
from tests.harness.fixtures import unique
from tests.harness.judge import CONFIG_NAMESPACE, SHIPPED_CREDENTIALS, install_kserve_config
from tests.harness.processes import wait_for
from tests.harness.storage_initializer import container_env

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncd.mapping.settings import MappingDocument
    from syncd.model.events import Emit, Event
    from syncd.model.objects import Outcome
    from syncd.sync.sweep import Swept
    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge, Judgement
    from tests.harness.kube_client import Object
    from tests.harness.openbao import OpenBao

SWEEP = 60.0
"""Seconds that a sweep may take: generous, since two cores may be busy."""

STORE = "platform"
"""The only store of a workbench's mapping."""

ROLE = "syncd-tests"
RULES: tuple[Object, ...] = (
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]},
    {
        "apiGroups": [""],
        "resources": ["secrets", "serviceaccounts"],
        "verbs": ["get", "list", "create", "patch"],
    },
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["delete"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
)
"""What syncd may do in the cluster."""


@dataclass(slots=True)
class Workbench:
    """One syncd with a name of its own, one KV mount of its own, and the judge.

    ``events`` are all that the engine has told so far. ``namespace`` is syncd's own; what the tests sync
    into they create with ``new_namespace``.
    """

    plane: ControlPlane
    bao: OpenBao
    judge: Judge
    options: ClusterOptions
    mount: str
    version: Literal[1, 2]
    folder: Path
    store_url: str
    config: Mapping[str, Any]
    events: list[Event] = field(default_factory=list)
    listeners: list[Emit] = field(default_factory=list)
    _app: App | None = None
    _document: MappingDocument | None = None

    @classmethod
    def create(
        cls,
        plane: ControlPlane,
        bao: OpenBao,
        judge: Judge,
        folder: Path,
        *,
        version: Literal[1, 2] = 2,
        api_url: str | None = None,
        store_url: str | None = None,
        config: Mapping[str, Any] = SHIPPED_CREDENTIALS,
    ) -> Workbench:
        """Makes the mount, the token, syncd's ServiceAccount and its rights.

        ``api_url`` and ``store_url`` lead to proxies in front of the servers. A ``config`` other than the
        shipped one goes into a namespace of its own, and the judge is asked with it.
        """
        name = unique("syncd")
        kserve_namespace = CONFIG_NAMESPACE
        if config != SHIPPED_CREDENTIALS:
            kserve_namespace = f"kserve-{name}"
            install_kserve_config(plane, config, kserve_namespace)
        mount = bao.enable_kv(name, version)
        token = bao.token([bao.least_policy(name, {mount: version})])
        _write_private(folder / "vault-token", token)
        kubeconfig = _kubeconfig(plane, name, folder, api_url)
        options = ClusterOptions(
            Instance(name), name, kserve_namespace=kserve_namespace, kubeconfig=str(kubeconfig)
        )
        return cls(plane, bao, judge, options, mount, version, folder, store_url or bao.url, config)

    @property
    def instance(self) -> Instance:
        """The name in the label of its Secrets."""
        return self.options.instance

    @property
    def app(self) -> App:
        """The running syncd, started at the first call."""
        if self._app is None:
            key = digest_key()
            cluster = open_cluster(self.options, key, self._heard)
            self._app = App(cluster, self.options, key=key, emit=self._heard, fence=unguarded)
            if self._document is not None:
                self._app.use(self._document)
        return self._app

    def restart(self) -> None:
        """Forgets everything that syncd had in memory; the mapping in force stays."""
        if self._app is not None:
            self._app.close()
            self._app = None

    close = restart

    def _heard(self, event: Event) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    # what is put in

    def new_namespace(self, labels: Mapping[str, str] | None = None, *, models: bool = True) -> str:
        """A new namespace, with a ServiceAccount ``models`` beside ``default`` unless told otherwise."""
        name = self.plane.create_namespace(unique("ns"), labels)
        if models:
            self.plane.create_service_account(name, "models")
        return name

    def put(self, path: str, fields: Mapping[str, object]) -> None:
        """Writes a secret under the mount, as its next version where the mount has versions."""
        self.bao.put(self.mount, path, fields, version=self.version)

    def header(self) -> str:
        """The mapping without its credentials: one store, ``platform``."""
        auth = {"token": {"file": str(self.folder / "vault-token")}}
        stores = {STORE: {"vault": {"address": self.store_url, "auth": auth}}}
        return f"apiVersion: syncd.dev/v1alpha1\nkind: Mapping\nstores: {json.dumps(stores)}\n"

    def text(self, credentials: str) -> str:
        """The whole mapping; ``KV/`` in the credentials stands for the mount."""
        entries = textwrap.indent(textwrap.dedent(credentials).strip("\n"), "  ")
        return f"{self.header()}credentials:\n{entries.replace('KV/', f'{self.mount}/')}\n"

    def mapping(self, credentials: str) -> None:
        """Puts a mapping in force: the entries under ``credentials:``, ``KV/`` for the mount.

        Raises AssertionError with everything that is wrong with it.
        """
        self.use(self.text(credentials))

    def use(self, *texts: str) -> None:
        """Puts a whole mapping in force, as ``mapping`` does; several texts are one mapping."""
        files = {f"{number}.yaml": text for number, text in enumerate(texts, 1)}
        reading = read(files, self._document)
        assert not reading.problems, [str(problem) for problem in reading.problems]
        assert reading.document is not None
        self._document = reading.document
        self.app.use(reading.document)

    # what comes of it

    @property
    def document(self) -> MappingDocument:
        """The mapping in force."""
        assert self._document is not None, "no mapping is in force: call mapping() first"
        return self._document

    def sync(self, *due: str, within: float = SWEEP) -> Swept:
        """One sweep of these credentials, or of all; the stores have ``within`` seconds to answer."""
        names = frozenset(CredentialId(name) for name in due) or None
        return self.app.engine.run(self.document, names, deadline=time.monotonic() + within)

    def preview(self) -> Swept:
        """What a sweep would do."""
        return self.app.engine.preview(self.document, deadline=time.monotonic() + SWEEP)

    def outcome(self, credential: str, namespace: str) -> Outcome:
        """How a placement came out of its last sweep."""
        return self.app.engine.outcomes[PlacementId(CredentialId(credential), namespace)]

    def judge_account(
        self, namespace: str, account: str = "models", annotations: Mapping[str, str] | None = None
    ) -> Judgement:
        """What a pod with ``storageUri`` on this ServiceAccount would get; ``annotations`` are the pod's."""
        return self.judge.service_account(namespace, account, annotations=annotations, config=self._asked())

    def judge_storage(
        self, namespace: str, key: str, parameters: Mapping[str, str] | None = None, path: str = "model"
    ) -> Judgement:
        """What a pod with ``storage.key`` would get."""
        return self.judge.storage(namespace, key, path, parameters=parameters, config=self._asked())

    def env(self, namespace: str, judgement: Judgement) -> dict[str, str]:
        """The variables as the container would see them; compare with ``must_equal``."""
        return container_env(self.plane.admin, namespace, judgement)

    def secret(self, namespace: str, name: str) -> Object:
        """A Secret as the API server has it; LookupError when it does not exist."""
        return self._object("secrets", namespace, name)

    def values(self, namespace: str, name: str) -> dict[str, bytes]:
        """The decoded data of a Secret; compare with ``must_equal``."""
        data = self.secret(namespace, name).get("data") or {}
        return {key: base64.b64decode(value) for key, value in data.items()}

    def account(self, namespace: str, name: str = "models") -> Object:
        """A ServiceAccount as the API server has it; LookupError when it does not exist."""
        return self._object("serviceaccounts", namespace, name)

    def listed(self, namespace: str, name: str = "models", list_name: str = "secrets") -> list[str]:
        """The names on one list of a ServiceAccount, in their order."""
        return [str(item["name"]) for item in self.account(namespace, name).get(list_name) or []]

    def _object(self, resource: str, namespace: str, name: str) -> Object:
        status, body = self.plane.admin.get(f"/api/v1/namespaces/{namespace}/{resource}/{name}")
        if status == 404:
            raise LookupError(f"{resource} {namespace}/{name} does not exist")
        return self.plane.admin.must((status, body))

    def _asked(self) -> str | None:
        return None if self.options.kserve_namespace == CONFIG_NAMESPACE else json.dumps(self.config)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _kubeconfig(plane: ControlPlane, name: str, folder: Path, api_url: str | None) -> Path:
    """A kubeconfig of a new ServiceAccount ``syncd`` in a new namespace, which has the ClusterRole."""
    plane.create_namespace(name)
    plane.create_service_account(name, "syncd")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE},
        "rules": list(RULES),
    }
    plane.admin.must(plane.admin.apply(f"{rbac}/clusterroles/{ROLE}", role, manager="tests", force=True))
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "namespace": name, "name": "syncd"}],
    }
    plane.admin.must(plane.admin.post(f"{rbac}/clusterrolebindings", binding))
    # It was bound just now: until the authorizer has heard of it, it would be refused.
    client = plane.client_for_service_account(name, "syncd")
    wait_for("syncd's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)
    path = plane.kubeconfig_for_service_account(name, "syncd")
    if api_url is None:
        return path
    content = json.loads(path.read_text())
    content["clusters"][0]["cluster"] = {"server": api_url}
    proxied = folder / "proxied.kubeconfig"
    _write_private(proxied, json.dumps(content))
    return proxied
