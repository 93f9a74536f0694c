"""plan, sync and render on a real OpenBao and a directory of manifests."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.harness.fixtures import unique
from tests.harness.processes import free_port
from tests.integration.cli.command import syncd
from tests.integration.daemon.directory import NAMESPACE, World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.openbao import OpenBao
    from tests.integration.cli.command import Ended


@pytest.fixture
def world(tmp_path: Path, openbao: OpenBao) -> World:
    """A mapping with one credential, in force nowhere yet; its value is a canary of this test's own."""
    world = World.create(tmp_path, openbao)
    world.add("alpha")
    world.put("alpha", canary(world))
    world.write()
    return world


def canary(world: World) -> str:
    """A value that no output may have."""
    return f"canary-{world.mount}"


def run(world: World, command: str, *arguments: str) -> Ended:
    """Run a command on the world's mapping and cluster, with log lines at debug level."""
    where = ("-f", str(world.mapping), "--directory", str(world.folder / "cluster"))
    return syncd("--log-level", "debug", command, *arguments, *where)


def test_plan_then_sync_then_plan(world: World) -> None:
    """A plan is 1 while there is something to write, a sync writes it, and the next plan is empty."""
    first = run(world, "plan")
    assert first.code == 1, first.err
    assert "Plan: 2 to create, 0 unchanged" in first.out
    assert not world.file_of("alpha").exists()
    done = run(world, "sync")
    assert done.code == 0, done.err
    assert "Sync: 2 created, 0 unchanged" in done.out
    assert world.has("alpha", canary(world))
    again = run(world, "plan")
    assert (again.code, again.out) == (0, "Plan: 2 unchanged\n"), again.err
    assert not any(ended.prints(canary(world)) for ended in (first, done, again))


def test_rotation_in_a_plan(world: World) -> None:
    """A new value is planned as a change of the keys that differ, by name."""
    run(world, "sync")
    world.bao.put(world.mount, "alpha", {"access_key": f"ID{canary(world)}", "secret_key": "another"})
    ended = run(world, "plan")
    assert ended.code == 1
    assert "values AWS_SECRET_ACCESS_KEY" in ended.out
    assert not ended.prints("another")


def test_machine_forms(world: World) -> None:
    """JSON and YAML say the same, names are one a line, wide has more columns; none has a value."""
    as_json = run(world, "plan", "-o", "json")
    as_yaml = run(world, "plan", "-o", "yaml")
    names = run(world, "plan", "-o", "name")
    wide = run(world, "plan", "-o", "wide")
    tree = json.loads(as_json.out)
    assert tree == yaml.safe_load(as_yaml.out)
    assert {action["verb"] for action in tree["actions"]} == {"create"}
    assert [outcome["state"] for outcome in tree["outcomes"]] == ["Synced"]
    assert names.out.splitlines() == [f"secret/{NAMESPACE}/alpha", f"serviceaccount/{NAMESPACE}/models"]
    assert "CREDENTIALS" in wide.out
    assert {ended.code for ended in (as_json, as_yaml, names, wide)} == {1}
    assert not any(ended.prints(canary(world)) for ended in (as_json, as_yaml, names, wide))


def test_render(world: World) -> None:
    """The manifests are printed; values only when asked for, and without them nothing that can be applied."""
    hidden, shown = run(world, "render", "alpha"), run(world, "render", "alpha", "--values", "shown")
    assert (hidden.code, shown.code) == (0, 0), hidden.err
    encoded = base64.b64encode(canary(world).encode()).decode()
    assert not hidden.prints(canary(world))
    assert not hidden.prints(encoded)
    secret, account = yaml.safe_load_all(shown.out)
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "alpha")
    assert bool(secret["data"]["AWS_SECRET_ACCESS_KEY"] == encoded)
    assert account["secrets"] == [{"name": "alpha"}]
    assert set(next(yaml.safe_load_all(hidden.out))["data"].values()) == {"(hidden)"}
    assert not world.file_of("alpha").exists()


def test_render_of_one_namespace(world: World) -> None:
    """-n picks namespaces, and one where nothing goes is told."""
    assert run(world, "render", "alpha", "-n", NAMESPACE).out
    ended = run(world, "render", "alpha", "-n", "elsewhere")
    assert (ended.out, ended.code) == ("", 0)
    assert "alpha goes to no namespace of elsewhere" in ended.err


def test_render_of_what_is_not_there(world: World) -> None:
    """A name that the mapping does not have is a usage error that lists those that it has."""
    ended = run(world, "render", "beta")
    assert ended.code == 2
    assert "it has alpha" in ended.err


def test_refusal(world: World) -> None:
    """A refused credential is told with its remedy and is 3; its neighbours are written."""
    world.add("beta")
    world.put("beta", "")
    world.write()
    planned, done = run(world, "plan"), run(world, "sync")
    assert (planned.code, done.code) == (3, 3)
    for ended in (planned, done):
        assert f"beta in {NAMESPACE}: EmptyValue" in ended.out
        assert "pin a version" in ended.out
    assert world.has("alpha", canary(world))
    assert not world.file_of("beta").exists()


def test_optional_secret(world: World) -> None:
    """A missing secret that may be missing is told, and is 0."""
    world.add("beta")
    world.credentials["beta"]["from"]["optional"] = True
    world.write()
    ended = run(world, "sync")
    assert ended.code == 0, ended.out + ended.err
    assert "SecretNotFound (optional)" in ended.out


