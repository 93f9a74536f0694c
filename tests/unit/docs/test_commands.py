"""Commands, flags and make targets that pages name exist."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

import pytest
import typer

from syncd.cli.main import app
from syncd.telemetry.table import TABLE
from tests.unit.docs.pages import ROOT, all_pages, blocks, code, name_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

HISTORY: Final = ROOT / "docs" / "decisions"
PAGES: Final = [page for page in all_pages() if not page.is_relative_to(HISTORY)]
"""A decision may name what is not built yet."""

# typer's own class of commands is private.
ROOT_COMMAND: Final[Any] = typer.main.get_command(app)
COMMANDS: Final[dict[str, Any]] = dict(ROOT_COMMAND.commands)

_SHELL: Final = frozenset({"sh", "bash", "console"})
_OTHERS: Final = frozenset({"|", "||", "&&", ";", ">", "<"})
_SERIES: Final = re.compile(r"\bsyncd_[a-z_]+\b")


def lines(page: Path) -> list[str]:
    """Return what a page has people type: lines of shell blocks, continued ones joined, and inline code."""
    typed = [block.text for block in blocks(page) if block.language in _SHELL]
    joined = "\n".join(typed).replace("\\\n", " ")
    return [*joined.splitlines(), *code(page)]


def calls(page: Path, program: str) -> list[list[str]]:
    """Return the arguments of each call of a program; what follows a pipe is another program's."""
    found = []
    for line in lines(page):
        match = re.match(rf"(?:\$ )?{program} (?P<rest>.+)$", line.strip())
        if match is None:
            continue
        words = shlex.split(match["rest"], comments=True)
        end = next((place for place, word in enumerate(words) if word in _OTHERS), len(words))
        found.append(words[:end])
    return found


def flags_of(command: Any) -> set[str]:
    """Return the flags that a command takes, in all spellings."""
    return {"--help"} | {
        flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)
    }


def unknown(words: list[str]) -> str | None:
    """Return what is wrong with the arguments of `syncd`; None when all of it exists."""
    known = flags_of(ROOT_COMMAND)
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("-") and flag != "-":
            if flag not in known:
                return flag
        elif word in COMMANDS:
            known = flags_of(COMMANDS[word])
        elif known == flags_of(ROOT_COMMAND) and re.fullmatch(r"[a-z]+", word) and not _is_value(words, word):
            return word
    return None


def _is_value(words: list[str], word: str) -> bool:
    """Tell whether a word is the value of a flag before the command."""
    before = words[words.index(word) - 1] if words.index(word) else ""
    return before in {"--log-level", "--log-format"}


def test_pages_name_commands() -> None:
    """There is something to check: README and the guides call syncd."""
    assert [call for page in PAGES for call in calls(page, "syncd")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_flags_exist(page: Path) -> None:
    """Each `syncd …` on a page is a command with flags that it takes."""
    wrong = {" ".join(words): problem for words in calls(page, "syncd") if (problem := unknown(words))}
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_flags_that_are_named_exist(page: Path) -> None:
    """Each flag that stands alone between backticks is one of syncd's."""
    every = flags_of(ROOT_COMMAND).union(*(flags_of(command) for command in COMMANDS.values()))
    named = {text.split()[0].partition("=")[0] for text in code(page) if text.startswith("--")}
    assert named - every == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page: Path) -> None:
    """Each `make …` on a page is a target of the Makefile."""
    targets = set(re.findall(r"^\.PHONY: (\S+)$", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {word for words in calls(page, "make") for word in words if "=" not in word}
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_metrics_that_are_named_exist(page: Path) -> None:
    """Each `syncd_…` on a page is a metric, or what its histogram adds."""
    known = {
        name
        for metric in TABLE
        for name in (metric.name, *(f"{metric.name}_{part}" for part in ("bucket", "count", "sum")))
    }
    assert set(_SERIES.findall(text_of(page))) - known == set()
