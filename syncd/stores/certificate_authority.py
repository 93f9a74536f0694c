"""Certificate authorities that a store is trusted by, besides the system's."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.model.errors import ClusterUnreachable, StoreMisconfigured, StoreUnavailable
from syncd.schema.part import DnsSubdomain, NonEmpty, Part
from syncd.stores.one_of import OneOf

if TYPE_CHECKING:
    from syncd.stores.interface import StoreContext


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


def trusting(spec: CaSpec | None, context: StoreContext) -> ssl.SSLContext:
    """Return a TLS context that checks certificates and names, by the system's authorities and these.

    Raises:
        StoreMisconfigured: when the certificates are not there, or are none.
        StoreUnavailable: when the cluster that they are in does not answer.

    """
    tls = ssl.create_default_context()
    if spec is None:
        return tls
    where, pem = _pem(spec, context)
    try:
        # Bundles have names in comments, and OpenSSL takes only ASCII.
        tls.load_verify_locations(cadata=pem.encode("ascii", "ignore").decode("ascii"))
    except (ssl.SSLError, ValueError):
        pass
    else:
        return tls
    raise StoreMisconfigured(f"{where}: holds no certificate (PEM)")


def _pem(spec: CaSpec, context: StoreContext) -> tuple[str, str]:
    if spec.pem is not None:
        return "ca.pem", spec.pem
    if spec.file is not None:
        where = f"ca.file {spec.file}"
        try:
            return where, spec.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            pass
        raise StoreMisconfigured(f"{where}: cannot be read; is it mounted?")
    ref = spec.config_map_key_ref
    if ref is None:
        raise StoreMisconfigured("ca: names no certificate")
    where = f"ca: key {ref.key} of ConfigMap {context.namespace}/{ref.name}"
    try:
        data = context.read_config_map(context.namespace, ref.name)
    except ClusterUnreachable:
        pass
    else:
        if data is None or ref.key not in data:
            raise StoreMisconfigured(f"{where}: there is no such key")
        return where, data[ref.key]
    raise StoreUnavailable(f"{where}: the cluster does not answer")
