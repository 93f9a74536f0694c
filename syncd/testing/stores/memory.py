"""A store in memory, for tests of everything but stores."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    SecretNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.secret import ChangeToken, RemoteSecret, SecretRef, SecretValue, StoreName, canonical_json
from syncd.stores.interface import Finding, SecretStore
from syncd.testing.stores.rig import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.stores.interface import Fetched


class InMemoryStore(SecretStore):
    """A store of versions in memory, which can be told to fail. It is its own `StoreRig`."""

    def __init__(self, name: str = "memory", batch: int = 1) -> None:
        """Start empty; `name` is the store's name in the mapping."""
        self.name = StoreName(name)
        self.batch = batch
        self.asked: list[SecretRef] = []
        """Every reference that was fetched, in order."""
        self.closed = False
        self.largest = 64 * 1024
        self.unusual = ("pässwörd/鍵", "with space", "100%?#&+")
        self.no_names = ("../outside", "a/../../outside", "", "a//b")
        self.no_version = "999"
        self._versions: dict[str, list[SecretValue | None]] = {}
        self._denied: set[str] = set()
        self._failures: dict[str | None, StoreError] = {}
        self._lock = threading.Lock()

    @property
    def store(self) -> SecretStore:
        """Itself."""
        return self

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return what was put in."""
        del deadline
        with self._lock:
            self.asked.extend(refs)
            return {ref: self._answer(ref) for ref in refs}

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Find what every secret would be answered with."""
        del deadline
        error = self._failures.get(None)
        if error is None:
            return Finding("reachable", "in memory"), Finding("authenticated", "as anybody")
        if isinstance(error, AuthenticationFailed):
            return Finding("reachable", "in memory"), Finding("authenticated", "", error)
        return (Finding("reachable", "", error),)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """Return a reference; the names are the secrets'."""
        return SecretRef(self.name, name, version)

    def put(self, name: str, values: Mapping[str, Any]) -> str:
        """Add a version, a JSON object; return its number."""
        return self.put_value(name, canonical_json(values))

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Add a version of texts."""
        self.put(name, {key: value.decode() for key, value in values.items()})

    def put_value(self, name: str, value: bytes) -> str:
        """Add a version that is just this value; return its number."""
        with self._lock:
            versions = self._versions.setdefault(name, [])
            versions.append(SecretValue(value))
            return str(len(versions))

    def remove(self, name: str) -> None:
        """Remove a secret with all its versions."""
        with self._lock:
            del self._versions[name]

    def take_away(self, name: str, version: str) -> None:
        """Make a version unavailable."""
        with self._lock:
            self._versions[name][int(version) - 1] = None

    def deny(self, name: str) -> None:
        """Answer AccessDenied for this secret from now on."""
        self._denied.add(name)

    def forget_login(self) -> None:
        """Forget nobody: there is no login."""

    def fail(self, how: Failure) -> None:
        """Answer so for every secret from now on."""
        self.answer(None, _FAILURES[how])

    def answer(self, name: str | None, error: StoreError | None) -> None:
        """Answer with this error for a secret, or for all (None), from now on; with None, no more."""
        if error is None:
            self._failures.pop(name, None)
        else:
            self._failures[name] = error

    def _answer(self, ref: SecretRef) -> Fetched:
        error = self._failures.get(None) or self._failures.get(ref.secret)
        if error is not None:
            return type(error)(f"{ref}: {error.message}", retry_after=error.retry_after)
        if any(segment in {"", "..", "."} for segment in ref.secret.split("/")):
            return StoreMisconfigured(f"{ref}: is no name of a secret")
        if ref.secret in self._denied:
            return AccessDenied(f"{ref}: denied")
        versions = self._versions.get(ref.secret, [])
        if ref.version is None and not versions:
            return SecretNotFound(f"{ref}: there is no such secret")
        number = len(versions) if ref.version is None else int(ref.version)
        payload = versions[number - 1] if 0 < number <= len(versions) else None
        if payload is None:
            return VersionUnavailable(f"{ref}: there is no such version (any more)")
        return RemoteSecret(ref, ChangeToken(str(number)), payload)


_FAILURES: Final = {
    Failure.ERROR: StoreUnavailable("an error of the server"),
    Failure.THROTTLE: RateLimited("slow down", retry_after=2.0),
    Failure.THROTTLE_SILENTLY: RateLimited("slow down"),
    Failure.HANG: StoreUnavailable("no answer in time"),
    Failure.STOP: StoreUnavailable("connection refused"),
    Failure.DISTRUSTED: StoreUnavailable("the certificate is not trusted"),
    Failure.UNKNOWN_TO_IT: AuthenticationFailed("unknown to the store"),
}
