"""A namespace whose mapping changes, ended at any write: what its workloads see, and where it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.app import App, digest_key, unguarded
from syncd.cluster.kubernetes.cluster import KubernetesCluster
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.model.errors import ClusterUnreachable
from tests.e2e.crashing import CrashingTransport, Ending, Killed
from tests.e2e.everybody import digest, force

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.sync.sweep import Swept
    from tests.e2e.workbench import Workbench
    from tests.harness.judge import Judgement
    from tests.harness.kube_client import Object

Sight = dict[str, str]
"""What workloads see: place and credential → digest of everything that KServe gives them of it."""

ACCOUNTS = ("models", "default")
ENTRIES = ("m", "m2")
GROUPS = {"AWS": "s3", "S3": "s3", "awsA": "s3", "HF": "hub", "models.example.com": "web", "STORAGE": "entry"}
ROLE = "arn:aws:iam::111122223333:role/reader"


@dataclass(frozen=True, slots=True)
class Form:
    """A mapping of S3 keys `minio` with an entry, a token `hub` and a bystander `web`, and its variations."""

    minio: str = "minio"
    kind: str = "s3: {endpoint: 'https://minio:9000'}"
    secret: str = "minio"
    accounts: str = "[models]"
    entry: str = "storageConfig: {key: m, bucket: b}"
    hub: str = "[models, default]"
    renamed: str = ""
    where: str = ""

    def text(self, bench: Workbench, namespace: str, policy: str) -> str:
        """The whole mapping; `policy` is what happens to what leaves it, `where` else `minio` is to be."""
        source = "from: {store: platform, secret: KV/%s}"
        left = f"deletionPolicy: {{whenUnmapped: {policy}}}"
        secret = f", secret: {self.secret}" if self.secret else ""
        binds = f", serviceAccounts: {self.accounts}" if self.accounts else ""
        entry = f", {self.entry}" if self.entry else ""
        came = source % "minio" if self.secret else ""
        where = self.where or f"namespaces: [{namespace}]"
        minio = (
            f"{self.minio}:\n  {came}\n  {self.kind}\n  {left}\n  {self.renamed}\n"
            f"  to: [{{{where}{secret}{binds}{entry}}}]\n"
        )
        rest = "".join(
            f"{name}:\n  {source % name}\n  {kind}\n  {left}\n"
            f"  to: [{{namespaces: [{namespace}], serviceAccounts: {accounts}}}]\n"
            for name, kind, accounts in (
                ("hub", "huggingFace: {}", self.hub),
                ("web", "https: {host: models.example.com, bearerToken: {}}", "[models]"),
            )
            if accounts
        )
        text = bench.text((minio if self.minio else "") + rest)
        return f"{text}limits: {{removals: 1000, reshapes: 1000}}\n"


def put(bench: Workbench) -> None:
    """Writes the remote secrets."""
    bench.put("minio", {"access_key": "AK", "secret_key": "SK"})
    bench.put("hub", {"token": "hf"})
    bench.put("web", {"token": "t"})


def swept(bench: Workbench) -> Swept:
    """One sweep that deals with what left the mapping, as the daemon does."""
    return bench.app.engine.run(bench.document, removal="act", deadline=time.monotonic() + 60)


def left_to_do(bench: Workbench) -> list[str]:
    """What another sweep would write, or refuse."""
    plan = bench.app.engine.preview(bench.document, "act", deadline=time.monotonic() + 60).plan
    return [f"{type(one).__name__} {one.verb} {one.ref.name}" for one in plan.actions] + [
        refusal.text for refusal in plan.refused
    ]


def started(bench: Workbench, form: Form, policy: str, labels: Mapping[str, str] | None = None) -> str:
    """A namespace with everything published, beside what others put on its ServiceAccounts."""
    namespace = bench.new_namespace(labels, models=False)
    bench.plane.create_secret(namespace, "theirs", {"a": "b"})
    bench.plane.create_service_account(namespace, "models", secrets=["theirs"])
    force(bench, form.text(bench, namespace, policy))
    assert swept(bench).plan.refused == ()
    return namespace


def interrupted(bench: Workbench, ending: Ending, at: int) -> bool:
    """One sweep of a new process that ends at a write; false when it has fewer writes than that."""
    bench.restart()
    key = digest_key()
    real = KubeTransport(ConnectionSettings(bench.options.kubeconfig), emit=bench._heard)
    transport = CrashingTransport(real, ending, at)
    cluster = KubernetesCluster(
        transport,
        instance=bench.instance,
        kserve_namespace=bench.options.kserve_namespace,
        digest_key=key,
        timeout=30.0,
    )
    bench._app = App(cluster, bench.options, key=key, emit=bench._heard, fence=unguarded)
    bench._app.use(bench.document)
    try:
        swept(bench)
    except (Killed, ClusterUnreachable):
        pass
    else:
        assert transport.writes < at
        return False
    if ending == "killed":
        bench.restart()
    return True


def objects(bench: Workbench, namespace: str, resource: str) -> dict[str, Object]:
    """The objects of a namespace by name."""
    listed = bench.plane.admin.must(bench.plane.admin.get(f"/api/v1/namespaces/{namespace}/{resource}"))
    return {item["metadata"]["name"]: item for item in listed["items"]}


def sight(bench: Workbench, namespace: str) -> Sight:
    """What all workloads of the namespace would get now; only an entry may be missing."""
    data = {name: item.get("data") or {} for name, item in objects(bench, namespace, "secrets").items()}
    found: Sight = {}
    for account in ACCOUNTS:
        found |= _grouped(account, bench.judge_account(namespace, account), data)
    for entry in ENTRIES:
        judgement = bench.judge_storage(namespace, entry)
        if "storage-config" in judgement.error or "specified storage key" in judgement.error:
            continue
        found |= _grouped("entry", judgement, data, entry)
    return found


def _grouped(place: str, judgement: Judgement, data: Mapping[str, Mapping[str, str]], key: str = "") -> Sight:
    """Resolves what the judge printed as the kubelet would; KeyError where a container could not start."""
    assert judgement.error == "", place
    parts: dict[str, list[object]] = {}
    for variable in sorted(judgement.env, key=lambda variable: str(variable["name"])):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        value = data[reference["name"]][reference["key"]] if reference else variable["value"]
        group = next(group for start, group in GROUPS.items() if variable["name"].startswith(start))
        parts.setdefault(f"{place} {key}: {group}", []).append((variable["name"], value))
    return {name: digest(part) for name, part in parts.items()}


def check(found: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Each place has the old or the new, and what is in both is never away."""
    assert (old.keys() & new.keys()) - found.keys() == set()
    wrong = [place for place, seen in found.items() if seen not in (old.get(place), new.get(place))]
    assert wrong == []
