"""The `kubernetes` store's part of the mapping: `stores.<name>.kubernetes`."""

from __future__ import annotations

from pydantic import Field

from syncd.schema.part import DnsLabel
from syncd.stores.store_part import StorePart


class KubernetesSettings(StorePart):
    """Secrets in the cluster that syncd writes to. A secret is `NAMESPACE/NAME`; there are no versions."""

    namespaces: tuple[DnsLabel, ...] = Field(min_length=1)
    """Namespaces that secrets may be read from; every other one is refused."""

    def identity(self) -> str:
        """Return that it is the cluster itself."""
        return "kubernetes"
