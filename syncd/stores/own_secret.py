"""A secret that a store itself needs, to log in: where the mapping says that it is, and how it is read."""

from __future__ import annotations

from pathlib import Path

from syncd.schema.part import DnsSubdomain, NonEmpty, Part
from syncd.stores.one_of import OneOf


class SecretKeyRef(Part):
    """One key of a Secret in the daemon's namespace."""

    name: DnsSubdomain
    """Name of the Secret."""
    key: NonEmpty
    """Key in its `data`."""


class OwnSecretSpec(OneOf):
    """Where a store's own secret is; white space at its ends is dropped."""

    file: Path | None = None
    """A file, read again when it changes."""
    secret_key_ref: SecretKeyRef | None = None
    """A key of a Secret in the daemon's own namespace, read at every login."""
    env: NonEmpty | None = None
    """Name of an environment variable of the daemon."""
