"""The demo, as CI sees it: without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.cli.exit_codes import ExitCode
from tests.harness.processes import wait_for

DEMO = [sys.executable, "-m", "syncd", "demo"]


def running_in(folder: Path) -> list[int]:
    """The processes whose command line names the folder, or that work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command, place = (entry / "cmdline").read_bytes(), (entry / "cwd").readlink()
        except OSError:
            continue
        if str(folder).encode() in command or place.is_relative_to(folder):
            found.append(int(entry.name))
    return found


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demo makes its folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def test_demo(temporary: Path) -> None:
    """The demo shows and checks every act, in plain text without a terminal, and leaves nothing behind."""
    env = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(DEMO, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "\x1b[" not in done.stdout
    for seen in (
        "Plan: 2 to bind, 13 to create",
        "the next plan is empty",
        "version 1 → 2 in recsys and vision",
        "refused: EmptyValue",
        "did you mean accessKeyId?",
        "11 placements are Stale",
        "11 placements are Synced",
        "All of it is as it should be",
    ):
        assert seen in done.stdout
    assert running_in(temporary) == []
    assert list(temporary.iterdir()) == []


def test_ctrl_c(temporary: Path) -> None:
    """Ctrl-C ends OpenBao and the daemon, and takes the folder away."""
    env = {**os.environ, "TMPDIR": str(temporary)}
    # A shell's background job ignores Ctrl-C and hands that on; what is caught here is not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    demo = subprocess.Popen(DEMO, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    try:
        wait_for("the daemon", lambda: next(temporary.glob("*/syncd.log"), None))
        assert running_in(temporary) != []
        demo.send_signal(signal.SIGINT)
        _, said = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == ExitCode.INTERRUPTED, said.decode()
    assert running_in(temporary) == []
    assert list(temporary.iterdir()) == []


def test_keep(temporary: Path) -> None:
    """--keep leaves everything running, says where to look, and how to end it."""
    env = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(
        [*DEMO, "--keep"], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    pids = running_in(temporary)
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if "to end it" in line]
    assert sorted(pids) == sorted(int(word) for word in line.split("&&")[0].split() if word.isdigit())
    assert "/metrics" in done.stdout
    wait_for("the processes to end", lambda: not running_in(temporary))
