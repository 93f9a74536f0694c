"""The README's example comes out as the README says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from typer.testing import CliRunner

from syncd.cli.main import app
from tests.unit.docs.pages import ROOT, blocks, code, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

README = ROOT / "README.md"
HIDDEN = "(hidden)"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: models, namespace: recsys}\n"


def examples() -> tuple[str, str]:
    """Return the README's mapping, and the manifests that it says come out of it."""
    mapping, manifests = (block.text for block in blocks(README) if block.language == "yaml")
    return mapping, manifests


def contains(whole: Any, part: Any) -> bool:
    """Tell whether all of a piece of a manifest is in another one, which may have more fields."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and contains(whole[key], value) for key, value in part.items()
        )
    return bool(whole == part)


def by_kind_and_name(manifests: str) -> Mapping[tuple[str, str], Any]:
    """Return manifests by what tells them apart."""
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(manifests)}


def test_what_comes_out_is_what_the_readme_says(tmp_path: Path) -> None:
    """`syncd render` of the README's mapping prints its manifests, all of them, with more detail."""
    mapping, manifests = examples()
    document = yaml.safe_load(mapping)
    folder = tmp_path / "store" / "kv" / "ml" / "models-s3"
    folder.mkdir(parents=True)
    (folder / "access_key").write_text("AKIAEXAMPLE")
    (folder / "secret_key").write_text("secret")
    document["stores"]["platform"] = {"file": {"directory": str(tmp_path / "store")}}
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(document))
    accounts = tmp_path / "cluster" / "recsys" / "serviceaccounts"
    accounts.mkdir(parents=True)
    (accounts / "models.yaml").write_text(ACCOUNT)
    command = ["render", "models-s3", "-f", str(file), "--directory", str(tmp_path / "cluster")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    printed, said = by_kind_and_name(result.stdout), by_kind_and_name(manifests)
    assert printed.keys() == said.keys()
    assert [name for name in said if not contains(printed[name], said[name])] == []


def test_the_readme_opens_with_the_two_commands() -> None:
    """The first block of the README is `make demo` and `make test`."""
    assert blocks(README)[0].text.split("\n")[:2] == ["make demo", "make test"]


def test_the_readme_hides_values_and_points_at_security() -> None:
    """The README shows values hidden, and links the page of security."""
    assert HIDDEN in examples()[1]
    assert "docs/security.md" in text_of(README)
    assert {"make demo", "make test"} <= set(code(README))
