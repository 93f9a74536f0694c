"""syncd check, with stores in memory: what it looks at, what it prints, how it ends."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from syncd.cli.main import app
from syncd.model.errors import AccessDenied
from syncd.testing.stores.rig import Failure
from tests.unit.docs.pages import ROOT, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typer.testing import Result

    from syncd.testing.stores.memory import InMemoryStore

CANARY = "canary-b71f"
MAPPING = """\
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores:
  mounted: {file: {directory: /etc/credentials}}
  other: {file: {directory: /etc/others}}
credentials:
  models-s3:
    from: {store: mounted, secret: s3}
    s3: {endpoint: "https://minio:9000"}
    to: [{namespaces: [recsys, search]}]
  hub:
    from: {store: other, secret: hub}
    huggingFace: {}
    to: [{namespaces: [nlp]}]
"""
TEAMS = """\
  team-s3:
    from: {store: mounted, secret: teams/$(namespace)/s3}
    s3: {endpoint: "https://minio:9000"}
    to: [{namespaceSelector: {matchLabels: {syncd.dev/models: "true"}}}]
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No cluster is configured, and the process's log lines stay those of the tests."""
    with monkeypatch.context() as patch:
        patch.setattr("syncd.cli.logs.configure", lambda **_: None)
        patch.setenv("HOME", str(tmp_path / "home"))
        for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def filled(stores: Mapping[str, InMemoryStore]) -> Mapping[str, InMemoryStore]:
    """Both stores, with what the mapping needs."""
    stores["mounted"].put("s3", {"access_key": CANARY, "secret_key": CANARY})
    stores["other"].put("hub", {"token": f"hf_{CANARY}"})
    return stores


def check(folder: Path, *arguments: str, mapping: str = MAPPING) -> Result:
    """Check this mapping; no output has a value."""
    file = folder / "mapping.yaml"
    file.write_text(mapping)
    result = CliRunner().invoke(app, ("check", *arguments, "-f", str(file)))
    assert CANARY not in result.stdout + result.stderr
    return result


def tree(result: Result) -> dict[str, Any]:
    """The JSON that was printed."""
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def statuses(result: Result) -> dict[str, str]:
    """Secret → status, of the JSON that was printed."""
    return {f"{one['store']}:{one['secret']}": one["status"] for one in tree(result)["secrets"]}


