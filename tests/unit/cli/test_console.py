"""Tables on a terminal, aligned columns anywhere else."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from syncd.cli.console import say, table

if TYPE_CHECKING:
    import pytest

ROWS = [("a", "create", "x"), ("a", "update", "[red]y"), ("bb", "bind", "z")]


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Not on a terminal every row is whole, so that grep and awk work, without frame and colour."""
    table(("namespace", "verb", "name"), ROWS, ["green", "yellow", "cyan"])
    assert capsys.readouterr().out.splitlines() == [
        "NAMESPACE   VERB     NAME",
        "a           create   x",
        "a           update   [red]y",
        "bb          bind     z",
    ]


def test_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a namespace is printed once, in colours, and no text is taken for markup."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table(("namespace", "verb", "name"), ROWS, ["green", "yellow", "cyan"])
    printed = terminal.getvalue()
    assert "\x1b[32mcreate" in printed
    assert "[red]y" in printed
    assert "─" in printed
    assert sum("a" in line.split() or "ma" in line for line in printed.splitlines()) <= 1


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR takes the colours away, on a terminal too."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    say("text", "red")
    assert "\x1b[31m" not in terminal.getvalue()
    assert "text" in terminal.getvalue()
