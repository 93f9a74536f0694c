"""syncd check on a real OpenBao with a narrow policy, and as a reader of a real API server."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique
from tests.harness.processes import free_port, wait_for
from tests.integration.cli.command import syncd
from tests.integration.daemon.directory import World
from tests.integration.daemon.kubernetes import CONFIG_MAP, RBAC, ClusterWorld
from tests.unit.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.openbao import OpenBao
    from tests.integration.cli.command import Ended

GUIDE = ROOT / "docs" / "guides" / "checking-stores.md"
CANARY = "canary-31ad"


@pytest.fixture
def world(tmp_path: Path, openbao: OpenBao) -> World:
    """A mapping whose store may be read below `ml/` only."""
    world = World.create(tmp_path, openbao)
    policy = openbao.write_policy(unique("narrow"), {f"{world.mount}/data/ml/*": ("read",)})
    (tmp_path / "vault-token").write_text(openbao.token([policy]))
    for place in ("ml/alpha", "other/beta"):
        world.put(place, CANARY)
    credential(world, "alpha", "ml/alpha")
    return world


def credential(world: World, name: str, secret: str, **more: Any) -> None:
    """Adds a credential of this secret of the world's mount."""
    world.add(name, **more)
    world.credentials[name]["from"]["secret"] = f"{world.mount}/{secret}"


def check(world: World, *arguments: str) -> Ended:
    """Checks the mapping, with log lines at debug level; no output has a value."""
    world.write()
    ended = syncd("--log-level", "debug", "check", *arguments, "-f", str(world.mapping))
    assert not ended.prints(CANARY)
    return ended


def secrets(ended: Ended) -> dict[str, Any]:
    """What was printed of the secrets, by name without the mount."""
    return {one["secret"].partition("/")[2]: one for one in json.loads(ended.out)["secrets"]}


def test_all_is_well(world: World) -> None:
    """The store says how it is and as whom it knows us; the secret has a version and an age; it is 0."""
    world.put("ml/alpha", CANARY)
    ended = check(world, "-o", "json")
    assert ended.code == 0, ended.out + ended.err
    (store,) = json.loads(ended.out)["stores"]
    reached, login = store["steps"]
    assert (store["status"], reached["status"], login["status"]) == ("ok", "ok", "ok")
    assert "active" in reached["detail"]
    assert "policies: default, narrow-" in login["detail"]
    alpha = secrets(ended)["ml/alpha"]
    assert (alpha["status"], alpha["version"], alpha["fields"]) == ("ok", "2", "ok")
    assert 0 <= alpha["ageSeconds"] < 600


def test_a_denied_path(world: World) -> None:
    """What the policy lacks is named as a policy writes it."""
    credential(world, "beta", "other/beta")
    ended = check(world, "-o", "json")
    assert ended.code == 3
    beta = secrets(ended)["other/beta"]
    assert (beta["status"], beta["readable"]) == ("AccessDenied", False)
    assert f"read on {world.mount}/data/other/beta" in beta["message"]


def test_a_missing_secret(world: World) -> None:
    """A secret that is not there is told with its path."""
    credential(world, "beta", "ml/beta")
    ended = check(world)
    assert ended.code == 3
    assert f"platform:{world.mount}/ml/beta: SecretNotFound" in ended.out


def test_a_missing_property(world: World) -> None:
    """A property that is not there is told with the names of those that are."""
    credential(world, "beta", "ml/alpha", s3={"accessKeyId": {"property": "acces"}, "region": "eu-west-1"})
    ended = check(world, "beta", "-o", "json")
    assert ended.code == 3
    (refusal,) = secrets(ended)["ml/alpha"]["refusals"]
    assert (refusal["reason"], refusal["field"]) == ("PropertyNotFound", "accessKeyId")
    assert "access_key, secret_key" in refusal["message"]


