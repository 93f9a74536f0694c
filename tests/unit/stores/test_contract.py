"""Stores without a server, put through the contract."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from syncd.model.secret import SecretRef, StoreName
from syncd.stores.file.adapter import FileStore
from syncd.stores.file.settings import FileSettings
from syncd.stores.guarded import Bounds, GuardedStore, Patience
from syncd.stores.kubernetes.adapter import KubernetesStore
from syncd.stores.kubernetes.settings import KubernetesSettings
from syncd.testing.stores import Capability, Failure, InMemoryStore, StoreContract
from tests.unit.stores.rigs import FakeCluster, Time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncd.stores.interface import SecretStore

ALWAYS = [
    "test_changed_secret",
    "test_empty_value",
    "test_found",
    "test_json_value",
    "test_large_value",
    "test_missing",
    "test_no_names",
    "test_payload_is_the_whole_secret",
    "test_same_secret_same_payload",
    "test_thousand_secrets",
    "test_unicode_value",
    "test_unusual_names",
    "test_whole_batch",
]
VERSIONED = ["test_pinned_version", "test_version_gone", "test_version_that_never_was"]


class TestInMemoryStore(StoreContract):
    """The store that other tests use keeps the contract too."""

    capabilities: ClassVar = frozenset(Capability) - {Capability.BYTES}

    @pytest.fixture
    def rig(self) -> InMemoryStore:
        """A new one."""
        return InMemoryStore(batch=5)


class _GuardedRig(InMemoryStore):
    """A store in memory behind the guard, on a clock that stands still: sleeping costs the test nothing."""

    def __init__(self) -> None:
        super().__init__()
        cluster, patience = FakeCluster(), Patience(clock=Time(time.monotonic()).clock())
        self._guarded = GuardedStore(_Inner(self), Bounds(), cluster.events.append, patience)

    @property
    def store(self) -> SecretStore:
        return self._guarded


class _Inner(InMemoryStore):
    """The store as the guard sees it."""

    def __init__(self, rig: _GuardedRig) -> None:
        super().__init__()
        self._versions, self._denied, self._failures = rig._versions, rig._denied, rig._failures


class TestGuardedStore(StoreContract):
    """A guarded store keeps the contract of what it guards."""

    capabilities: ClassVar = frozenset(Capability) - {Capability.BYTES, Capability.HANGS}

    @pytest.fixture
    def rig(self) -> _GuardedRig:
        """A new one."""
        return _GuardedRig()


class _FileRig:
    """A directory; its secrets are folders."""

    largest = 64 * 1024
    unusual = ("pässwörd/鍵", "with space", "100%?#&+")
    no_names = ("../outside", "a/../../outside", "", "a//b")
    no_version = ""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.store: SecretStore = FileStore(StoreName("mounted"), FileSettings(directory=directory))

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        return SecretRef(self.store.name, name, version)

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        self.put_bytes(name, {key: str(value).encode() for key, value in values.items()})

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        folder = self._directory / name
        folder.mkdir(exist_ok=True, parents=True)
        for key, value in values.items():
            (folder / key).write_bytes(value)

    def put_value(self, name: str, value: bytes) -> None:
        (self._directory / name).write_bytes(value)

    def forget_login(self) -> None:
        raise AssertionError

    def take_away(self, name: str, version: str) -> None:
        raise AssertionError(name, version)

    def deny(self, name: str) -> None:
        """Put something there that is no file: root may read any file."""
        folder = self._directory / name
        for file in folder.iterdir():
            file.unlink()
        os.mkfifo(folder / "key")

    def fail(self, how: Failure) -> None:
        """Unmount it."""
        assert how is Failure.STOP
        self._directory.rename(self._directory.with_name("elsewhere"))


class TestFileStore(StoreContract):
    """Files, and folders of files."""

    capabilities: ClassVar = frozenset(
        {
            Capability.BINARY,
            Capability.BYTES,
            Capability.CHECKS,
            Capability.DENIES,
            Capability.EMPTY,
            Capability.STOPS,
            Capability.VALUES,
        }
    )

    @pytest.fixture
    def rig(self, tmp_path: Path) -> _FileRig:
        """A new directory."""
        directory = tmp_path / "mounted"
        directory.mkdir()
        return _FileRig(directory)


class _KubernetesRig:
    """A cluster of a dictionary; the secrets are in namespace `vault-backed`."""

    largest = 64 * 1024
    unusual = ("a.b-c", "0", "a" * 253)
    no_names = ("vault-backed/../other/name", "vault-backed/", "", "/name", "vault-backed/a/b")
    no_version = ""

    def __init__(self) -> None:
        self._cluster = FakeCluster()
        settings = KubernetesSettings(namespaces=("vault-backed",))
        self.store: SecretStore = KubernetesStore(StoreName("copies"), settings, self._cluster.context())

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        return SecretRef(self.store.name, f"vault-backed/{name}", version)

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        self.put_bytes(name, {key: str(value).encode() for key, value in values.items()})

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        self._cluster.secrets["vault-backed", name] = dict(values)

    def put_value(self, name: str, value: bytes) -> None:
        raise AssertionError(name, len(value))

    def forget_login(self) -> None:
        raise AssertionError

    def take_away(self, name: str, version: str) -> None:
        raise AssertionError(name, version)

    def deny(self, name: str) -> None:
        self._cluster.denied.add(("vault-backed", name))

    def fail(self, how: Failure) -> None:
        assert how is Failure.STOP
        self._cluster.down = True


class TestKubernetesStore(StoreContract):
    """Secrets of the cluster itself."""

    capabilities: ClassVar = frozenset({Capability.BYTES, Capability.DENIES, Capability.STOPS})

    @pytest.fixture
    def rig(self) -> _KubernetesRig:
        """A new cluster."""
        return _KubernetesRig()


OF_A_SERVER = [
    "test_check",
    "test_check_of_a_store_that_does_not_know_us",
    "test_check_where_nobody_listens",
    "test_denied",
    "test_distrusted",
    "test_error_of_the_store",
    "test_login_runs_out",
    "test_nobody_listens",
    "test_throttled",
    "test_throttled_without_a_delay",
    "test_unknown_to_the_store",
]
ONE_VALUE = ["test_binary_value", "test_empty_secret", "test_value"]


@pytest.mark.parametrize(
    ("contract", "more"),
    [
        (
            TestInMemoryStore,
            [*VERSIONED, *OF_A_SERVER, *ONE_VALUE, "test_deadline", "test_token_changes_with_the_secret"],
        ),
        (TestGuardedStore, [*VERSIONED, *OF_A_SERVER, *ONE_VALUE, "test_token_changes_with_the_secret"]),
        (
            TestFileStore,
            [
                *ONE_VALUE,
                "test_bytes",
                "test_check",
                "test_check_where_nobody_listens",
                "test_denied",
                "test_nobody_listens",
            ],
        ),
        (TestKubernetesStore, ["test_bytes", "test_denied", "test_nobody_listens"]),
    ],
)
def test_no_case_is_lost(contract: type[StoreContract], more: list[str]) -> None:
    """Each store is put through exactly these cases; none is skipped without being seen here."""
    assert contract.cases() == sorted([*ALWAYS, *more])
