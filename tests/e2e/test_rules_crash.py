"""Rule 4: ended at any request of a sync, nothing dangles, nothing is mixed, and the next one goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncd.app import App, digest_key, unguarded
from syncd.cluster.kubernetes.cluster import KubernetesCluster
from syncd.kube.configuration import ConnectionSettings
from syncd.kube.connection import KubeTransport
from syncd.model.errors import ClusterUnreachable
from tests.e2e.crashing import CrashingTransport, Ending, Killed
from tests.e2e.everybody import digest, force
from tests.e2e.killing_proxy import KillingProxy
from tests.e2e.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.e2e.killing_proxy import When
    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge, Judgement
    from tests.harness.openbao import OpenBao

Sight = dict[str, str]
"""What workloads see: place and credential → digest of everything that KServe gives them of it."""

ENDINGS: tuple[Ending, ...] = ("killed", "answer lost", "not sent")
ROLE = "arn:aws:iam::111122223333:role/reader"
ACCOUNTS = ("every", "made", "roles")
ENTRIES = ("minio", "hadoop")
GROUPS = {
    "AWS": "s3",
    "S3": "s3",
    "awsA": "s3",
    "AZURE": "azure",
    "HF": "hub",
    "models.example.com": "web",
    "GOOGLE": "gcs",
    "user-gcp-sa": "gcs",
    "hdfs-secrets": "hdfs",
    "STORAGE": "entry",
}
PROGRAM = Path(__file__).with_name("one_sweep.py")
ROOT = Path(__file__).parents[2]


def put(bench: Workbench, version: int) -> None:
    """Writes every remote secret, each in one piece."""
    key = {"type": "authorized_user", "client_id": "c", "client_secret": f"s{version}", "refresh_token": "r"}
    client = "4f1c0000-0000-0000-0000-000000000001"
    bench.put("minio", {"access_key": f"AK{version}", "secret_key": f"SK{version}"})
    bench.put("gcs", {"key.json": json.dumps(key)})
    bench.put(
        "azure",
        {
            "client_secret": f"cs{version}",
            "account_key": "AQEBAQ==",
            "client_id": client,
            "tenant_id": client,
        },
    )
    bench.put("hub", {"token": f"hf{version}"})
    bench.put("web", {"token": f"t{version}"})
    bench.put(
        "hadoop",
        {
            "headers": json.dumps({"X": str(version)}),
            "ca": f"-----BEGIN CERTIFICATE-----\nAQ{version}=\n-----END CERTIFICATE-----",
        },
    )


def credentials(namespace: str, *, shape: int, suffix: str = "") -> str:
    """One credential of six kinds and a role; another shape has other keys, endpoints and annotations."""
    proxy = "" if shape == 1 else ", userProxy: models"
    made = "serviceAccounts: [every, made], createServiceAccounts: true"
    forms = {
        "minio": f"s3: {{endpoint: 'https://minio-{shape}:9000', region: eu-west-{shape}}}",
        "gcs": "gcs: {credentials: {property: key.json}}",
        "azure": "azure: {servicePrincipal: {}}" if shape == 1 else "azure: {accountKey: {}}",
        "hub": "huggingFace: {}",
        "web": "https: {host: models.example.com, bearerToken: {}}"
        if shape == 1
        else "https: {host: models.example.com, headers: {X-Token: {property: token}}}",
        "hadoop": f"hdfs: {{namenode: 'https://nn{shape}:9871', headers: {{property: headers}}{proxy}}}",
    }
    more = {
        "minio": f"{made}, storageConfig: {{key: minio, bucket: b}}",
        "hub": made,
        "hadoop": "serviceAccounts: [every], storageConfig: {key: hadoop}",
    }
    entries = [
        f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n  {form}\n"
        f"  to: [{{namespaces: [{namespace}], secret: {name}{suffix},"
        f" {more.get(name, 'serviceAccounts: [every]')}}}]\n"
        for name, form in forms.items()
    ]
    role = f"role:\n  s3: {{roleArn: '{ROLE}-{shape}', endpoint: 'https://role-{shape}:9000'}}\n"
    return "".join(entries) + role + f"  to: [{{namespaces: [{namespace}], serviceAccounts: [roles]}}]\n"


def text(bench: Workbench, entries: str) -> str:
    """The whole mapping, without a limit on how much may change at once."""
    return f"{bench.text(entries)}limits: {{removals: 1000, reshapes: 1000}}\n"


def prepared(bench: Workbench) -> str:
    """A namespace with two ServiceAccounts, one of which lists a Secret of somebody else."""
    namespace = bench.new_namespace(models=False)
    bench.plane.create_secret(namespace, "theirs", {"a": "b"})
    bench.plane.create_service_account(namespace, "every", secrets=["theirs"])
    bench.plane.create_service_account(namespace, "roles")
    return namespace


def sight(bench: Workbench, namespace: str) -> Sight:
    """What all workloads of the namespace would get now; no question may end in an error."""
    found: Sight = {}
    listed = bench.plane.admin.must(bench.plane.admin.get(f"/api/v1/namespaces/{namespace}/secrets"))
    data = {item["metadata"]["name"]: item.get("data") or {} for item in listed["items"]}
    for account in ACCOUNTS:
        found |= _grouped(account, bench.judge_account(namespace, account), data)
    for entry in ENTRIES:
        judgement = bench.judge_storage(namespace, entry)
        # An entry that was never there is refused by KServe; one that is there has to be right.
        if "storage-config" in judgement.error or "specified storage key" in judgement.error:
            continue
        found |= _grouped(entry, judgement, data)
    return found


def _grouped(place: str, judgement: Judgement, data: Mapping[str, Mapping[str, str]]) -> Sight:
    """Resolves what the judge printed as the kubelet would; KeyError where a container could not start."""
    assert judgement.error == "", place
    parts: dict[str, list[object]] = {}
    for variable in sorted(judgement.env, key=lambda variable: str(variable["name"])):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        value = data[reference["name"]][reference["key"]] if reference else variable["value"]
        parts.setdefault(f"{place}: {_group(variable['name'])}", []).append((variable["name"], value))
    for volume in judgement.volumes:
        files = sorted(data[volume["secret"]["secretName"]].items())
        parts.setdefault(f"{place}: {_group(volume['name'])}", []).append(files)
    return {name: digest(part) for name, part in parts.items()}


def _group(name: str) -> str:
    return next(group for start, group in GROUPS.items() if name.startswith(start))


def check_sight(found: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Old or new for every place and credential: nothing else, and nothing that was there is gone."""
    assert old.keys() <= found.keys()
    wrong = [place for place, seen in found.items() if seen not in (old.get(place), new.get(place))]
    assert wrong == []


