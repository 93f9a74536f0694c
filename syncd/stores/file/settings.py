"""The `file` store's part of the mapping: `stores.<name>.file`."""

from __future__ import annotations

from pathlib import Path

from pydantic import field_validator

from syncd.stores.store_part import StorePart


class FileSettings(StorePart):
    """A directory, mounted by other means. A secret is a file in it, or a folder of properties."""

    directory: Path
    """The directory, as an absolute path; nothing outside it is read, symbolic links followed."""

    @field_validator("directory")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        if not value.is_absolute():
            raise ValueError("must be an absolute path")
        return value

    def identity(self) -> str:
        """Return the directory."""
        return f"file {self.directory}"
