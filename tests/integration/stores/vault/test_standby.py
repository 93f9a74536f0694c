"""Two OpenBao nodes behind one address, of which the second lags a little behind the first."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from syncd.testing.stores import found, soon
from tests.harness.fault_http import FaultProxy, Reply
from tests.harness.openbao_auth import write_secret_file
from tests.integration.stores.rig import read
from tests.integration.stores.vault.conftest import make_readable
from tests.integration.stores.vault.rig import vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.vault.adapter import VaultStore
    from tests.harness.fault_http import Handler
    from tests.harness.openbao import OpenBao
    from tests.integration.stores.vault.conftest import Readable

ROUNDS = 40


class Balancer(FaultProxy):
    """Hands each request to the next node."""

    def __init__(self, *urls: str) -> None:
        """Begin with the first."""
        super().__init__(urls[0])
        self._turns = cycle(urls)

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        self._upstream = next(self._turns)
        return super()._otherwise(handler, body)


@pytest.fixture
def standby(own_openbao: OpenBao, tmp_path: Path) -> Iterator[OpenBao]:
    """A standby of the test's own server."""
    standby = own_openbao.join(tmp_path / "standby")
    yield standby
    standby.kill()


@pytest.fixture
def readable(own_openbao: OpenBao) -> Readable:
    """A secret on both nodes."""
    return make_readable(own_openbao, own_openbao.enable_kv("kv", 2))


@pytest.fixture
def balancer(own_openbao: OpenBao, standby: OpenBao) -> Iterator[Balancer]:
    """One address for both."""
    balancer = Balancer(own_openbao.url, standby.url)
    yield balancer
    balancer.close()


@pytest.fixture
def store(
    own_openbao: OpenBao, readable: Readable, balancer: Balancer, tmp_path: Path
) -> Iterator[VaultStore]:
    """A store at the address of both."""
    file = write_secret_file(tmp_path / "token", own_openbao.token([readable.policy]))
    store = vault(balancer.url, {"token": {"file": str(file)}})
    yield store
    store.close()


def test_reads_never_go_back(own_openbao: OpenBao, readable: Readable, store: VaultStore) -> None:
    """Whichever node answers, no read returns an older version than a read before it."""
    seen: list[int] = []
    for number in range(ROUNDS):
        own_openbao.put(readable.mount, "ml/a", {"key": str(number)})
        for _ in range(3):
            token = found(read(store, readable.secret)).token
            assert token is not None
            seen.append(int(token))
    assert seen == sorted(seen)


def test_every_later_read_says_how_far_we_are(
    readable: Readable, store: VaultStore, balancer: Balancer
) -> None:
    """After the first answer each request takes along what it told, and wishes to be passed on."""
    for _ in range(3):
        found(read(store, readable.secret))
    first, *later = balancer.seen()
    told = {"x-vault-index", "x-vault-inconsistent"}
    assert not told & first.headers
    assert all(told <= request.headers for request in later)


def test_check_of_a_standby(standby: OpenBao, readable: Readable, tmp_path: Path) -> None:
    """A standby is reachable and knows us; that it is one is told."""
    file = write_secret_file(tmp_path / "token", standby.token([readable.policy]))
    store = vault(standby.url, {"token": {"file": str(file)}})
    way, login = store.check(deadline=soon())
    assert (way.error, login.error) == (None, None)
    assert "standby" in way.detail
    store.close()