def test_all_is_well(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """Every store and secret stands in aligned columns, and it is 0."""
    result = check(tmp_path)
    assert result.exit_code == 0, result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["mounted", "ok", "authenticated", "as", "anybody"] in lines
    assert ["mounted", "ok", "s3", "1", "-", "models-s3"] in lines
    assert ["other", "ok", "hub", "1", "-", "hub"] in lines
    assert result.stdout.endswith("Check: 2 stores, 2 secrets (2 ok)\n")
    assert all(store.closed for store in filled.values())


def test_each_secret_is_read_once(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A secret that goes to several namespaces is read once."""
    check(tmp_path)
    assert [ref.secret for ref in filled["mounted"].asked] == ["s3"]


def test_a_field_that_is_missing(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A refusal is told once, with the names that are there, the remedy and the place, and is 3."""
    filled["mounted"].put("s3", {"access": CANARY, "secret_key": CANARY})
    result = check(tmp_path)
    assert result.exit_code == 3
    assert result.stdout.count("mounted:s3: PropertyNotFound") == 1
    assert "access, secret_key" in result.stdout
    assert f"{tmp_path}/mapping.yaml:7:3: credentials.models-s3" in result.stdout
    assert result.stdout.endswith("Check: 2 stores, 2 secrets (1 ok, 1 not)\n")


def test_a_denied_secret(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """The permission that is missing is named in the store's own words."""
    filled["other"].answer("hub", AccessDenied("it takes secretsmanager:GetSecretValue"))
    result = check(tmp_path)
    assert result.exit_code == 3
    assert "it takes secretsmanager:GetSecretValue" in result.stdout


def test_what_many_secrets_share_is_told_once(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A store that does not know us is told once, not for each of its secrets."""
    filled["other"].fail(Failure.UNKNOWN_TO_IT)
    more = MAPPING.replace("  hub:", "  hub2:").split("  hub2:")[1]
    result = check(tmp_path, mapping=f"{MAPPING}  hub2:{more.replace('secret: hub', 'secret: hub2')}")
    assert result.exit_code == 3
    assert result.stdout.count("store other: AuthenticationFailed") == 1


def test_one_store_is_down(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """One dead store is 3: it is told once, its secrets are not asked for, the others are read."""
    filled["other"].fail(Failure.STOP)
    result = check(tmp_path)
    assert result.exit_code == 3
    assert result.stdout.count("connection refused") == 1
    assert filled["other"].asked == []
    assert statuses(check(tmp_path, "-o", "json")) == {"mounted:s3": "ok", "other:hub": "StoreUnavailable"}


def test_every_store_is_down(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """When no store can be reached it is 4."""
    for store in filled.values():
        store.fail(Failure.STOP)
    assert check(tmp_path).exit_code == 4


def test_an_optional_secret(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A missing secret that may be missing is shown, and is 0."""
    filled["other"].remove("hub")
    result = check(tmp_path, mapping=MAPPING.replace("secret: hub}", "secret: hub, optional: true}"))
    assert result.exit_code == 0, result.stdout
    assert "hub (optional)" in result.stdout
    assert "What is wrong" not in result.stdout
    assert result.stdout.endswith("(1 ok, 1 optional and missing)\n")
    assert check(tmp_path).exit_code == 3


def test_suspended_credentials(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A suspended credential is checked like any other, and said to be suspended."""
    result = check(tmp_path, mapping=MAPPING + "    suspend: true\n")
    assert result.exit_code == 0
    assert "hub (suspended)" in result.stdout


def test_a_part_of_the_mapping_is_invalid(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """An invalid entry is 2, and the others are checked."""
    result = check(tmp_path, mapping=MAPPING.replace("endpoint:", "endpont:"))
    assert result.exit_code == 2
    assert "did you mean endpoint" in result.stderr
    assert "hub" in result.stdout


def test_names_without_a_cluster(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """Without a cluster what has no placeholder is checked, the rest is told, and it is 4."""
    result = check(tmp_path, mapping=MAPPING + TEAMS)
    assert result.exit_code == 4
    assert "mounted:teams/$(namespace)/s3 (for team-s3): needs the cluster's namespaces" in result.stdout
    assert "no cluster is configured" in result.stdout
    assert result.stdout.endswith("Check: 2 stores, 2 secrets (2 ok), 1 not checked\n")
    printed = tree(check(tmp_path, "-o", "json", mapping=MAPPING + TEAMS))
    assert "no cluster is configured" in printed["cluster"]
    assert [one["reason"] for one in printed["notChecked"]] == ["ClusterUnavailable"]


def test_names_with_a_cluster(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """Each namespace that a selector finds has its own secret."""
    for name in ("a", "b"):
        metadata = {"name": name, "labels": {"syncd.dev/models": "true"}}
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        (tmp_path / "cluster" / name).mkdir(parents=True)
        (tmp_path / "cluster" / name / "namespace.yaml").write_text(yaml.safe_dump(manifest))
    filled["mounted"].put("teams/a/s3", {"access_key": CANARY, "secret_key": CANARY})
    arguments = ("team-s3", "-o", "json", "--directory", str(tmp_path / "cluster"))
    result = check(tmp_path, *arguments, mapping=MAPPING + TEAMS)
    assert result.exit_code == 3
    assert statuses(result) == {"mounted:teams/a/s3": "ok", "mounted:teams/b/s3": "SecretNotFound"}


def test_a_selector_that_matches_nothing(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """No namespace, no secret: that is told, and is 0."""
    (tmp_path / "cluster").mkdir()
    result = check(tmp_path, "--directory", str(tmp_path / "cluster"), mapping=MAPPING + TEAMS)
    assert result.exit_code == 0, result.stdout
    assert "no namespace matches its selector" in result.stdout


@pytest.mark.parametrize("flag", ["--kubeconfig", "--context"])
def test_a_cluster_that_is_named_has_to_be_there(
    tmp_path: Path, filled: Mapping[str, InMemoryStore], flag: str
) -> None:
    """A cluster that a flag names has to be configured, though none is needed."""
    assert check(tmp_path, flag, "nowhere").exit_code == 2


def test_some_credentials(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """With names only these credentials are looked at, and the stores that they use."""
    printed = tree(check(tmp_path, "hub", "-o", "json"))
    assert [one["name"] for one in printed["stores"]] == ["other"]
    assert [one["secret"] for one in printed["secrets"]] == ["hub"]
    assert filled["mounted"].asked == []


def test_some_stores(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """With --store only this store is looked at."""
    printed = tree(check(tmp_path, "--store", "mounted", "-o", "json"))
    assert [one["name"] for one in printed["stores"]] == ["mounted"]
    assert [one["secret"] for one in printed["secrets"]] == ["s3"]


def test_a_credential_without_a_store(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A credential that reads no secret needs no store, and is 0."""
    role = "{roleArn: 'arn:aws:iam::111122223333:role/x'}"
    keyless = f"  role: {{s3: {role}, to: [{{namespaces: [a], serviceAccounts: [b]}}]}}\n"
    result = check(tmp_path, "role", mapping=MAPPING + keyless)
    assert (result.exit_code, result.stdout) == (0, "Check: 0 stores, 0 secrets\n"), result.stderr


@pytest.mark.parametrize(("arguments", "known"), [(("hubb",), "hub"), (("--store", "there"), "mounted")])
def test_names_that_there_are_not(
    tmp_path: Path, filled: Mapping[str, InMemoryStore], arguments: tuple[str, ...], known: str
) -> None:
    """A name that the mapping does not have is 2, with those that it has."""
    result = check(tmp_path, *arguments)
    assert result.exit_code == 2
    assert known in result.stderr


def test_a_secret_with_and_without_a_pin(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A secret that one credential pins and another does not is two rows."""
    filled["other"].put("hub", {"token": f"hf_{CANARY}2"})
    pinned = MAPPING[MAPPING.index("  hub:") :].replace("  hub:", "  pinned:")
    pinned = pinned.replace("secret: hub}", "secret: hub, version: 1}").replace("[nlp]", "[speech]")
    mapping = MAPPING.replace(
        "file: {directory: /etc/others}", "vault: {address: 'https://v', auth: {token: {env: V}}}"
    )
    result = check(tmp_path, "--store", "other", mapping=mapping + pinned)
    assert result.exit_code == 0, result.stdout + result.stderr
    rows = [line.split() for line in result.stdout.splitlines() if "hub" in line]
    assert [row[2:4] for row in rows] == [["hub", "2"], ["hub@1", "1"]]


def test_machine_forms(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """JSON and YAML say the same, and names are one a line."""
    as_json, as_yaml = check(tmp_path, "-o", "json"), check(tmp_path, "-o", "yaml")
    assert tree(as_json) == yaml.safe_load(as_yaml.stdout)
    assert check(tmp_path, "-o", "name").stdout.splitlines() == [
        "store/mounted",
        "store/other",
        "secret/mounted:s3",
        "secret/other:hub",
    ]


def test_the_fields_of_the_json(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """The JSON of a secret has the fields that the guide explains."""
    filled["other"].put("hub", {"tokens": CANARY})
    printed = tree(check(tmp_path, "-o", "json"))
    assert set(printed) == {"stores", "secrets", "notChecked", "cluster", "problems"}
    well, wrong = printed["secrets"]
    assert well == {
        "store": "mounted",
        "secret": "s3",
        "pinned": None,
        "status": "ok",
        "readable": True,
        "message": None,
        "remedy": None,
        "version": "1",
        "created": None,
        "ageSeconds": None,
        "expires": None,
        "expiresSoon": False,
        "fields": "ok",
        "refusals": [],
        "usedBy": [
            {
                "credential": "models-s3",
                "namespaces": ["recsys", "search"],
                "suspended": False,
                "optional": False,
                "origin": f"{tmp_path}/mapping.yaml:7:3: credentials.models-s3",
            }
        ],
    }
    assert (wrong["status"], wrong["readable"], wrong["fields"]) == ("PropertyNotFound", True, "refused")
    assert [refusal["field"] for refusal in wrong["refusals"]] == ["token"]
    guide = text_of(ROOT / "docs" / "guides" / "checking-stores.md").partition("## For machines")[2]
    (refusal,), (use,), store = wrong["refusals"], well["usedBy"], printed["stores"][0]
    for keys in (printed, well, refusal, use, store, store["steps"][0]):
        assert [key for key in keys if not re.search(rf"[`.]{key}\b", guide)] == []


def test_nothing_is_written(tmp_path: Path, filled: Mapping[str, InMemoryStore]) -> None:
    """A check leaves a directory of manifests as it was."""
    (tmp_path / "cluster" / "recsys").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert check(tmp_path, "--directory", str(tmp_path / "cluster")).exit_code == 0
    assert sorted(set(tmp_path.rglob("*")) - {tmp_path / "mapping.yaml"}) == before
