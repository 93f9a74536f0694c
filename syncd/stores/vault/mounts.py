"""Which mount a path is in, and its KV version: asked once per mount, and again when in doubt."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from syncd.model.errors import StoreMisconfigured, StoreUnavailable
from syncd.stores.vault.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.vault.lease import Lease
    from syncd.stores.vault.session import VaultSession

_KV: Final = frozenset({"kv", "generic"})


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted KV engine: `path` without slashes at its ends; `seen_at` on the clock of deadlines.

    `versioned` is KV version 2.
    """

    path: str
    versioned: bool
    seen_at: float


class Mounts:
    """Remembers the mounts of one server. Thread-safe; one thread asks, the others wait."""

    def __init__(self, session: VaultSession, now: Callable[[], float]) -> None:
        """Know no mount yet."""
        self._session = session
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, Mount] = {}

    def of(self, path: str, lease: Lease, deadline: float, *, since: float = 0.0) -> Mount | Fault:
        """Return the mount of a path, as it was seen at `since` or later; or Vault's fault.

        Raises:
            StoreMisconfigured: when another engine than KV is mounted there.
            StoreUnavailable: when the answer is not Vault's.

        """
        if (mount := self._remembered(path, since)) is not None:
            return mount
        if not self._lock.acquire(timeout=max(0.0, deadline - self._now())):
            raise StoreUnavailable("mount and KV version could not be asked for before the deadline")
        try:
            if (mount := self._remembered(path, since)) is not None:
                return mount
            return self._discover(path, lease, deadline)
        finally:
            self._lock.release()

    def _remembered(self, path: str, since: float) -> Mount | None:
        # No mount lies inside another one, so at most one fits.
        segments = path.split("/")
        for length in range(1, len(segments)):
            mount = self._known.get("/".join(segments[:length]))
            if mount is not None and mount.seen_at >= since:
                return mount
        return None

    def _discover(self, path: str, lease: Lease, deadline: float) -> Mount | Fault:
        answer = self._session.ask(
            lambda: lease.client.adapter.get(f"/v1/sys/internal/ui/mounts/{quote(path)}"), deadline
        )
        if isinstance(answer, Fault):
            return answer
        data = answer.get("data")
        found, engine = (data.get("path"), data.get("type")) if isinstance(data, dict) else (None, None)
        if not isinstance(data, dict) or not isinstance(found, str) or not isinstance(engine, str):
            raise StoreUnavailable("the question for mount and KV version was answered without them")
        mounted = found.strip("/")
        if engine not in _KV:
            self._known.pop(mounted, None)
            raise StoreMisconfigured(
                f"{mounted} is a mount of engine {engine!r}, not kv: what it hands out is made anew at every"
                " read, or is no stored secret, so it cannot be synced; keep the credential in a kv mount"
            )
        if not f"{path}/".startswith(f"{mounted}/"):
            raise StoreUnavailable("the question for mount and KV version was answered for another mount")
        options = data.get("options")
        versioned = isinstance(options, dict) and options.get("version") == "2"
        mount = Mount(mounted, versioned, self._now())
        self._known[mounted] = mount
        return mount
