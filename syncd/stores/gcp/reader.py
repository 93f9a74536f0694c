"""Reading a secret: one AccessSecretVersion; metadata only to tell a missing secret from a missing version.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access; quotas:
https://cloud.google.com/secret-manager/quotas (accesses have a far larger one than everything else).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import google_crc32c

from syncd.model.errors import (
    PayloadRefused,
    SecretNotFound,
    StoreError,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.secret import ChangeToken, RemoteSecret, SecretValue
from syncd.stores.gcp.errors import Question, error_of
from syncd.stores.gcp.faults import Code, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.secretmanager_v1 import (
        AccessSecretVersionResponse,
        Secret,
        SecretManagerServiceClient,
    )

    from syncd.model.secret import SecretRef
    from syncd.stores.gcp.names import Name
    from syncd.stores.gcp.session import GcpSession
    from syncd.stores.interface import Fetched

_STAYS_WRONG: Final = 3


class Reader:
    """Reads secrets over one session; thread-safe."""

    def __init__(self, session: GcpSession) -> None:
        """Ask nothing yet."""
        self._session = session
        self._lock = threading.Lock()
        self._damaged: dict[SecretRef, int] = {}

    def read(self, ref: SecretRef, name: Name, version: str | None, deadline: float) -> Fetched:
        """Return the secret, or why not.

        Raises:
            StoreError: when there is no login, or the wire cannot be set up.

        """
        answer = self._session.ask(access, name.version(version), deadline)
        if not isinstance(answer, Fault):
            return self._secret(ref, name, answer)
        if answer.code is Code.NOT_FOUND and version is None:
            return self._missing(ref, name, deadline)
        return error_of(answer, self._question(ref, name, deadline))

    def _missing(self, ref: SecretRef, name: Name, deadline: float) -> StoreError:
        """Tell a secret that is not there from one without versions: Google answers both alike."""
        metadata = self._session.ask(_describe, name.secret, deadline)
        if not isinstance(metadata, Fault):
            return VersionUnavailable(f"{ref}: the secret has no version that can be read; add or enable one")
        if metadata.code is Code.NOT_FOUND:
            return SecretNotFound(f"{ref}: there is no secret {name.secret}")
        if metadata.code is Code.PERMISSION_DENIED and not metadata.reason.startswith("SERVICE_"):
            return VersionUnavailable(
                f"{ref}: there is no such secret, or it has no version; to tell which,"
                f" secretmanager.secrets.get (roles/secretmanager.viewer) is needed on {name.secret}"
            )
        return error_of(metadata, self._question(ref, name, deadline))

    def _secret(self, ref: SecretRef, name: Name, answer: AccessSecretVersionResponse) -> Fetched:
        version = name.answered(answer.name)
        if version is None:
            return StoreUnavailable(f"{ref}: the answer names another secret, or none (a proxy's?)")
        if "payload" not in answer:
            return PayloadRefused(f"{ref}: the answer has no payload")
        data = answer.payload.data
        if "data_crc32c" in answer.payload and answer.payload.data_crc32c != google_crc32c.value(data):
            return self._wrong_checksum(ref)
        if self._damaged:
            with self._lock:
                self._damaged.pop(ref, None)
        return RemoteSecret(ref, ChangeToken(version), SecretValue(data))

    def _wrong_checksum(self, ref: SecretRef) -> StoreError:
        with self._lock:
            times = self._damaged[ref] = self._damaged.get(ref, 0) + 1
        if times < _STAYS_WRONG:
            return StoreUnavailable(f"{ref}: the payload was damaged on the way (its CRC32C is another)")
        return PayloadRefused(
            f"{ref}: the payload does not have the CRC32C that Google gives for it, {times} times running;"
            " add a new version"
        )

    def _question(self, ref: SecretRef, name: Name, deadline: float) -> Question:
        return Question(str(ref), name.secret, self._session.ticket(deadline).account)


def access(client: SecretManagerServiceClient) -> Callable[..., AccessSecretVersionResponse]:
    """Return the request that gives a version's payload."""
    return client.access_secret_version


def _describe(client: SecretManagerServiceClient) -> Callable[..., Secret]:
    return client.get_secret
