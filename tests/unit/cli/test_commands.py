"""Parsing, errors and what needs no cluster: validate, explain, schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import syncd
from syncd.cli.main import app
from syncd.mapping import explain
from syncd.mapping.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

CANARY = "canary-5f1c"
GOOD = """\
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores:
  mounted: {file: {directory: /etc/credentials}}
credentials:
  models-s3:
    from: {store: mounted, secret: s3}
    s3: {endpoint: "https://minio:9000"}
    to: [{namespaces: [recsys], serviceAccounts: [models]}]
"""


@pytest.fixture(autouse=True)
def _logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each command configures the process's log lines; leave those of the tests alone."""
    with monkeypatch.context() as patch:
        patch.setattr("syncd.cli.logs.configure", lambda **_: None)
        yield


def syncd_(*arguments: str, stdin: str | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, arguments, input=stdin)


def test_version() -> None:
    """--version prints the version, and nothing else."""
    result = syncd_("--version")
    assert (result.exit_code, result.stdout) == (0, f"syncd {syncd.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan", "--nonsense"),
        ("plan", "-o", "xml"),
        ("sync", "--values", "perhaps"),
        ("--log-level", "loud", "schema"),
        ("render",),
        ("plan", "--timeout", "0"),
    ],
)
def test_wrong_command_lines(arguments: tuple[str, ...]) -> None:
    """A command line that cannot be understood ends with 2."""
    assert syncd_(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "-f", "m.yaml", "--offline", "--server"), "--offline asks no store"),
        (("plan", "-f", "m.yaml", "--server", "--directory", "d"), "--server asks an API server"),
        (("sync", "-f", "m.yaml", "--values", "hidden"), "only into a --directory"),
        (("run", "-f", "-"), "give it a file"),
        (("run", "-f", "m.yaml", "--listen", "nowhere"), "write HOST:PORT"),
        (("plan", "-f", "m.yaml", "--instance", "UPPER"), "DNS label"),
        (("validate", "no-such-file.yaml"), "no-such-file.yaml"),
        (("explain", "credentials.s3.endpont"), "did you mean endpoint"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], words: str) -> None:
    """What cannot be done as asked is one line on standard error, and 2."""
    result = syncd_(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_bugs_are_told_without_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception ends with 70 and its class: its text could quote a value."""

    def broken(_path: str) -> str:
        raise ValueError(CANARY)

    monkeypatch.setattr(explain, "explain", broken)
    result = syncd_("explain")
    assert result.exit_code == 70
    assert result.stderr.startswith("internal error: ValueError")
    assert CANARY not in result.stderr + result.stdout


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130, as shells expect."""

    def interrupted(_path: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "explain", interrupted)
    assert syncd_("explain").exit_code == 130


def test_valid_mapping(tmp_path: Path) -> None:
    """A valid mapping is one line and 0."""
    file = tmp_path / "mapping.yaml"
    file.write_text(GOOD)
    result = syncd_("validate", str(file))
    assert (result.exit_code, result.stdout) == (0, "valid: 1 credential, 1 store\n")


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Every mistake of every file is a line with file, line and column; then it is 2."""
    mistaken = GOOD.replace("endpoint:", "endpont:").replace("namespaces:", "namespace:")
    (tmp_path / "a.yaml").write_text(mistaken)
    (tmp_path / "b.yml").write_text("apiVersion: syncd.dev/v1alpha1\nkind: Mapping\nmode: observed\n")
    (tmp_path / "c.txt").write_text("no mapping at all")
    result = syncd_("validate", str(tmp_path))
    assert result.exit_code == 2
    for place, words in (
        ("a.yaml:8:10: credentials.models-s3.s3.endpont", "did you mean endpoint?"),
        ("a.yaml:9:11: credentials.models-s3.to[0].namespace", "did you mean namespaces?"),
        ("b.yml:3:7: mode", "did you mean observe?"),
    ):
        told = [line for line in result.stdout.splitlines() if line.startswith(f"{tmp_path}/{place}: ")]
        assert len(told) == 1, result.stdout
        assert words in told[0]
    assert "nothing of this mapping can be accepted" in result.stderr


def test_mapping_from_standard_input() -> None:
    """A dash reads standard input."""
    assert syncd_("validate", "-", stdin=GOOD).exit_code == 0
    result = syncd_("validate", "-", stdin="kind: [")
    assert result.exit_code == 2
    assert result.stdout.startswith("stdin:2:1: is no YAML")


def test_invalid_values_are_not_repeated(tmp_path: Path) -> None:
    """A literal in place of a secret is refused, and not quoted."""
    file = tmp_path / "mapping.yaml"
    file.write_text(GOOD.replace("{endpoint:", f"{{secretAccessKey: {CANARY}, endpoint:"))
    result = syncd_("validate", str(file))
    assert result.exit_code == 2
    assert CANARY not in result.stdout + result.stderr


def test_schema() -> None:
    """The schema is the JSON Schema of the mapping."""
    assert json.loads(syncd_("schema").stdout) == json_schema()


def test_explain() -> None:
    """A field is explained, with the fields below it."""
    result = syncd_("explain", "stores.vault.auth")
    assert result.exit_code == 0
    assert "appRole" in result.stdout


def test_no_mapping_and_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -f and without any cluster the error says what to give."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = syncd_("plan")
    assert result.exit_code == 2
    assert "no cluster is configured" in result.stderr


def test_no_mapping_in_the_cluster(tmp_path: Path) -> None:
    """A cluster without the mapping's ConfigMap is an error that names it."""
    result = syncd_("plan", "--directory", str(tmp_path), "-n", "platform")
    assert result.exit_code == 2
    assert "ConfigMap platform/syncd" in result.stderr
