"""What a secret store is to syncd: something that fetches, thread-safe, errors as values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from syncd.model.errors import StoreError
from syncd.model.secret import RemoteSecret, SecretRef, SecretValue, StoreName

if TYPE_CHECKING:
    from syncd.model.events import Emit

Fetched: TypeAlias = RemoteSecret | StoreError
"""The answer for one reference: the secret, or why not."""


class SecretStore(ABC):
    """One configured store; it logs in when first used and renews by itself; safe for use by many threads."""

    name: StoreName
    batch: int = 1
    """How many references one request can carry (AWS Secrets Manager: 20)."""

    @abstractmethod
    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs.

        Args:
            refs: at most `batch` references, all of this store.
            deadline: on `time.monotonic()`, in seconds; bounds everything, SDK retries and logins included.

        """

    def close(self) -> None:
        """Give back connections and logins; the store is not used afterwards."""


@dataclass(frozen=True, slots=True)
class StoreContext:
    """What a store may ask of its surroundings, given by `app`.

    `read_secret(namespace, name)` returns the decoded `data` of a Secret in the cluster that syncd writes to,
    or None when there is none; `read_config_map(namespace, name)` the `data` of a ConfigMap. Both raise
    `ClusterUnreachable`. `namespace` is the daemon's own, of `secretKeyRef` and `configMapKeyRef`.
    """

    namespace: str
    read_secret: Callable[[str, str], Mapping[str, SecretValue] | None]
    read_config_map: Callable[[str, str], Mapping[str, str] | None]
    emit: Emit


StoreBuilder: TypeAlias = Callable[[StoreName, Any, StoreContext, int], SecretStore]
"""Makes an adapter of name, settings, surroundings and requests at a time; asks the store nothing yet."""
