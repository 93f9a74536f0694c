"""Every example in config/ is right, and says what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.kserve.kinds import KINDS
from syncd.mapping.read import read
from syncd.stores.settings import STORE_PARTS
from tests.unit.mapping.texts import document

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLES = CONFIG / "examples"
IRSA = "staging-keys-prod-irsa"

SITUATIONS = {
    "defaults": ["../defaults.yaml"],
    "minio-and-hub-token": ["minio-and-hub-token/mapping.yaml"],
    "staging": [f"{IRSA}/base/credentials.yaml", f"{IRSA}/staging/cluster.yaml"],
    "prod": [f"{IRSA}/base/credentials.yaml", f"{IRSA}/prod/cluster.yaml"],
    "teams": ["teams/mapping.yaml"],
    "gcs-and-azure": ["gcs-and-azure/mapping.yaml"],
    "includes": ["includes/mapping.yaml", "includes/team-a.yaml"],
    **{
        path.relative_to(EXAMPLES).as_posix(): [path.relative_to(EXAMPLES).as_posix()]
        for folder in ("kinds", "stores")
        for path in sorted((EXAMPLES / folder).glob("*.yaml"))
    },
}


def texts(names: list[str]) -> dict[str, str]:
    """Return the texts of these files below config/examples."""
    return {name: (EXAMPLES / name).read_text(encoding="utf-8") for name in names}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_examples_have_no_problem(situation: str) -> None:
    """An example is accepted whole, without a warning."""
    document(read(texts(SITUATIONS[situation])))


def test_no_example_is_forgotten() -> None:
    """Every mapping under config/ is among those that are read."""
    files = {path.resolve() for path in CONFIG.rglob("*.yaml")}
    read_ones = {(EXAMPLES / name).resolve() for names in SITUATIONS.values() for name in names}
    assert {path.name for path in files - read_ones} == {"kustomization.yaml"}


def test_there_is_an_example_for_each_kind() -> None:
    """The examples of kinds show every kind."""
    shown = {
        credential.kind.name
        for name in SITUATIONS
        if name.startswith("kinds/")
        for credential in document(read(texts(SITUATIONS[name]))).credentials.values()
    }
    assert shown == set(KINDS)


def test_there_is_an_example_for_each_store() -> None:
    """The examples of stores show every type of store."""
    shown = {
        store.type
        for name in SITUATIONS
        if name.startswith("stores/")
        for store in document(read(texts(SITUATIONS[name]))).stores.values()
    }
    assert shown == set(STORE_PARTS)


def test_defaults_are_the_defaults() -> None:
    """config/defaults.yaml says nothing else than a mapping that says nothing."""
    written = document(read(texts(SITUATIONS["defaults"])))
    assert written == document(read({"m.yaml": "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n"}))


def test_the_overlay_changes_the_kind_of_access() -> None:
    """The same credential has keys in staging and a role in production."""
    staging, prod = (document(read(texts(SITUATIONS[name]))) for name in ("staging", "prod"))
    assert list(staging.credentials) == list(prod.credentials) == ["hub-token", "models-s3"]
    name = list(prod.credentials)[1]
    assert staging.credentials[name].sources
    assert not prod.credentials[name].sources


def test_the_included_file_is_the_team_s() -> None:
    """The example of an included file has a credential of the platform and one of the team."""
    credentials = document(read(texts(SITUATIONS["includes"]))).credentials.values()
    assert [one.include for one in credentials] == [None, "team-a/credentials"]