def test_the_wrong_kv_version(world: World, kv1: str) -> None:
    """A path with `data/`, and a pinned version in a mount without versions, are told as what they are."""
    policy = world.bao.write_policy(unique("both"), {f"{world.mount}/*": ("read",), f"{kv1}/*": ("read",)})
    (world.folder / "vault-token").write_text(world.bao.token([policy]))
    world.bao.put(kv1, "hub", {"access_key": CANARY, "secret_key": CANARY}, version=1)
    credential(world, "beta", "data/ml/alpha")
    world.add("gamma")
    world.credentials["gamma"]["from"] = {"store": "platform", "secret": f"{kv1}/hub", "version": "7"}
    found = secrets(check(world, "-o", "json"))
    assert {found[name]["status"] for name in ("data/ml/alpha", "hub")} == {"StoreMisconfigured"}
    assert "without `data/`" in found["data/ml/alpha"]["message"]
    assert "no versions to pin" in found["hub"]["message"]


def test_a_token_that_is_not_known(world: World) -> None:
    """A login that is refused is told of the store, once, and of each secret by its status."""
    (world.folder / "vault-token").write_text("hvs.nobody")
    credential(world, "beta", "other/beta")
    ended = check(world)
    assert ended.code == 3
    assert ended.out.count("store platform: AuthenticationFailed") == 1
    assert {one["status"] for one in secrets(check(world, "-o", "json")).values()} == {"AuthenticationFailed"}


def test_a_dead_store_beside_one_that_is_well(world: World) -> None:
    """A dead store is 3 and does not keep the other from being checked; alone it is 4."""
    world.add_store("dead", f"http://127.0.0.1:{free_port()}")
    world.add("beta", store="dead")
    ended = check(world, "-o", "json")
    assert ended.code == 3
    assert {one["store"]: one["status"] for one in secrets(ended).values()} == {
        "platform": "ok",
        "dead": "StoreUnavailable",
    }
    assert check(world, "--store", "dead").code == 4


def test_a_store_that_hangs(world: World) -> None:
    """A store that takes connections and never answers costs its own time-out, once, whatever it holds."""
    with ScriptedServer() as hanging:
        hanging.answer(".*", Reply(delay=60.0))
        world.add_store("hanging", hanging.url)
        world.stores["hanging"]["requests"] = {"timeout": "2s"}
        for number in range(20):
            world.add(f"far-{number}", store="hanging")
        started = time.monotonic()
        ended = check(world, "-o", "json")
        took = time.monotonic() - started
    assert ended.code == 3
    assert secrets(ended)["ml/alpha"]["status"] == "ok"
    assert took < 15, took


def test_ambient_login(world: World) -> None:
    """With --store-auth ambient the caller's own token reads, whatever login the mapping has."""
    token = (world.folder / "vault-token").read_text()
    world.stores["platform"]["vault"]["auth"] = {"kubernetes": {"role": "syncd"}}
    world.write()
    arguments = ("check", "-f", str(world.mapping), "--store-auth", "ambient")
    assert syncd(*arguments, env={"VAULT_TOKEN": token}).code == 0


# As somebody who may read and nothing else, on a real API server.


@pytest.fixture
def cluster(control_plane: ControlPlane, openbao: OpenBao, tmp_path: Path) -> Iterator[ClusterWorld]:
    """A mapping in a ConfigMap, with a secret for each selected namespace; the account is a mere reader."""
    world = ClusterWorld.create(control_plane, openbao, tmp_path)
    team = {"metadata": {"labels": {"syncd.dev/check": world.team}}}
    path = f"/api/v1/namespaces/{world.team}"
    control_plane.admin.must(control_plane.admin.patch(path, team))
    world.add("alpha")
    world.credentials["alpha"] |= {
        "from": {"store": "platform", "secret": f"{world.mount}/$(namespace)/alpha"},
        "to": [{"namespaceSelector": {"matchLabels": {"syncd.dev/check": world.team}}}],
    }
    world.put(f"{world.team}/alpha", CANARY)
    world.apply()
    become_reader(world)
    yield world
    world.close()


