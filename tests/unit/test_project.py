"""What holds for the project as a whole: sizes, budgets, docstrings, locks, and what no file says."""

from __future__ import annotations

import ast
import io
import re
import socket
import subprocess
import tokenize
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import syncd
from tests.unit.conftest import SocketUsedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
MODULE_LINES = 400
FUNCTION_LINES = 60

# Where a value leaves the type that hides it: module → call sites. Adding one is a decision to review.
REVEALS: Mapping[str, int] = {
    "syncd/cluster/directory/files.py": 2,  # a file's text is read as YAML, and written
    "syncd/cluster/manifest.py": 2,  # base64 of a manifest that is stored in a file
    "syncd/kube/connection.py": 1,  # base64 of a request's body
    "syncd/kserve/kinds/values.py": 1,  # a value is checked and made fit for KServe
    "syncd/model/secret.py": 1,  # a payload is read as JSON
    "syncd/stores/gcp/identity.py": 1,  # a service account's key becomes what signs tokens
    "syncd/stores/gcp/ticket.py": 1,  # a token goes into a header
    "syncd/stores/aws/keys.py": 2,  # an access key is given to the SDK
    "syncd/stores/azure/identity.py": 3,  # the SDK takes client secret, certificate and password
    "syncd/stores/own_secret.py": 1,  # what a store logs in with is checked
    "syncd/stores/parts.py": 1,  # the parts of a secret become one JSON object
    "syncd/stores/vault/auth/approle.py": 1,  # a login is sent to Vault
    "syncd/stores/vault/auth/jwt.py": 1,  # the same
    "syncd/stores/vault/auth/kubernetes.py": 2,  # the same; its audience is looked at
    "syncd/stores/vault/auth/token.py": 1,  # a token is checked before it becomes a header
    "syncd/stores/vault/auth/userpass.py": 1,  # a login is sent to Vault
    "syncd/stores/vault/session.py": 1,  # the token goes into a header
    "syncd/testing/cluster/subject.py": 1,  # the contract writes a Secret as somebody else would
    "syncd/sync/fields.py": 2,  # a whole payload becomes one value; `decode: base64`
}

# Where any exception is caught, because the caller would die of it: module → handlers.
BROAD_HANDLERS: Mapping[str, int] = {
    "syncd/cli/commands.py": 1,  # a bug is told by its class: its text could quote a value
    "syncd/daemon/sweeps.py": 1,  # a bug must not end the thread that works for a store
    "syncd/daemon/watch.py": 1,  # nor the one that would see the mapping corrected
    "syncd/kube/connection.py": 1,  # a login plugin may raise anything, with the token in it
    "syncd/stores/gcp/login.py": 1,  # a credential library may raise anything, with the token in it
    "syncd/stores/aws/identity.py": 1,  # what looks for AWS credentials raises anything, with keys in it
    "syncd/sync/gather.py": 1,  # an adapter's bug must not stop the other stores
    "syncd/sync/look.py": 1,  # the same, when they are checked
    "syncd/telemetry/emitter.py": 1,  # a bug in telemetry must not stop rotations
    "syncd/telemetry/events.py": 1,  # a Kubernetes Event is best effort; what failed is counted
}

# Comments that switch a check off, in syncd and tests together.
COMMENT_BUDGET: Mapping[str, int] = {
    "pragma: no cover": 0,
    "type: ignore": 5,
}

# Written so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    "|".join(
        re.escape(host).replace("@", r"\.")
        for host in (
            "pypi@org",
            "pythonhosted@org",
            "proxy@golang@org",
            "sum@golang@org",
            "registry@npmjs",
            "crates@io",
            "repo1@maven@org",
            "deb@debian@org",
        )
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.$)}\]>~*-])/(?:work|root|farm)(?=[/\s\"'`:,;)]|$)", re.MULTILINE)

LOCKS = (
    *(f"requirements/{name}.txt" for name in ("bootstrap", "run", "demo", "dev")),
    "tests/tools/storage-initializer.txt",
)
PINNED = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; [^\\]+?)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)$"
)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def tracked() -> list[Path]:
    """Return the files that are committed, or would be by `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return sorted(path for path in set(paths) if path.is_file())


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the project."""
    roots = [ROOT / folder for folder in folders]
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    ]


