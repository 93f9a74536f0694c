"""What a secret store is to syncd: something that fetches, thread-safe, errors as values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from syncd.model.errors import StoreError
from syncd.model.secret import RemoteSecret, SecretRef, SecretValue, StoreName

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.model.events import Emit

Fetched: TypeAlias = RemoteSecret | StoreError
"""The answer for one reference: the secret, or why not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One step on the way to a store, as a check found it.

    `reachable`: it answers; `authenticated`: it knows us. `detail` says what was learnt when all is well (the
    server's version and state; as whom we are known, and with which policies or roles); `error` why not.
    """

    step: Literal["reachable", "authenticated"]
    detail: str
    error: StoreError | None = None


class SecretStore(ABC):
    """One configured store; it logs in when first used and renews by itself; safe for use by many threads."""

    name: StoreName
    batch: int = 1
    """How many references one request can carry (AWS Secrets Manager: 20)."""
    concurrency: int = 32
    """How many threads it is of use to ask with: more would only wait for each other."""

    @abstractmethod
    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs.

        Args:
            refs: at most `batch` references, all of this store.
            deadline: on `time.monotonic()`, in seconds; bounds everything, SDK retries and logins included.

        """

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Reach the store and log in, and say as whom; reads no secret, and raises only bugs.

        A store that has no way to it but its secrets finds nothing. `deadline` is as in `fetch`.
        """
        del deadline
        return ()

    def created(self, secret: RemoteSecret, *, deadline: float) -> datetime | None:
        """Return when the version was made; asks the store only where a read does not tell, None if unknown.

        Never part of a sweep: metadata may have a small quota of its own (Google: 600 a minute).
        """
        del deadline
        return secret.created

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