def crash(bench: Workbench, ending: Ending, at: int) -> CrashingTransport:
    """Gives the workbench a new syncd whose connection ends at a write."""
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
    return transport


def interrupted(bench: Workbench, ending: Ending, at: int) -> bool:
    """One sweep that ends at a write; false when it has fewer writes than that."""
    transport = crash(bench, ending, at)
    try:
        bench.sync()
    except (Killed, ClusterUnreachable):
        pass
    else:
        assert transport.writes < at
        return False
    if ending == "killed":
        bench.restart()
    return True


def converged(bench: Workbench, namespace: str, new: Sight) -> None:
    """One more sweep, and everything is as it should be; the next plan is empty."""
    bench.sync()
    assert sight(bench, namespace) == new
    plan = bench.preview().plan
    assert not plan
    assert plan.refused == ()


def states(bench: Workbench) -> Iterator[Callable[[str], None]]:
    """The states of a namespace that are gone through, as functions that put one in force."""
    for version, shape in ((1, 1), (2, 1), (3, 2)):

        def wanted(namespace: str, version: int = version, shape: int = shape) -> None:
            put(bench, version)
            force(bench, text(bench, credentials(namespace, shape=shape)))

        yield wanted


@pytest.fixture(scope="module")
def sights(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path_factory: pytest.TempPathFactory
) -> list[Sight]:
    """What is seen in each state, found out where nothing goes wrong; before all of them, nothing.

    The same for every test: what is seen depends on the values and the forms, and on no name of a namespace.
    """
    bench = Workbench.create(control_plane, openbao, judge, tmp_path_factory.mktemp("sights"))
    namespace = prepared(bench)
    found: list[Sight] = [sight(bench, namespace)]
    for wanted in states(bench):
        wanted(namespace)
        bench.sync()
        found.append(sight(bench, namespace))
    bench.close()
    # What the rest relies on: all that is bound is seen, and every state is another one.
    assert found[0] == {}
    assert len(found[1]) == 11
    assert found[1].keys() == found[2].keys()
    same = {place for place in found[1] if found[1][place] == found[2][place]}
    assert same == {"roles: s3"}
    assert not {place for place in found[2] if found[2][place] == found[3].get(place)}
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_first_sync_that_is_interrupted(bench: Workbench, sights: list[Sight], ending: Ending) -> None:
    """At every write, each in a namespace of its own: all or nothing is seen of every credential."""
    first = next(states(bench))
    kept, at = len(bench.plane.namespaces), 1
    while True:
        bench.plane.erase_namespaces(bench.plane.namespaces[kept:])
        namespace = prepared(bench)
        first(namespace)
        if not interrupted(bench, ending, at):
            break
        check_sight(sight(bench, namespace), sights[0], sights[1])
        converged(bench, namespace, sights[1])
        assert bench.listed(namespace, "every")[0] == "theirs"
        at += 1
    assert at == 11, "six Secrets, one storage-config, three ServiceAccounts"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("change", [(1, 2), (2, 3)], ids=["rotation", "shape"])
