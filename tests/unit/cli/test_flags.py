"""What the flags of a command say together."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from syncd.cli.flags import Target, target, with_target
from syncd.model.errors import UsageError


def test_instance_of_a_file() -> None:
    """With -f the instance is syncd, whatever the namespace."""
    assert target(["m.yaml"], namespace="team").cluster().instance == "syncd"


def test_instance_of_a_config_map() -> None:
    """Without -f the instance is the namespace of the mapping's ConfigMap, so that two installs differ."""
    assert target(None, namespace="team").cluster().instance == "team"


def test_instance_that_is_given() -> None:
    """A given instance counts."""
    assert target(["m.yaml"], instance="blue").cluster().instance == "blue"


@pytest.mark.parametrize("name", ["Upper", "a" * 51, "-a", "a_b", "a."])
def test_instance_must_be_a_label(name: str) -> None:
    """An instance that could not be part of an annotation's name is a usage error."""
    with pytest.raises(UsageError, match="DNS label"):
        target(None, instance=name).cluster()


def test_directory_stands_for_a_cluster() -> None:
    """A directory together with a kubeconfig or a context is a usage error."""
    with pytest.raises(UsageError, match="--directory"):
        target(None, directory=Path("here"), context="staging").cluster()


def test_a_command_with_the_flags_of_a_target() -> None:
    """The flags that name mapping and cluster stand in a command's help, and reach it as one value."""
    seen: list[tuple[str, Target, bool]] = []

    @with_target
    def command(name: str, *, chosen: Target, loud: bool = False) -> None:
        seen.append((name, chosen, loud))

    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, ("x", "--loud", "-f", "m.yaml", "-f", "n.yaml", "--context", "staging"))
    assert result.exit_code == 0, result.output
    ((name, chosen, loud),) = seen
    assert (name, loud) == ("x", True)
    assert chosen == target(["m.yaml", "n.yaml"], context="staging")
    assert chosen.names_cluster
    assert "--kserve-namespace" in CliRunner().invoke(app, ("--help",)).output
