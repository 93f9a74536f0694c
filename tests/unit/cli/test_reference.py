"""The reference of the command line in docs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command

from syncd.cli.main import app
from syncd.cli.reference import reference

ROOT = Path(__file__).parents[3]
COMMANDS = (
    *("validate", "explain", "schema", "plan", "check", "sync", "render", "run"),
    *("confirm", "prune", "demo"),
)


def test_the_reference_is_up_to_date() -> None:
    """docs/reference/cli.md is what the commands say of themselves now."""
    written = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run python -m syncd.cli.reference docs/reference/cli.md"


def test_what_commands_there_are() -> None:
    """The commands of this release are listed, and no other."""
    assert tuple(vars(get_command(app))["commands"]) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    """Each command's help ends with an example of it."""
    text = vars(get_command(app))["commands"][name].help
    assert f"Example: syncd {name}" in text
