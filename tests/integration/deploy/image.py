"""Makes what the Dockerfile makes, without a container engine: its own steps, in a folder instead of `/`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.deploy.dockerfile import ROOT, dockerfile, ignored

if TYPE_CHECKING:
    from tests.unit.deploy.dockerfile import Instruction, Stage

STEP = 240.0
"""Seconds that one step may take: it downloads 60 MB where nothing is cached."""

_ABSOLUTE = re.compile(r"""(?<![^\s=:"'])/""")


class StepError(Exception):
    """A RUN step ended with an error; the text has the step and its output."""


@dataclass(slots=True)
class Image:
    """What a stage has done so far. Paths of the image are below ``root``; ``python`` is the base's."""

    root: Path
    python: Path
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"

    def at(self, path: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / (Path(self.workdir) / path).relative_to("/")

    def run(self, command: str) -> None:
        """Runs a step as RUN does, every absolute path in it being one of the image. Raises StepError."""
        # The caller's environment says how registries are reached; the locks say what is taken.
        done = subprocess.run(
            ["/bin/sh", "-ec", self.mapped(command)],
            cwd=self.at("."),
            env={**os.environ, "PATH": f"{self.python.parent}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=STEP,
            check=False,
        )
        if done.returncode:
            raise StepError(f"RUN {command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def mapped(self, text: str) -> str:
        """The text with each absolute path below ``root``."""
        return _ABSOLUTE.sub(f"{self.root}/", text)

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the image's `syncd` with the image's environment and nothing of the caller's."""
        environment = {key: self.mapped(value) for key, value in self.environment.items()}
        program = shutil.which("syncd", path=environment["PATH"])
        assert program is not None, f"no syncd on {environment['PATH']}"
        return subprocess.run(
            [program, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def evaluate(self, code: str) -> str:
        """What the image's Python prints for this code, with the image's environment."""
        python = self.at("/opt/syncd/bin/python")
        environment = {key: self.mapped(value) for key, value in self.environment.items()}
        done = subprocess.run(
            [python, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def make(folder: Path) -> Image:
    """Goes through both stages; returns the image. ``folder`` must be empty."""
    python = folder / "base" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "base"], check=True, timeout=120)
    build, end = dockerfile()
    # One path for both, since a virtual environment knows its own: what the build stage made is
    # moved away before the image begins, so that the image has only what it copies.
    root = folder / "root"
    _go_through(build, Image(root, python), {"": _context(folder / "context")})
    built = root.rename(folder / str(build.name))
    image = Image(root, python)
    _lay_base(image)
    _go_through(end, image, {str(build.name): built})
    return image


def _context(folder: Path) -> Path:
    for name in ignored().context(ROOT):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def _lay_base(image: Image) -> None:
    """What the base image has that the image must not: its installers, and beside them what stays."""
    library = "/usr/local/lib/python3.13"
    for name in (
        "/usr/local/bin/pip3.13",
        "/usr/local/bin/python3.13",
        f"{library}/ensurepip/__init__.py",
        f"{library}/site-packages/pip/__init__.py",
        f"{library}/site-packages/pip-25.2.dist-info/METADATA",
        f"{library}/json/__init__.py",
    ):
        image.at(name).parent.mkdir(parents=True, exist_ok=True)
        image.at(name).touch()


def _go_through(stage: Stage, image: Image, sources: dict[str, Path]) -> None:
    image.root.mkdir(exist_ok=True)
    for instruction in stage.instructions:
        match instruction.word:
            case "WORKDIR":
                image.workdir = instruction.text
                image.at(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                image.environment |= instruction.pairs()
            case "COPY":
                _copy(instruction, image, sources)
            case "RUN":
                image.run(instruction.text)
            case "LABEL" | "USER" | "EXPOSE" | "ENTRYPOINT":
                pass
            case word:
                raise StepError(f"{word}: this reader of Dockerfiles does not know it")


def _copy(instruction: Instruction, image: Image, sources: dict[str, Path]) -> None:
    words = instruction.words()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
    *names, target = words
    for name in names:
        source = sources[stage] / name.removeprefix("/")
        if source.is_dir():
            shutil.copytree(source, image.at(target), symlinks=True, dirs_exist_ok=True)
            continue
        place = image.at(target) / source.name if target.endswith("/") else image.at(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
