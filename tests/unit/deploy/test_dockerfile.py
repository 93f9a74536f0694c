"""The Dockerfile says what the image promises: by the locks, no compiler, nobody's root."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import syncd
from tests.unit.deploy.dockerfile import ROOT, Ignored, dockerfile, ignored, stages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.deploy.dockerfile import Stage


@pytest.fixture(scope="module")
def build() -> Stage:
    """The stage that installs."""
    return dockerfile()[0]


@pytest.fixture(scope="module")
def image() -> Stage:
    """The stage that is the image."""
    return dockerfile()[-1]


def test_a_dockerfile_is_read_as_a_builder_reads_it() -> None:
    """Arguments are filled in, continued lines joined across comments, stages told apart."""
    text = "ARG A=x:1\nFROM ${A} AS one\n# why\nRUN a \\\n# not this\n && b\nFROM y\nUSER 1:2\n"
    first, second = stages(text)
    assert (first.base, first.name, first.one("RUN").text.split()) == ("x:1", "one", ["a", "&&", "b"])
    assert (second.base, second.name, second.one("USER").text) == ("y", None, "1:2")


def test_both_stages_have_the_same_base_and_it_has_a_tag(build: Stage, image: Stage) -> None:
    """A virtual environment works only beside the Python that made it; no base is `latest`."""
    assert build.base == image.base == "python:3.13-slim"


def test_every_install_goes_by_hashes_and_wheels(build: Stage, image: Stage) -> None:
    """What comes from a registry comes from a lock with hashes, as a wheel; the rest asks no registry."""
    commands = [part for step in build.all("RUN") for part in step.text.split("&&")]
    installs = [command for command in commands if re.search(r"\bpip (install|sync)\b", command)]
    assert len(installs) == 3
    for command in installs:
        locked = "--require-hashes" in command and "--only-binary :all:" in command
        assert locked or ("--no-deps" in command and "--offline" in command), command
    assert not re.search(r"apt|gcc|cargo|curl|git|https?:", " ".join(commands))
    assert not [step for step in image.all("RUN") if "install" in step.text]


def test_no_instruction_fetches_or_takes_a_secret() -> None:
    """Nothing is added from an address, and no argument or variable is there to carry a token."""
    for stage in dockerfile():
        assert not stage.all("ADD")
        assert not stage.all("ARG")
        assert not re.search(r"TOKEN|PASSWORD|SECRET|INDEX_URL", str(stage.instructions))


def test_the_image_takes_one_folder_from_the_build(image: Stage) -> None:
    """Tools, sources and locks stay in the build stage."""
    assert [step.words() for step in image.all("COPY")] == [["--from=build", "/opt/syncd", "/opt/syncd"]]


def test_the_user_is_a_number_and_comes_last(image: Stage) -> None:
    """The user is not root, is told by number as runAsNonRoot demands, and owns no file of the image."""
    user, group = image.one("USER").text.split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    order = [instruction.word for instruction in image.instructions]
    assert order.index("USER") > max(order.index("RUN"), order.index("COPY"))
    assert "chown" not in str(image.instructions)


def test_the_image_starts_syncd_and_writes_no_bytecode(image: Stage) -> None:
    """The entry point is the program itself, so that signals reach it; nothing is written at run time."""
    assert json.loads(image.one("ENTRYPOINT").text) == ["syncd"]
    environment = image.one("ENV").pairs()
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environment["PATH"].startswith("/opt/syncd/bin:")
    assert not image.all("CMD")


def test_the_label_has_the_version(image: Stage) -> None:
    """The image's version is the package's."""
    assert image.one("LABEL").pairs()["org.opencontainers.image.version"] == syncd.__version__


def test_all_that_is_copied_exists_and_is_sent(build: Stage) -> None:
    """Every path that the build stage copies is there, and .dockerignore lets it through."""
    context = ignored().context(ROOT)
    for step in build.all("COPY"):
        for source in step.words()[:-1]:
            assert (ROOT / source).exists(), source
            assert [file for file in context if file == source or file.startswith(source)], source


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".env",
        "syncd/.env",
        "syncd/cli/.vault-token",
        "syncd/__pycache__/app.cpython-313.pyc",
        "syncd/model/__pycache__/secret.cpython-313.pyc",
        "tests/conftest.py",
        "docs/golden.md",
        "config/defaults.yaml",
        "deploy/base/mapping.yaml",
        "requirements/dev.txt",
        "kubeconfig",
        "mapping.yaml",
        "vault-token",
    ],
)
def test_what_the_image_does_not_need_is_not_sent(path: str) -> None:
    """Secrets, caches, tests and history do not reach the builder."""
    assert not ignored().sends(path)


def test_the_context_is_the_package_its_locks_and_its_papers(tmp_path: Path) -> None:
    """Of a folder with everything in it only what the Dockerfile names is sent, the package as a whole."""
    for name in (
        "syncd/a.py",
        "syncd/b/c.yaml",
        "syncd/b/.d",
        "LICENSE",
        "requirements/run.txt",
        "tests/t.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert set(ignored().context(tmp_path)) == {
        "syncd/a.py",
        "syncd/b/c.yaml",
        "LICENSE",
        "requirements/run.txt",
    }


def test_patterns_are_read_as_a_builder_reads_them() -> None:
    """The last pattern that matches the path or a folder above it decides; `*` stays within a name."""
    rules = Ignored.read("# c\n*\n!a\na/b\n**/*.key\n")
    assert [rules.sends(path) for path in ("a/x", "a/b/x", "c", "a/d/e.key", "a/e.key")] == [
        True,
        False,
        False,
        False,
        False,
    ]
