"""What the demo does when something is not as it claims; the demo itself runs in tests/integration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from syncd.cli.demo import command
from syncd.cli.demo.failed import DemoFailed, expect, until
from syncd.cli.demo.processes import environment
from syncd.cli.demo.world import MAPPING
from syncd.cli.main import app

if TYPE_CHECKING:
    from syncd.cli.demo.world import World


def test_claim_that_does_not_hold() -> None:
    """A claim that does not hold is named."""
    expect(holds=True, claim="fine")
    with pytest.raises(DemoFailed, match="the moon is made of cheese"):
        expect(holds=False, claim="the moon is made of cheese")


def test_waiting() -> None:
    """Waiting ends with the first answer, or says for what it waited."""
    answers = iter([None, "", 7])
    assert until("a number", lambda: next(answers) or None) == 7
    with pytest.raises(DemoFailed, match="a miracle"):
        until("a miracle", lambda: None, within=0.1)


def test_failure_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a claim does not hold the demo says which, ends with 1, and leaves nothing behind."""
    worlds: list[World] = []

    class BrokenStory:
        """Fails at once."""

        def __init__(self, world: World) -> None:
            worlds.append(world)

        def tell(self) -> None:
            """Fail."""
            raise DemoFailed("this should be so, and is not: nothing is lost")

    monkeypatch.setattr(command, "Story", BrokenStory)
    monkeypatch.setattr("syncd.cli.logs.configure", lambda **_: None)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "nothing is lost" in result.stderr
    assert not worlds[0].folder.exists()


def test_what_could_lead_elsewhere_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's processes see neither the caller's Vault nor the caller's proxy for loopback."""
    monkeypatch.setenv("VAULT_ADDR", "https://production")
    monkeypatch.setenv("SYNCD_INSTANCE", "production")
    monkeypatch.setenv("PATH", "kept")
    seen = environment()
    assert not {"VAULT_ADDR", "SYNCD_INSTANCE"} & seen.keys()
    assert (seen["PATH"], seen["NO_PROXY"]) == ("kept", "127.0.0.1")


def test_mapping_ships_with_the_package() -> None:
    """The demo's mapping is beside its code, so that an installed package has it."""
    assert (Path(command.__file__).parent / MAPPING).is_file()
