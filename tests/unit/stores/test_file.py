"""The `file` store: never outside its directory, never a mixture of two versions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AccessDenied,
    PayloadRefused,
    SecretNotFound,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.model.secret import SecretRef, SecretValue, StoreName
from syncd.stores.file.adapter import LARGEST, FileStore
from syncd.stores.file.settings import FileSettings
from syncd.testing.stores import digest, digests, found, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.stores.interface import Fetched

NAME = StoreName("mounted")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The store's directory; beside it lies a file that is none of its business."""
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "mounted").mkdir()
    return tmp_path / "mounted"


def read(directory: Path, secret: str, version: str | None = None) -> Fetched:
    """One read."""
    ref = SecretRef(NAME, secret, version)
    return FileStore(NAME, FileSettings(directory=directory)).fetch([ref], deadline=0.0)[ref]


def volume(folder: Path, version: str, values: dict[str, str]) -> None:
    """Write a version as the kubelet does: a hidden folder, `..data` on it, and a link for each file."""
    (folder / f"..{version}").mkdir(parents=True)
    for name, value in values.items():
        (folder / f"..{version}" / name).write_text(value)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..tmp").symlink_to(f"..{version}")
    (folder / "..tmp").replace(folder / "..data")


def test_single_file(directory: Path) -> None:
    """A file is the whole secret, byte for byte."""
    (directory / "key.json").write_bytes(b'{"a": 1}\n')
    secret = found(read(directory, "key.json"))
    assert digest(secret.payload) == digest(SecretValue(b'{"a": 1}\n'))
    assert secret.parts is None


def test_mounted_secret(directory: Path) -> None:
    """A mounted volume with the kubelet's links is a folder of properties, without the hidden ones."""
    volume(directory / "s3", "1", {"access_key": "a", "secret_key": "b"})
    assert digests(found(read(directory, "s3")).properties()) == wanted(
        {"access_key": "a", "secret_key": "b"}
    )
    assert digest(found(read(directory, "s3/access_key")).payload) == digest(SecretValue(b"a"))


def test_directory_itself(directory: Path) -> None:
    """`.` is the directory itself."""
    volume(directory, "1", {"key": "a"})
    assert digests(found(read(directory, ".")).properties()) == wanted({"key": "a"})


def test_swap_while_reading(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume that is swapped in the middle of a read gives one version or the other, never half of each."""
    folder = directory / "s3"
    volume(folder, "1", {"a": "old", "b": "old"})
    opened: list[str] = []
    real = os.open

    def swapping(path: Path, flags: int) -> int:
        if not opened:
            opened.append(path.name)
            volume(folder, "2", {"a": "new", "b": "new"})
            for old in (folder / "..1").iterdir():
                old.unlink()
            (folder / "..1").rmdir()
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapping)
    assert digests(found(read(directory, "s3")).properties()) == wanted({"a": "new", "b": "new"})
    assert opened == ["a"]


@pytest.mark.parametrize("target", ["../outside", "/etc/hostname"])
def test_link_that_leads_out(directory: Path, target: str) -> None:
    """A symbolic link out of the directory is refused, as the secret and as one of its files."""
    (directory / "link").symlink_to(target)
    (directory / "folder").mkdir()
    (directory / "folder" / "key").symlink_to(f"../{target}" if target.startswith("..") else target)
    for secret in ("link", "folder", "folder/key"):
        answer = read(directory, secret)
        assert isinstance(answer, StoreMisconfigured), repr(answer)
        assert "symbolic link" in answer.message


def test_snapshot_that_leads_out(directory: Path, tmp_path: Path) -> None:
    """`..data` may not lead out either."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key").write_text("x")
    (directory / "folder").mkdir()
    (directory / "folder" / "..data").symlink_to("../../elsewhere")
    assert isinstance(read(directory, "folder"), StoreMisconfigured)


@pytest.mark.parametrize("secret", ["..", "../outside", "a/../../outside", "/etc/hostname", "a\0b", "a/"])
def test_path_that_leads_out(directory: Path, secret: str) -> None:
    """A path out of the directory is refused."""
    answer = read(directory, secret)
    assert isinstance(answer, StoreMisconfigured), repr(answer)


def test_directory_that_is_linked(directory: Path, tmp_path: Path) -> None:
    """The directory itself may be a link; what counts is where it leads."""
    (directory / "key").write_text("x")
    (tmp_path / "link").symlink_to(directory)
    assert digest(found(read(tmp_path / "link", "key")).payload) == digest(SecretValue(b"x"))


def test_sizes(directory: Path) -> None:
    """A secret of the API server's limit is read, one byte more is refused, in one file or in several."""
    (directory / "fits").write_bytes(b"x" * LARGEST)
    (directory / "large").write_bytes(b"x" * (LARGEST + 1))
    (directory / "folder").mkdir()
    for name in ("a", "b"):
        (directory / "folder" / name).write_bytes(b"x" * (LARGEST // 2 + 1))
    assert found(read(directory, "fits")).payload.size() == LARGEST
    assert isinstance(read(directory, "large"), PayloadRefused)
    assert isinstance(read(directory, "folder"), PayloadRefused)


def test_unmounted_directory(tmp_path: Path) -> None:
    """A directory that is not there is an outage: an unmounted volume deletes nothing."""
    answer = read(tmp_path / "none", "a")
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert "mounted" in answer.message


def test_file_taken_for_a_folder(directory: Path) -> None:
    """A path through a file is not there."""
    (directory / "file").write_text("x")
    assert isinstance(read(directory, "file/key"), SecretNotFound)


def test_pipe_does_not_block(directory: Path) -> None:
    """A named pipe is refused, not waited for."""
    os.mkfifo(directory / "pipe")
    assert isinstance(read(directory, "pipe"), AccessDenied)


def test_pinned_version(directory: Path) -> None:
    """Files have no versions."""
    (directory / "a").write_text("x")
    assert isinstance(read(directory, "a", "1"), StoreMisconfigured)


def test_subfolders_are_no_properties(directory: Path) -> None:
    """Only files are properties."""
    (directory / "s3" / "more").mkdir(parents=True)
    (directory / "s3" / "key").write_text("x")
    assert digests(found(read(directory, "s3")).properties()) == wanted({"key": "x"})


def test_volume_that_never_stands_still(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that vanish at every look are an outage, not a missing secret."""
    volume(directory / "s3", "1", {"a": "x"})

    def vanishing(path: Path, flags: int) -> int:
        raise FileNotFoundError(path, flags)

    monkeypatch.setattr(os, "open", vanishing)
    answer = read(directory, "s3")
    assert isinstance(answer, StoreUnavailable), repr(answer)