def name_of(path: Path) -> str:
    """Return the path as the tables above spell it."""
    return path.relative_to(ROOT).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    """Return every node of a module's syntax tree."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def comments(path: Path) -> Iterator[str]:
    """Return the comments of a module; what only looks like one, in a string, is none."""
    source = io.StringIO(path.read_text(encoding="utf-8"))
    return (
        token.string for token in tokenize.generate_tokens(source.readline) if token.type == tokenize.COMMENT
    )


def locked(lock: str) -> dict[str, str]:
    """Return distribution → version of one lock; where that differs by platform or Python, all of them."""
    found: dict[str, str] = {}
    for line in requirement_lines(lock):
        match = PINNED.match(line)
        if match is not None:
            name = canonicalize_name(match["name"])
            found[name] = " ".join(filter(None, (found.get(name), match["version"])))
    return found


def requirement_lines(lock: str) -> list[str]:
    """Return the requirements of one lock, each with its continuation lines joined."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def test_modules_are_small() -> None:
    """No module has more than 400 lines."""
    sizes = {
        name_of(path): len(path.read_text().splitlines()) for path in python_files("syncd", "tests", "bench")
    }
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES} == {}


def test_functions_are_small() -> None:
    """No function has more than 60 lines."""
    sizes = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files("syncd", "tests", "bench")
        for node in nodes(path)
        if isinstance(node, FunctionNode)
    }
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES} == {}


def test_modules_are_named_for_what_they_hold() -> None:
    """No module is named for being useful to others."""
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [name_of(path) for path in python_files("syncd") if vague & set(path.with_suffix("").parts)] == []


def test_every_test_states_a_behaviour() -> None:
    """Every test has a docstring of one sentence."""
    without = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files("tests", "syncd/testing")
        for node in nodes(path)
        if isinstance(node, FunctionNode)
        and node.name.startswith("test_")
        and not is_sentence(ast.get_docstring(node))
    ]
    assert without == []


def is_sentence(docstring: str | None) -> bool:
    """Tell whether this is one paragraph that ends with a full stop."""
    return docstring is not None and docstring.endswith(".") and "\n\n" not in docstring


@pytest.mark.parametrize("phrase", COMMENT_BUDGET)
def test_checks_are_switched_off_sparingly(phrase: str) -> None:
    """Comments that switch a check off stay within their budget."""
    places = [
        f"{name_of(path)}: {comment}"
        for path in python_files("syncd", "tests")
        for comment in comments(path)
        if phrase in comment
    ]
    assert len(places) <= COMMENT_BUDGET[phrase], places


def test_only_the_command_line_prints() -> None:
    """Outside syncd.cli nothing writes to the terminal by itself."""
    printing = {
        name_of(path)
        for path in python_files("syncd")
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert {name for name in printing if not name.startswith("syncd/cli/")} == set()


def test_values_are_revealed_only_where_they_leave() -> None:
    """Every call of `reveal` is one that was reviewed."""
    found = Counter(
        name_of(path)
        for path in python_files("syncd")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    )
    assert dict(found) == REVEALS


def test_any_exception_is_caught_only_where_it_must() -> None:
    """Every handler of all exceptions is one that was reviewed."""
    found = Counter(
        name_of(path)
        for path in python_files("syncd")
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    )
    assert dict(found) == BROAD_HANDLERS


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches every exception."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in caught
    )


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry address", "machine path"])
def test_no_file_knows_where_it_was_made(pattern: re.Pattern[str]) -> None:
    """No file holds the address of a package registry or the path of a developer's machine."""
    found = [
        f"{name_of(path)}: {match.group()}"
        for path in tracked()
        for match in pattern.finditer(path.read_bytes().decode("utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_by_hash(lock: str) -> None:
    """A lock holds versions and hashes, and nothing else: no address, no option, no path."""
    assert [line for line in requirement_lines(lock) if not PINNED.match(line)] == []


def test_the_image_has_what_the_package_asks_for() -> None:
    """Each requirement in pyproject.toml, of every store too, is met by the version in run.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(line for store in ("vault", "aws", "gcp", "azure") for line in extras[store]),
    ]
    versions = locked("requirements/run.txt")
    unmet = [
        requirement
        for requirement in map(Requirement, wanted)
        if versions.get(canonicalize_name(requirement.name), "0") not in requirement.specifier
    ]
    assert unmet == []


@pytest.mark.parametrize("lock", ["requirements/demo.txt", "requirements/dev.txt"])
def test_what_is_tested_is_what_is_shipped(lock: str) -> None:
    """What two locks share, they have in the same version."""
    image, other = locked("requirements/run.txt"), locked(lock)
    assert {name: other[name] for name in image.keys() & other.keys() if other[name] != image[name]} == {}


def test_make_help_knows_every_target() -> None:
    """Each target of the Makefile says in one line what it does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (\S+)$", makefile, flags=re.MULTILINE))
    explained = set(re.findall(r"^(\w+):[^#\n]*## \S", makefile, flags=re.MULTILINE))
    assert targets == explained


def test_the_version_is_a_release_number() -> None:
    """The package tells its version in three numbers."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", syncd.__version__)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_unit_tests_reach_no_network(family: socket.AddressFamily) -> None:
    """A connection out of a unit test fails at once, to loopback too."""
    with socket.socket(family) as client, pytest.raises(SocketUsedError):
        client.connect(("localhost", 9))