def test_a_change_that_is_interrupted(
    bench: Workbench, sights: list[Sight], ending: Ending, change: tuple[int, int]
) -> None:
    """At every write, there and back: the old or the new one is seen, never both, never nothing."""
    namespace = prepared(bench)
    put_in_force = [None, *states(bench)]
    old, new = change
    start = put_in_force[old]
    assert start is not None
    start(namespace)
    bench.sync()
    at = 1
    while True:
        forward = put_in_force[new]
        assert forward is not None
        forward(namespace)
        if not interrupted(bench, ending, at):
            break
        check_sight(sight(bench, namespace), sights[old], sights[new])
        converged(bench, namespace, sights[new])
        old, new, at = new, old, at + 1
    assert at == (8 if change == (1, 2) else 9), (
        "six Secrets, one storage-config, and a role of another shape"
    )


@pytest.mark.parametrize(
    ("change", "at", "when"),
    [((0, 1), 6, "after"), ((0, 1), 8, "after"), ((1, 2), 4, "before"), ((2, 3), 7, "after")],
)
def test_a_process_that_is_killed(
    bench: Workbench, sights: list[Sight], change: tuple[int, int], at: int, when: When
) -> None:
    """SIGKILL at a write of a real process: what is seen is old or new, and the next process goes on."""
    old, new = change
    namespace = prepared(bench)
    every = list(states(bench))
    if old:
        every[old - 1](namespace)
        bench.sync()
    every[new - 1](namespace)
    with KillingProxy(bench.plane.url, str(bench.plane.ca_file), at=at, when=when) as proxy:
        victim = _process(bench, namespace, shape=1 if new < 3 else 2, server=proxy.url)
        proxy.watch(victim)
        assert victim.wait(60) == -signal.SIGKILL
    check_sight(sight(bench, namespace), sights[old], sights[new])
    bench.restart()
    converged(bench, namespace, sights[new])


def _process(bench: Workbench, namespace: str, *, shape: int, server: str) -> subprocess.Popen[bytes]:
    """One process of syncd that sweeps the mapping once, by way of a server."""
    config = json.loads(Path(str(bench.options.kubeconfig)).read_text())
    config["clusters"][0]["cluster"] = {"server": server}
    kubeconfig, file = bench.folder / "killed.kubeconfig", bench.folder / "mapping.yaml"
    kubeconfig.write_text(json.dumps(config))
    file.write_text(text(bench, credentials(namespace, shape=shape)))
    command = [str(PROGRAM), str(kubeconfig), bench.instance, bench.options.namespace, str(file)]
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env={"PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("ending", ENDINGS)
def test_another_name_for_every_secret_that_is_interrupted(bench: Workbench, ending: Ending) -> None:
    """At every write: each ServiceAccount goes from one name to the other in one patch."""
    kept, at = len(bench.plane.namespaces), 1
    while True:
        bench.plane.erase_namespaces(bench.plane.namespaces[kept:])
        namespace = prepared(bench)
        put(bench, 1)
        force(bench, text(bench, credentials(namespace, shape=1)))
        bench.sync()
        seen = sight(bench, namespace)
        force(bench, text(bench, credentials(namespace, shape=1, suffix="-new")))
        if not interrupted(bench, ending, at):
            break
        assert sight(bench, namespace) == seen
        converged(bench, namespace, seen)
        assert set(bench.listed(namespace, "every")) == {
            "theirs",
            *(f"{one}-new" for one in ("minio", "gcs", "azure", "hub", "web", "hadoop")),
        }
        at += 1
    assert at > 8, "six Secrets and two ServiceAccounts"
