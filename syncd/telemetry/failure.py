"""Telling an exception without its text: other people's exceptions quote headers, bodies, whole secrets."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from syncd.model.errors import SyncdError

if TYPE_CHECKING:
    from types import TracebackType

ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None]"


def describe(error: BaseException) -> str:
    """Return the name of the exception's class, with its text only if it is one of ours."""
    name = type(error).__qualname__
    return f"{name}: {error}" if isinstance(error, SyncdError) else name


def located(error: BaseException) -> str:
    """Return what `describe` does, and the file and line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return describe(error)
    return f"{describe(error)} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def trace(error: BaseException) -> str:
    """Return a traceback, oldest cause first: places and names of classes, no local variables, no texts."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        parts.append(_one(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(reversed(parts))


def exc_info(value: object) -> BaseException | None:
    """Return the exception that a log record's `exc_info` stands for, in any form that logging takes."""
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return value[1] if isinstance(value[1], BaseException) else None
    return sys.exception() if value else None


def _one(error: BaseException) -> str:
    """Return one link of the chain; the source lines are left out, as a literal in one could be a value."""
    places = [
        f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "\n".join([*places, describe(error)])
