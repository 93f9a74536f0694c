"""The image's install steps, run as they stand in the Dockerfile; and what comes of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

import syncd
from tests.integration.deploy.image import make
from tests.unit.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.image import Image

_PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$", re.MULTILINE)
_SDKS = (
    "hvac",
    "boto3",
    "google.cloud.secretmanager",
    "azure.keyvault.secrets",
    "azure.identity",
    "kubernetes",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image, made once."""
    return make(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def packages(image: Image) -> Path:
    """The image's site-packages."""
    (folder,) = image.at("/opt/syncd/lib").glob("python3.*/site-packages")
    return folder


def test_the_program_runs_from_it(image: Image) -> None:
    """`syncd` is on the image's PATH, says its version, and reads the mapping that deploy/ ships."""
    assert image.start("--version").stdout.strip().endswith(syncd.__version__)
    assert "run" in image.start("--help").stdout
    validated = image.start("validate", str(ROOT / "deploy" / "base" / "mapping.yaml"))
    assert (validated.returncode, validated.stderr) == (0, "")


def test_it_has_what_the_lock_has_and_nothing_else(image: Image) -> None:
    """Installed are the packages of requirements/run.txt at their versions, and syncd: no pip, no uv."""
    code = (
        "import json, importlib.metadata as m;"
        "print(json.dumps([(d.metadata['Name'], d.version) for d in m.distributions()]))"
    )
    installed = {canonicalize_name(name): version for name, version in json.loads(image.evaluate(code))}
    locked: dict[str, str] = {
        canonicalize_name(match["name"]): match["version"]
        for match in _PINNED.finditer((ROOT / "requirements" / "run.txt").read_text())
        if match["marker"] is None or Marker(match["marker"]).evaluate()
    }
    assert installed == locked | {"syncd": syncd.__version__}
    assert not {"pip", "uv", "hatchling", "setuptools"} & installed.keys()


def test_every_sdk_is_there(image: Image) -> None:
    """The image has every store's SDK."""
    image.evaluate(";".join(f"import {name}" for name in _SDKS))


def test_time_zones_are_there(image: Image) -> None:
    """A schedule's time zone is found without the system's database."""
    code = "import zoneinfo; zoneinfo.reset_tzpath(()); print(zoneinfo.ZoneInfo('Europe/Zurich'))"
    assert image.evaluate(code).strip() == "Europe/Zurich"


def test_nothing_needs_what_was_left_out(image: Image, packages: Path) -> None:
    """The client's asyncio half is gone; neither the client nor syncd names it, and all of syncd loads."""
    assert (packages / "kubernetes").is_dir()
    assert not (packages / "kubernetes" / "aio").exists()
    naming = [
        str(file.relative_to(packages))
        for file in (*(packages / "kubernetes").rglob("*.py"), *(packages / "syncd").rglob("*.py"))
        if re.search(r"kubernetes\.aio|from \.+aio|from \. import aio", file.read_text(encoding="utf-8"))
    ]
    assert naming == []
    # syncd.testing is for people who have pytest.
    code = (
        "import pkgutil, importlib, sys, syncd;"
        "tell = lambda name: name.startswith('syncd.testing') or print(name);"
        "names = [m.name for m in pkgutil.walk_packages(syncd.__path__, 'syncd.', onerror=tell)"
        " if not m.name.startswith('syncd.testing') and m.name != 'syncd.__main__'];"
        "[importlib.import_module(name) for name in names];"
        "print(len(names), 'kubernetes.aio' in sys.modules)"
    )
    count, loaded = image.evaluate(code).split()
    assert int(count) > 100
    assert loaded == "False"


def test_bytecode_is_there_and_stays_as_it_is(image: Image, packages: Path) -> None:
    """Every module of ours has its bytecode, and running the program writes no file anywhere in the image."""
    for source in (packages / "syncd").rglob("*.py"):
        assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")), source
    before = _state(image.root)
    assert image.start("explain", "credentials.s3.endpoint").returncode == 0
    assert _state(image.root) == before


def test_the_image_holds_nothing_else(image: Image) -> None:
    """Neither tools nor sources nor wheels nor the base's installers are in it; what Python needs stays."""
    assert sorted(path.name for path in image.root.iterdir()) == ["opt", "usr"]
    assert [path.name for path in image.at("/opt").iterdir()] == ["syncd"]
    files = {str(path.relative_to(image.root)) for path in image.at("/usr").rglob("*") if path.is_file()}
    assert files == {"usr/local/bin/python3.13", "usr/local/lib/python3.13/json/__init__.py"}


def test_its_size_is_known(image: Image, record_property: Callable[[str, object], None]) -> None:
    """What the image adds to its base stays below 260 MB."""
    size = sum(path.lstat().st_size for path in image.at("/opt/syncd").rglob("*") if path.is_file())
    print(f"the image adds {size / 1e6:.0f} MB to its base")  # noqa: T201  # shown by `pytest -s`
    record_property("image_bytes", size)
    assert 20e6 < size < 260e6


def _state(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
    }
