"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]

_FENCE: Final = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE: Final = re.compile(r"`(?P<text>[^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the language after the fence (empty: none), and its lines."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        """Return where it is, for the names of tests."""
        first = self.text.strip().partition("\n")[0]
        return f"{name_of(self.page)}: {first}"


@cache
def all_pages() -> tuple[Path, ...]:
    """Return README, CHANGELOG and every page below docs/."""
    return (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))


def name_of(page: Path) -> str:
    """Return a page's path from the top of the project."""
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [Block(page, match["language"], match["text"]) for match in _FENCE.finditer(text_of(page))]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text_of(page))


def code(page: Path) -> list[str]:
    """Return what stands between single backticks in the prose of a page."""
    return [match["text"] for match in _CODE.finditer(prose(page))]


def links(page: Path) -> list[str]:
    """Return the targets of the links of a page."""
    return [match["target"] for match in _LINK.finditer(prose(page))]


def headings(page: Path) -> list[str]:
    """Return the headings of a page, as they are written."""
    return [match["text"] for match in _HEADING.finditer(prose(page))]


def anchors(page: Path) -> frozenset[str]:
    """Return the anchors that headings get: lower case, without punctuation, hyphens for blanks."""
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page))
