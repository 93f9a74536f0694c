"""A daemon's world for each test, and an end for each daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.daemon.directory import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.openbao import OpenBao
    from tests.integration.daemon.process import Daemon

    Keep = Callable[[Daemon], Daemon]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Kills the daemon that it is given when the test is over, whatever came of it."""
    daemons: list[Daemon] = []

    def kept(daemon: Daemon) -> Daemon:
        daemons.append(daemon)
        return daemon

    yield kept
    for daemon in daemons:
        daemon.child.kill()


@pytest.fixture
def world(tmp_path: Path, openbao: OpenBao) -> World:
    """A world around the shared OpenBao."""
    return World.create(tmp_path, openbao)


@pytest.fixture
def own_world(tmp_path: Path, own_openbao: OpenBao) -> World:
    """A world around an OpenBao that the test may stop."""
    return World.create(tmp_path, own_openbao)
