"""Secrets in the cluster that syncd writes to, as a store: what another operator keeps there, for KServe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import (
    AccessDenied,
    ClusterDenied,
    ClusterUnreachable,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.model.secret import RemoteSecret
from syncd.stores.interface import SecretStore
from syncd.stores.parts import payload_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched, StoreContext
    from syncd.stores.kubernetes.settings import KubernetesSettings


class KubernetesStore(SecretStore):
    """Reads `NAMESPACE/NAME` in the configured namespaces, and nowhere else. There is no change token."""

    def __init__(self, name: StoreName, settings: KubernetesSettings, context: StoreContext) -> None:
        """Read through what `context` lends."""
        self.name = name
        self._namespaces = frozenset(settings.namespaces)
        self._read_secret = context.read_secret

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; the cluster's own client keeps the time."""
        del deadline
        return {ref: self._answer(ref) for ref in refs}

    def _answer(self, ref: SecretRef) -> Fetched:
        namespace, slash, name = ref.secret.partition("/")
        if not slash or not name or "/" in name:
            return StoreMisconfigured(f"{ref}: write NAMESPACE/NAME")
        if namespace not in self._namespaces:
            known = ", ".join(sorted(self._namespaces))
            return StoreMisconfigured(
                f"{ref}: only namespaces {known} may be read; see kubernetes.namespaces"
            )
        if ref.version is not None:
            return StoreMisconfigured(f"{ref}: a Secret has no versions to pin")
        failure: StoreError | None = None
        try:
            parts = self._read_secret(namespace, name)
        except ClusterDenied:
            failure = AccessDenied(f"{ref}: denied; let syncd get Secrets in namespace {namespace} (RBAC)")
            parts = None
        except ClusterUnreachable:
            failure = StoreUnavailable(f"{ref}: the cluster does not answer")
            parts = None
        if failure is not None:
            return failure
        if parts is None:
            return SecretNotFound(f"{ref}: there is no such Secret")
        return RemoteSecret(ref=ref, token=None, payload=payload_of(parts), parts=parts)


def build(
    name: StoreName, settings: KubernetesSettings, context: StoreContext, concurrency: int
) -> SecretStore:
    """Make the adapter."""
    del concurrency
    return KubernetesStore(name, settings, context)
