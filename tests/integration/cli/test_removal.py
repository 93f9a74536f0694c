"""sync --prune, confirm and prune as a person types them, on a directory and a folder of secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.cluster.interface import Rejected
from syncd.model.reasons import Reason
from tests.integration.cli.command import syncd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cli.command import Ended

TEAMS = tuple(f"team-{number}" for number in range(8))
CANARY = "canary-in-a-removal"


@dataclass(frozen=True, slots=True)
class Desk:
    """A mapping file and a cluster in a directory."""

    root: Path

    @property
    def cluster(self) -> Path:
        """Where the manifests are."""
        return self.root / "cluster"

    def map(self, teams: tuple[str, ...], policy: str = "Retain", entry: str = "") -> None:
        """Write the mapping: one credential in these namespaces, beside one that stays."""
        target: dict[str, object] = {"namespaces": list(teams), "serviceAccounts": ["models"]}
        if entry:
            target["storageConfig"] = {"key": entry, "bucket": "b"}
        s3 = {
            "from": {"store": "mounted", "secret": "s3"},
            "s3": {},
            "deletionPolicy": {"whenUnmapped": policy},
            "to": [target],
        }
        stays = {
            "from": {"store": "mounted", "secret": "hub"},
            "modelScope": {},
            "to": [{"namespaces": ["team-0"]}],
        }
        credentials = {"stays": stays} | ({"models": s3} if teams else {})
        tree = {
            "apiVersion": "syncd.dev/v1alpha1",
            "kind": "Mapping",
            "stores": {"mounted": {"file": {"directory": str(self.root / "secrets")}}},
            "credentials": credentials,
        }
        (self.root / "mapping.yaml").write_text(yaml.safe_dump(tree))

    def run(self, command: str, *arguments: str) -> Ended:
        """Run a command on the mapping and the cluster; none of them prints a value."""
        return self._checked(command, *arguments, "-f", str(self.root / "mapping.yaml"))

    def bare(self, command: str, *arguments: str) -> Ended:
        """Run a command that takes no mapping."""
        return self._checked(command, *arguments)

    def _checked(self, *arguments: str) -> Ended:
        ended = syncd(*arguments, "--directory", str(self.cluster))
        assert not ended.prints(CANARY)
        return ended

    def get(self, folder: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return a manifest, None if there is none."""
        path = self.cluster / namespace / folder / f"{name}.yaml"
        return yaml.safe_load(path.read_text()) if path.exists() else None

    def accounts(self, *secrets: str) -> None:
        """Let ServiceAccount models of team-0 list exactly these."""
        account(self.cluster, "team-0", [{"name": name} for name in secrets])


