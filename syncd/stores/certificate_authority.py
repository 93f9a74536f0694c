"""Certificate authorities that a store is trusted by, besides the system's."""

from __future__ import annotations

from pathlib import Path

from syncd.schema.part import DnsSubdomain, NonEmpty, Part
from syncd.stores.one_of import OneOf


class ConfigMapKeyRef(Part):
    """One key of a ConfigMap in the daemon's namespace."""

    name: DnsSubdomain
    """Name of the ConfigMap."""
    key: NonEmpty
    """Key in its `data`."""


class CaSpec(OneOf):
    """Certificates (PEM) of authorities that are trusted in addition to the system's."""

    file: Path | None = None
    """A file with one or more certificates."""
    pem: NonEmpty | None = None
    """The certificates themselves."""
    config_map_key_ref: ConfigMapKeyRef | None = None
    """A key of a ConfigMap in the daemon's own namespace."""
