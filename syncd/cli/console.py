"""Printing: tables and colours on a terminal, aligned plain columns anywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = "   "
_WORD: Final = 1
"""The column that says how it is, in one word: it has the colour, and is never broken."""


def say(text: str = "", style: str = "", *, indent: int = 0) -> None:
    """Print lines to standard output; `style` counts on a terminal only.

    With an indent, what a terminal has no room for goes on under it.
    """
    if not sys.stdout.isatty():
        print(" " * indent + text)
    elif indent:
        _console().print(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False))
    else:
        _console().print(Text(text, style=style), soft_wrap=True)


def complain(text: str) -> None:
    """Print lines to standard error."""
    print(text, file=sys.stderr)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """Print a table; on a terminal a value of the first column that repeats is printed once.

    Args:
        columns: the headings.
        rows: as many cells each as there are columns.
        styles: of each row, on a terminal; none: plain.

    """
    if sys.stdout.isatty():
        _console().print(_framed(columns, rows, styles))
        return
    for line in _aligned([tuple(column.upper() for column in columns), *rows]):
        print(line)


def _console() -> Console:
    return Console(highlight=False, emoji=False)


def _framed(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> Table:
    framed = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for place, column in enumerate(columns[:-1]):
        framed.add_column(column, overflow="fold", no_wrap=place == _WORD)
    framed.add_column(columns[-1], overflow="fold", ratio=1)
    before = None
    for index, (first, *rest) in enumerate(rows):
        if before is not None and first != before:
            framed.add_section()
        shown = Text(first if first != before else "", style="bold")
        style = styles[index] if styles else ""
        framed.add_row(
            shown,
            *(Text(cell, style=style if place == _WORD else "") for place, cell in enumerate(rest, start=1)),
        )
        before = first
    return framed


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
