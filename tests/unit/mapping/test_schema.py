"""The JSON Schema, and what is made from it."""

from __future__ import annotations

import runpy
from pathlib import Path

import jsonschema
import pytest
import yaml

from syncd.kserve.kinds import KINDS
from syncd.mapping import reference
from syncd.mapping.explain import explain, render
from syncd.mapping.schema import at, json_schema, step
from syncd.mapping.suggest import did_you_mean
from syncd.model.errors import UsageError
from syncd.stores.settings import STORE_PARTS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", reference.documents())
def test_generated_files_are_up_to_date(name: str) -> None:
    """config/mapping.schema.json and docs/reference/mapping.md are what the code says."""
    assert (ROOT / name).read_text(encoding="utf-8") == reference.documents()[name], (
        "run `python -m syncd.mapping.reference .`"
    )


def test_the_reference_is_written_below_a_folder(tmp_path: Path) -> None:
    """The generated files arrive where they belong, below any folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["reference", str(tmp_path)])
        runpy.run_path(reference.__file__, run_name="__main__")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {reference.SCHEMA_FILE, reference.REFERENCE_FILE}


def test_the_schema_is_a_schema() -> None:
    """The schema is valid in the dialect that it names."""
    jsonschema.validators.validator_for(json_schema()).check_schema(json_schema())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_editors_accept_the_examples(path: Path) -> None:
    """An editor that has the schema finds no mistake in any example, though it reads YAML its own way."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    if tree["apiVersion"].startswith("syncd.dev/"):
        jsonschema.validate(tree, json_schema())


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("x-anchors: {a: [b]}", True),
        (
            "credentials: {a: {from: {store: s, secret: x, version: 7}, gcs: {}, to: [{namespaces: [n]}]}}",
            True,
        ),
        ("limits: {removals: 5}", True),
        ("modes: enforce", False),
        ("mode: enforced", False),
        ("credentials: {a: {gcs: {}}}", False),
        ("credentials: {a: {hf: {}, to: [{namespaces: [n]}]}}", False),
        ("stores: {A_B: {}}", False),
    ],
)
def test_editors_see_what_syncd_sees(text: str, valid: bool) -> None:
    """The schema accepts and refuses what reading does, as far as a schema can tell."""
    tree = yaml.safe_load(f"apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n{text}")
    validator = jsonschema.validators.validator_for(json_schema())(json_schema())
    assert validator.is_valid(tree) is valid


def test_every_field_says_what_it_is_for() -> None:
    """No field of any kind, store or setting is without a description."""

    def undescribed(path: str) -> list[str]:
        found = []
        for field in explain(path).fields:
            below = f"{path}.{field.name}".lstrip(".")
            found += [below] if not field.description else []
            found += undescribed(below)
        return found

    assert undescribed("") == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_explained(kind: str) -> None:
    """Each kind has its fields in the explanation of credentials."""
    assert explain(f"credentials.{kind}").fields


@pytest.mark.parametrize("store", STORE_PARTS)
def test_every_store_is_explained(store: str) -> None:
    """Each type of store has its fields in the explanation of stores."""
    assert explain(f"stores.{store}").fields


@pytest.mark.parametrize("path", ["credentials.s3.endpoint", "credentials.models-s3.s3.endpoint"])
def test_a_name_may_be_left_out(path: str) -> None:
    """A field is found with and without the name of the credential."""
    assert explain(path).type == "text or source"


def test_explanations_have_type_default_and_need() -> None:
    """What a field takes, whether it is required and its default are told in words."""
    types = {
        "": "fields",
        "kind": "Mapping",
        "mode": "enforce or observe or paused",
        "stores": "map of name to fields",
        "stores.allowedSecrets": "list of text",
        "stores.requests.timeout": "duration",
        "stores.requests.concurrency": "whole number",
        "stores.requests.perSecond": "number",
        "credentials.to[].namespaces": "list of text",
        "credentials.to[0].adopt": "true or false",
        "credentials.from.version": "whole number or text",
        "limits.removals": "text",
        "credentials.s3.secretAccessKey": "source",
    }
    assert {path: explain(path).type for path in types} == types
    assert explain("stores.requests.timeout").default == "10s"
    assert explain("credentials.to.adopt").default == "false"
    assert explain("trustedNamespaceLabels").default == "[syncd.dev/*]"
    assert explain("credentials.from.store").required
    assert explain("credentials.to.storageConfig.key").required
    assert not explain("credentials.models-s3").required


def test_explanations_are_printed_like_kubectl_s() -> None:
    """The text has the field, its description, and the fields below it."""
    text = render(explain("credentials.to.storageConfig"))
    assert text.startswith("FIELD: credentials.to.storageConfig <fields>\n\n    Also write an entry")
    assert "\nFIELDS:\n  key <text, required>\n    Key of the entry." in text
    assert "    Default: 10s\n" in render(explain("stores.requests.timeout"))
    assert "    Required.\n" in render(explain("apiVersion"))
    assert "  timeout <duration, default 10s>\n" in render(explain("stores.requests"))
    assert render(explain("")).startswith("FIELD: a mapping <fields>")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("credential", "a mapping has no field credential; did you mean credentials?"),
        ("credentials.s3.Endpoint", "credentials.s3 has no field Endpoint; did you mean endpoint?"),
        ("credentials.s3.access_key_id", "did you mean accessKeyId?"),
        ("mode.x", "mode has no field x; it has no fields"),
        ("credentials.s3.zzz", "credentials.s3 has no field zzz; there are: accessKeyId, secretAccessKey"),
    ],
)
def test_an_unknown_path_is_answered_with_the_nearest(path: str, words: str) -> None:
    """A field that does not exist is answered with what there is."""
    with pytest.raises(UsageError) as error:
        explain(path)
    assert words in str(error.value)


def test_places_that_do_not_exist_have_no_schema() -> None:
    """Nothing is found below a field that has nothing below it, nor by an index in a map."""
    assert at(("mode", "x", "y")) is None
    assert step(json_schema(), 0) is None


def test_long_lists_of_names_are_not_told() -> None:
    """A hint that nobody would read is left out."""
    assert did_you_mean("zzz", [f"name{number}" for number in range(50)]) == ""