def account(cluster: Path, namespace: str, secrets: list[dict[str, str]]) -> None:
    """Write ServiceAccount models."""
    folder = cluster / namespace / "serviceaccounts"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "models", "namespace": namespace},
        "secrets": secrets,
    }
    (folder / "models.yaml").write_text(yaml.safe_dump(manifest))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk where everything is in sync in all namespaces."""
    one = Desk(tmp_path)
    for team in TEAMS:
        account(one.cluster, team, [])
    for name, properties in (
        ("s3", {"access_key": "AKIA", "secret_key": CANARY}),
        ("hub", {"token": CANARY}),
    ):
        folder = tmp_path / "secrets" / name
        folder.mkdir(parents=True)
        for key, text in properties.items():
            (folder / key).write_text(text)
    one.map(TEAMS)
    done = one.run("sync")
    assert done.code == 0, done.err + done.out
    return one


def held(desk: Desk) -> str:
    """Return the one id that is held, as JSON has it."""
    (one,) = json.loads(desk.run("plan", "--prune", "-o", "json").out)["held"]
    return str(one["id"])


def test_a_sync_without_prune_reports_and_ends_well(desk: Desk) -> None:
    """What left the mapping is listed, nothing goes, and that is no failure."""
    desk.map(TEAMS[1:])
    ended = desk.run("sync")
    assert ended.code == 0, ended.err
    assert "No longer in the mapping" in ended.out
    secret = desk.get("secrets", "team-0", "models")
    assert secret is not None
    assert "syncd.dev/instance" in secret["metadata"]["labels"]


def test_a_plan_shows_what_would_be_held_and_why(desk: Desk) -> None:
    """With --prune the class is shown with its names, its limit and the command, and nothing is written."""
    desk.map(())
    ended = desk.run("plan", "--prune")
    assert ended.code == 3, ended.err
    assert "8 removals are held as " in ended.out
    assert "  Secret team-3/models\n" in ended.out
    assert "limits.removals is 10%: 5 within an hour, of which 0 are used" in ended.out
    assert f"syncd confirm {held(desk)}" in ended.out
    assert desk.get("configmaps", "syncd", "syncd-state") is None
    assert desk.run("plan").code == 0


def test_what_is_held_goes_once_it_is_confirmed(desk: Desk) -> None:
    """A sync --prune holds (3), confirm returns, the next sync --prune acts; the id is used up."""
    desk.map(())
    assert desk.run("sync", "--prune").code == 3
    identity = held(desk)
    done = desk.bare("confirm", identity)
    assert done.code == 0, done.err
    assert f"Confirmed: {identity}, 8 removals" in done.out
    assert desk.get("secrets", "team-0", "models") is not None
    ended = desk.run("sync", "--prune")
    assert ended.code == 0, ended.out + ended.err
    assert "8 released" in ended.out
    again = desk.bare("confirm", identity)
    assert again.code == 2
    assert "nothing is held at all" in again.err


def test_an_unknown_id_is_a_mistake_that_names_those_there_are(desk: Desk) -> None:
    """A typo confirms nothing, not even the other ids of the same command."""
    desk.map(())
    desk.run("sync", "--prune")
    identity = held(desk)
    ended = desk.bare("confirm", identity, "zzzzzzzz")
    assert ended.code == 2
    assert f"zzzzzzzz: nothing is held under this id; held are {identity} (8 removals)" in ended.err
    assert desk.run("sync", "--prune").code == 3


def test_a_plan_without_prune_and_with_other_looks(desk: Desk) -> None:
    """--prune belongs to a plan that asks stores and compares."""
    ended = desk.run("plan", "--prune", "--offline")
    assert ended.code == 2
    assert "leave out --offline and --server" in ended.err


def test_prune_lists_what_was_released(desk: Desk) -> None:
    """The Secret with who names it, in a table and as JSON; nothing is changed by looking."""
    desk.map(TEAMS[1:])
    assert desk.run("sync", "--prune").code == 0
    ended = desk.bare("prune")
    assert ended.code == 0
    line = next(line for line in ended.out.splitlines() if line.startswith("team-0"))
    assert line.split() == ["team-0", "named", "Secret", "models", "-", "models", "models"]
    (one,) = json.loads(desk.bare("prune", "-o", "json").out)["released"]
    assert (one["state"], one["namedBy"]) == ("named", ["models"])
    assert yaml.safe_load(desk.bare("prune", "-o", "yaml").out) == {"released": [one]}
    assert desk.bare("prune", "-o", "name").out == "secret/team-0/models\n"


def test_prune_deletes_what_no_service_account_names(desk: Desk) -> None:
    """A Secret that is named stays; once it is not, it goes, and what is in use is never touched."""
    desk.map(TEAMS[1:])
    desk.run("sync", "--prune")
    assert desk.bare("prune", "--delete").code == 0
    assert desk.get("secrets", "team-0", "models") is not None
    desk.accounts()
    ended = desk.bare("prune", "--delete")
    assert ended.code == 0
    assert "deleted" in ended.out
    assert desk.get("secrets", "team-0", "models") is None
    assert desk.get("secrets", "team-1", "models") is not None
    assert desk.bare("prune").out == "Nothing is released.\n"


def test_prune_deletes_released_entries(desk: Desk) -> None:
    """An entry that was released leaves storage-config with its record; those in force stay."""
    desk.map(TEAMS, entry="old")
    desk.run("sync")
    tree = yaml.safe_load((desk.root / "mapping.yaml").read_text())
    first = tree["credentials"]["models"]["to"][0]
    tree["credentials"]["models"]["to"] = [
        {**first, "namespaces": ["team-0"], "storageConfig": {"key": "new", "bucket": "b"}},
        {**first, "namespaces": list(TEAMS[1:])},
    ]
    (desk.root / "mapping.yaml").write_text(yaml.safe_dump(tree))
    assert desk.run("sync", "--prune").code == 0
    assert desk.bare("prune", "-o", "name").out == "secret/team-0/storage-config#old\n"
    assert desk.bare("prune", "--delete").code == 0
    config = desk.get("secrets", "team-0", "storage-config")
    assert config is not None
    assert sorted(config["data"]) == ["new"]
    assert "old" not in config["metadata"]["annotations"]["syncd.dev/entries.syncd"]
    other = desk.get("secrets", "team-1", "storage-config")
    assert other is not None
    assert sorted(other["data"]) == ["old"]


def test_prune_says_what_it_could_not_delete(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deletion that the cluster refuses is 3, with the reason and what to do."""
    desk.map(TEAMS[1:])
    desk.run("sync", "--prune")
    desk.accounts()
    no = Rejected(Reason.FORBIDDEN, "Secret team-0/models: RBAC does not allow it", "Grant delete")
    monkeypatch.setattr(DirectoryCluster, "delete_secret", lambda *_: no)
    ended = desk.bare("prune", "--delete")
    assert ended.code == 3
    assert "not deleted" in ended.out
    assert "RBAC does not allow it. Grant delete" in ended.out


@pytest.mark.parametrize("again", [False, True])
def test_a_confirmation_that_cannot_be_written_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Without the right to patch the ConfigMap, or when it never holds still, confirm ends with 3."""
    desk.map(())
    desk.run("sync", "--prune")
    identity = held(desk)
    no = Rejected(Reason.FORBIDDEN, "ConfigMap syncd/syncd-state: no", "Grant patch", again=again)
    monkeypatch.setattr(DirectoryCluster, "write_config_map", lambda *_: no)
    ended = desk.bare("confirm", identity)
    assert ended.code == 3
    assert "syncd-state" in ended.err
