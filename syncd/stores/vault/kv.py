"""Reads one secret of a KV engine, version 1 or 2."""

from __future__ import annotations

from datetime import datetime
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
from syncd.model.secret import ChangeToken, RemoteSecret, SecretValue, canonical_json
from syncd.stores.vault.errors import Fault, FaultKind
from syncd.stores.vault.mounts import Mount
from syncd.stores.vault.path import checked_path, checked_version

if TYPE_CHECKING:
    from syncd.model.secret import SecretRef
    from syncd.stores.clock import Clock
    from syncd.stores.vault.lease import Lease
    from syncd.stores.vault.mounts import Mounts
    from syncd.stores.vault.session import Answer, VaultSession

_TRUSTED_FOR: Final = 60.0
"""Seconds that a mount's KV version is taken for granted when a secret is not there: a KV2 path on a mount
that has become KV1 is answered like a missing secret."""


class TokenRejected(AuthenticationFailed):
    """Vault does not know the token of this lease."""


class Kv:
    """Reads secrets with whatever lease it is given. Thread-safe."""

    def __init__(self, session: VaultSession, mounts: Mounts, clock: Clock) -> None:
        """Read over `session`, knowing `mounts`."""
        self._session = session
        self._mounts = mounts
        self._clock = clock

    def read(self, ref: SecretRef, lease: Lease, deadline: float) -> RemoteSecret:
        """Return the secret, of the pinned or the newest version.

        Raises:
            TokenRejected: when the lease is not good (any more).
            StoreError: what else Vault can say; each subclass as `syncd.model.errors` describes it.

        """
        path, version = checked_path(ref), checked_version(ref)
        mount = self._mount(ref, path, lease, deadline)
        answer = self._ask(mount, ref, lease, deadline, version)
        if isinstance(answer, Fault) and answer.kind in {FaultKind.EMPTY, FaultKind.OTHER_VERSION}:
            now = self._clock.now()
            doubt = now if answer.kind is FaultKind.OTHER_VERSION else now - _TRUSTED_FOR
            again = self._mount(ref, path, lease, deadline, since=doubt)
            if again.versioned != mount.versioned:
                mount, answer = again, self._ask(again, ref, lease, deadline, version)
        if not isinstance(answer, Fault):
            return _secret(ref, mount, answer)
        if answer.kind is FaultKind.EMPTY:
            raise self._not_there(ref, mount, lease, deadline)
        raise _error(ref, answer, lease, _needs(mount, path))

    def _mount(self, ref: SecretRef, path: str, lease: Lease, deadline: float, since: float = 0.0) -> Mount:
        failure: StoreError | None = None
        found: Mount | Fault | None = None
        try:
            found = self._mounts.of(path, lease, deadline, since=since)
        except StoreError as error:
            failure = error.with_traceback(None)
        if isinstance(found, Mount):
            return found
        if isinstance(found, Fault):
            raise _error(ref, found, lease, f"read on {path.split('/', 1)[0]}/…")
        failure = failure or StoreUnavailable("mount and KV version are not known")
        raise type(failure)(f"{ref}: {failure.message}")

    def _ask(
        self, mount: Mount, ref: SecretRef, lease: Lease, deadline: float, version: int | None
    ) -> Answer:
        inside = ref.secret.removeprefix(f"{mount.path}/")
        kv = lease.client.secrets.kv
        if not mount.versioned:
            if version is not None:
                raise StoreMisconfigured(
                    f"{ref}: mount {mount.path} is KV version 1, which has no versions to pin"
                )
            return self._session.ask(lambda: kv.v1.read_secret(inside, mount_point=mount.path), deadline)
        return self._session.ask(
            lambda: kv.v2.read_secret_version(
                inside, version=version, mount_point=mount.path, raise_on_deleted_version=True
            ),
            deadline,
        )

    def _not_there(self, ref: SecretRef, mount: Mount, lease: Lease, deadline: float) -> StoreError:
        """Tell what an empty 404 means, the KV version being known."""
        if mount.versioned and ref.secret.startswith(f"{mount.path}/data/"):
            return StoreMisconfigured(
                f"{ref}: not found; mount {mount.path} is KV version 2: write the path without `data/`"
            )
        if ref.version is None:
            return SecretNotFound(f"{ref}: there is no such secret in mount {mount.path}")
        newest = self._ask(mount, ref, lease, deadline, None)
        if isinstance(newest, Fault) and newest.kind is FaultKind.EMPTY:
            return VersionUnavailable(
                f"{ref}: there is neither this version nor any other: is the path right?"
            )
        return VersionUnavailable(f"{ref}: this version was never there, or is too old to be kept")


def _needs(mount: Mount, path: str) -> str:
    inside = path.removeprefix(f"{mount.path}/")
    if not mount.versioned:
        return f"read on {path}"
    hint = " (was the path meant without `data/`?)" if inside.startswith("data/") else ""
    return f"read on {mount.path}/data/{inside}{hint}"


def _error(ref: SecretRef, fault: Fault, lease: Lease, needs: str) -> StoreError:
    """Translate a fault of a read; `needs` is the capability that the read takes."""
    if fault.kind is FaultKind.TOKEN:
        return TokenRejected(f"{ref}: Vault does not know the token (any more)")
    if fault.kind is FaultKind.DENIED:
        granted = ", ".join(lease.grant.policies) or "not known for a token that was given"
        return AccessDenied(
            f"{ref}: denied, or there is no such mount; it takes a policy with {needs};"
            f" granted policies: {granted}"
        )
    if fault.kind is FaultKind.GONE:
        return VersionUnavailable(
            f"{ref}: {'this' if ref.version else 'the newest'} version is {fault.detail}"
        )
    if fault.kind is FaultKind.RATE_LIMITED:
        return RateLimited(f"{ref}: {fault.detail}", retry_after=fault.retry_after)
    if fault.kind is FaultKind.UNAVAILABLE:
        return StoreUnavailable(f"{ref}: {fault.detail}", retry_after=fault.retry_after)
    return StoreMisconfigured(f"{ref}: {fault.detail}")


def _secret(ref: SecretRef, mount: Mount, answer: dict[str, Any]) -> RemoteSecret:
    data = answer.get("data")
    metadata = data.get("metadata") if mount.versioned and isinstance(data, dict) else {}
    values = data.get("data") if mount.versioned and isinstance(data, dict) else data
    if not isinstance(values, dict) or not isinstance(metadata, dict):
        raise StoreUnavailable(
            f"{ref}: the answer holds no secret of KV version {2 if mount.versioned else 1}"
        )
    version = metadata.get("version")
    return RemoteSecret(
        ref=ref,
        token=ChangeToken(str(version)) if version is not None else None,
        payload=SecretValue(canonical_json(values)),
        created=_time(metadata.get("created_time")),
        expires=_time(metadata.get("deletion_time")),
    )


def _time(text: object) -> datetime | None:
    """Read a time of Vault (RFC 3339 with nanoseconds); None for an empty or unreadable one."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