def become_reader(world: ClusterWorld) -> None:
    """Gives the world's kubeconfig the token of an account with the rights of the guide, and no other."""
    plane, name = world.plane, unique("reader")
    (manifest,) = [block.text for block in blocks(GUIDE) if block.text.startswith("# check-rbac.yaml")]
    everywhere, own = yaml.safe_load_all(manifest)
    plane.create_service_account(world.own, name)
    subjects = [{"kind": "ServiceAccount", "namespace": world.own, "name": name}]
    for role, scope in ((everywhere, ""), (own, f"namespaces/{world.own}/")):
        kind = role["kind"]
        body = {**role, "metadata": {"name": name}}
        folder = f"/apis/{RBAC}/v1/{scope}{kind.lower()}"
        plane.admin.must(plane.admin.post(f"{folder}s", body))
        reference = {"apiGroup": RBAC, "kind": kind, "name": name}
        binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects}
        plane.admin.must(plane.admin.post(f"{folder}bindings", binding))
    content = json.loads(world.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": plane.token_for(world.own, name)}
    world.kubeconfig.write_text(json.dumps(content))
    reader = plane.client_for_service_account(world.own, name)
    paths = ("/api/v1/namespaces", f"/api/v1/namespaces/{world.own}/configmaps/{CONFIG_MAP}")
    wait_for("the reader's rights", lambda: all(reader.get(path)[0] == 200 for path in paths))


def test_a_reader_can_check_everything(cluster: ClusterWorld) -> None:
    """The rights of the guide are enough, placeholders and the store's login included; nothing is written."""
    before, asked = cluster.plane.requests(), len(cluster.proxy.seen())
    ended = syncd("check", "-o", "json", "--kubeconfig", str(cluster.kubeconfig), "-n", cluster.own)
    assert ended.code == 0, ended.out + ended.err
    assert not ended.prints(CANARY)
    (alpha,) = json.loads(ended.out)["secrets"]
    assert (alpha["secret"], alpha["status"]) == (f"{cluster.mount}/{cluster.team}/alpha", "ok")
    assert [use["namespaces"] for use in alpha["usedBy"]] == [[cluster.team]]
    requests = cluster.proxy.seen()[asked:]
    assert {request.method for request in requests} == {"GET"}
    assert sorted(re.sub(r"\?.*", "", request.path) for request in requests) == [
        "/api/v1/namespaces",
        f"/api/v1/namespaces/{cluster.own}/configmaps/{CONFIG_MAP}",
        f"/api/v1/namespaces/{cluster.own}/secrets/vault-token",
        "/api/v1/serviceaccounts",
    ]
    assert cluster.plane.writes(before) == {}


def test_a_mapping_without_placeholders_needs_no_cluster(cluster: ClusterWorld, tmp_path: Path) -> None:
    """From files, and with a login of one's own, the API server is not asked for anything."""
    (tmp_path / "token").write_text(
        cluster.bao.token([cluster.bao.least_policy("reads", {cluster.mount: 2})])
    )
    store = {"vault": {"address": cluster.bao.url, "auth": {"token": {"file": str(tmp_path / "token")}}}}
    cluster.credentials["alpha"]["from"]["secret"] = f"{cluster.mount}/{cluster.team}/alpha"
    mapping = tmp_path / "mapping.yaml"
    header = {"apiVersion": "syncd.dev/v1alpha1", "kind": "Mapping"}
    mapping.write_text(
        json.dumps({**header, "stores": {"platform": store}, "credentials": cluster.credentials})
    )
    asked = len(cluster.proxy.seen())
    ended = syncd("check", "-f", str(mapping), "--kubeconfig", str(cluster.kubeconfig), "-n", cluster.own)
    assert ended.code == 0, ended.out + ended.err
    assert cluster.proxy.seen()[asked:] == []


def test_a_cluster_that_may_not_be_looked_at(cluster: ClusterWorld, tmp_path: Path) -> None:
    """Without the right to list namespaces what needs them is told, with why, and it is 4."""
    cluster.proxy.answer(
        "/api/v1/namespaces([?]|$)", Reply(403, b'{"kind": "Status", "reason": "Forbidden"}')
    )
    ended = syncd("check", "--kubeconfig", str(cluster.kubeconfig), "-n", cluster.own)
    assert ended.code == 4, ended.out + ended.err
    assert "needs the cluster's namespaces" in ended.out
    assert "The cluster could not be asked:" in ended.out