def test_invalid_entry(world: World) -> None:
    """An invalid entry is told with its place, the others are written, and it is 2."""
    world.add("beta", s3={"endpont": "https://minio.example.com"})
    world.write()
    assert syncd("validate", str(world.mapping)).code == 2
    ended = run(world, "sync")
    assert ended.code == 2
    assert f"error: {world.mapping}:" in ended.err
    assert "did you mean endpoint" in ended.err
    assert world.has("alpha", canary(world))


def test_one_store_is_down(world: World) -> None:
    """One store that does not answer is 3; the other's credentials are written."""
    world.add_store("dead", f"http://127.0.0.1:{free_port()}")
    world.add("beta", store="dead")
    world.write()
    ended = run(world, "sync", "--timeout", "5")
    assert ended.code == 3, ended.out + ended.err
    assert "StoreUnavailable" in ended.out
    assert world.has("alpha", canary(world))


def test_every_store_is_down(world: World) -> None:
    """When no store answers it is 4."""
    world.stores["platform"]["vault"]["address"] = f"http://127.0.0.1:{free_port()}"
    world.write()
    assert run(world, "plan", "--timeout", "5").code == 4


def test_offline(world: World) -> None:
    """Offline no store is asked: structure is compared, and what exists is not read."""
    run(world, "sync")
    before = world.bao.reads(world.mount)
    world.add("beta")
    world.write()
    ended = run(world, "plan", "--offline")
    assert ended.code == 1, ended.err
    lines = {tuple(line.split()[1:4]): line for line in ended.out.splitlines() if line.startswith(NAMESPACE)}
    assert lines["exists", "Secret", "alpha"].endswith("(not read)")
    assert lines["create", "Secret", "beta"].endswith("(not read)")
    del world.credentials["beta"]
    world.write()
    unread = run(world, "plan", "--offline", "-o", "json")
    assert unread.code == 0
    assert json.loads(unread.out)["notRead"] == [f"secret/{NAMESPACE}/alpha"]
    assert world.bao.reads(world.mount) == before


def test_what_left_the_mapping(world: World) -> None:
    """What left the mapping is told and left as it is."""
    run(world, "sync")
    del world.credentials["alpha"]
    world.add("beta")
    world.put("beta", "value")
    world.write()
    ended = run(world, "sync")
    assert ended.code == 0, ended.err
    assert f"Secret {NAMESPACE}/alpha" in ended.out
    assert world.has("alpha", canary(world))


@pytest.mark.parametrize("mode", ["observe", "paused"])
def test_modes_that_write_nothing(world: World, mode: str) -> None:
    """In another mode than enforce a sync writes nothing, and says so."""
    world.mode = mode
    world.write()
    ended = run(world, "sync")
    assert ended.code == 0, ended.err
    assert f"mode: {mode}" in ended.out
    assert not world.file_of("alpha").exists()


def test_placeholders(world: World) -> None:
    """--values hidden writes a placeholder for each value, and the directory is not used again."""
    ended = run(world, "sync", "--values", "hidden")
    assert ended.code == 0, ended.err
    assert world.has("alpha", "(hidden)")
    for again in (run(world, "sync"), run(world, "sync", "--values", "hidden")):
        assert again.code == 2
        assert "placeholders" in again.err
    assert not ended.prints(canary(world))


def test_git_work_tree(world: World) -> None:
    """Real values do not go where they would be committed; a plan may look there."""
    (world.folder / ".git").mkdir()
    assert run(world, "plan").code == 1
    ended = run(world, "sync")
    assert ended.code == 2
    assert "Git work tree" in ended.err
    assert not world.file_of("alpha").exists()


def test_ambient_login(world: World) -> None:
    """With --store-auth ambient the caller's token counts, from VAULT_TOKEN or the home directory."""
    token = (world.folder / "vault-token").read_text()
    world.stores["platform"]["vault"]["auth"] = {"kubernetes": {"role": "syncd"}}
    world.write()
    where = ("-f", str(world.mapping), "--directory", str(world.folder / "cluster"))
    ambient = ("plan", *where, "--store-auth", "ambient")
    assert syncd(*ambient, env={"VAULT_TOKEN": token}).code == 1
    home = world.folder / unique("home")
    home.mkdir()
    assert syncd(*ambient, env={"HOME": str(home)}).code == 2
    (home / ".vault-token").write_text(token)
    assert syncd(*ambient, env={"HOME": str(home)}).code == 1


def test_mapping_from_standard_input(world: World) -> None:
    """-f - reads the mapping from standard input."""
    cluster = str(world.folder / "cluster")
    ended = syncd("plan", "-f", "-", "--directory", cluster, stdin=world.mapping.read_text())
    assert ended.code == 1, ended.err


def test_mapping_in_the_cluster(world: World) -> None:
    """Without -f the mapping is the ConfigMap in the cluster, and the instance its namespace."""
    folder = world.folder / "cluster" / "platform" / "configmaps"
    folder.mkdir(parents=True)
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "credentials", "namespace": "platform"},
        "data": {"mapping.yaml": world.mapping.read_text()},
    }
    (folder / "credentials.yaml").write_text(json.dumps(manifest))
    flags = ("-n", "platform", "--configmap", "credentials", "--directory", str(world.folder / "cluster"))
    assert syncd("validate", *flags).out == "valid: 1 credential, 1 store\n"
    assert syncd("sync", *flags).code == 0
    written = yaml.safe_load(world.file_of("alpha").read_text())
    assert written["metadata"]["labels"]["syncd.dev/instance"] == "platform"
    rendered = syncd("render", "alpha", "--configmap", "platform/credentials", *flags[4:])
    assert rendered.code == 0, rendered.err
