"""Reads the Dockerfile and .dockerignore as a builder does, as far as ours go."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, upper case, and the rest of its lines as one text."""

    word: str
    text: str

    def words(self) -> list[str]:
        """The text in words, as a shell splits it."""
        return shlex.split(self.text)

    def pairs(self) -> dict[str, str]:
        """The `KEY=VALUE` words of an ENV, LABEL or ARG."""
        return dict(word.split("=", 1) for word in self.words())


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands between one FROM and the next."""

    base: str
    name: str | None
    instructions: tuple[Instruction, ...]

    def all(self, word: str) -> list[Instruction]:
        """The instructions of one kind, in their order."""
        return [instruction for instruction in self.instructions if instruction.word == word]

    def one(self, word: str) -> Instruction:
        """The only instruction of a kind. Raises ValueError when there is another number of them."""
        (instruction,) = self.all(word)
        return instruction


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile, arguments before the first FROM filled in with their defaults."""
    defaults: dict[str, str] = {}
    found: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.word == "FROM":
            base, *name = Template(instruction.text).substitute(defaults).split()
            found.append(Stage(base, name[1] if name else None, ()))
        elif not found:
            defaults |= instruction.pairs()
        else:
            last = found[-1]
            found[-1] = Stage(last.base, last.name, (*last.instructions, instruction))
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for whole in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        word, rest = whole.split(maxsplit=1)
        yield Instruction(word.upper(), rest.strip())


@dataclass(frozen=True, slots=True)
class Ignored:
    """The patterns of a .dockerignore, in their order: the last one that matches decides."""

    patterns: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Ignored:
        """The patterns of the file, without comments."""
        lines = (line.strip() for line in text.splitlines())
        return cls(tuple(line for line in lines if line and not line.startswith("#")))

    def sends(self, path: str) -> bool:
        """Whether the file at this path, relative to the context, goes to the builder."""
        sent = True
        for pattern in self.patterns:
            if any(_matches(pattern.removeprefix("!"), part) for part in _with_parents(path)):
                sent = pattern.startswith("!")
        return sent

    def context(self, root: Path) -> list[str]:
        """The files below a folder that go to the builder, relative to it."""
        # What no exception begins with is not worth a walk: .venv has 20,000 files.
        tops = {pattern[1:].split("/")[0] for pattern in self.patterns if pattern.startswith("!")}
        files: list[str] = []
        for top in sorted(tops):
            here = root / top
            files += [top] if here.is_file() else _below(root, here)
        return [file for file in files if self.sends(file)]


def _below(root: Path, folder: Path) -> list[str]:
    return [
        str((Path(where) / name).relative_to(root)) for where, _, names in os.walk(folder) for name in names
    ]


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _matches(pattern: str, path: str) -> bool:
    """`*` stays within one name, `**/` stands for any number of folders, none included."""
    wanted, have = pattern.split("/"), path.split("/")
    if wanted[0] == "**":
        return len(have) >= len(wanted) - 1 and _each(wanted[1:], have[-len(wanted) + 1 :])
    return _each(wanted, have)


def _each(patterns: list[str], names: list[str]) -> bool:
    return len(patterns) == len(names) and all(map(fnmatch.fnmatchcase, names, patterns))


def dockerfile() -> list[Stage]:
    """The stages of the project's Dockerfile."""
    return stages((ROOT / "Dockerfile").read_text())


def ignored() -> Ignored:
    """The project's .dockerignore."""
    return Ignored.read((ROOT / ".dockerignore").read_text())
