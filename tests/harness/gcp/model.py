"""Secret Manager in memory, behind both of its wires. Written from the public reference, page by page.

Resources and states: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions
Access, `latest` and checksums: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
Errors and their details: https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import google_crc32c
import grpc
from google.rpc import error_details_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.gcp.tokens import Tokens

State = Literal["ENABLED", "DISABLED", "DESTROYED"]
LARGEST = 64 * 1024
NUMBER = "123456789012"
"""The project's number, which answers have in place of its id."""

_NAME = re.compile(
    r"(?P<parent>projects/[^/]+(?:/locations/[^/]+)?)/secrets/(?P<secret>[A-Za-z0-9_-]{1,255})"
    r"(?:/versions/(?P<version>[A-Za-z0-9_-]{1,63}))?"
)


class ApiError(Exception):
    """An answer that is no success: a code, a text, and details as Google gives them."""

    def __init__(self, code: grpc.StatusCode, message: str, *details: object) -> None:
        """Details are messages of google.rpc.error_details."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Sequence[object] = details


def info(reason: str) -> object:
    """An ErrorInfo."""
    return error_details_pb2.ErrorInfo(reason=reason, domain="googleapis.com")


def retry_in(seconds: float) -> object:
    """A RetryInfo."""
    delay = error_details_pb2.RetryInfo()
    delay.retry_delay.FromMilliseconds(round(seconds * 1000))
    return delay


@dataclass(slots=True)
class Version:
    """One version of a secret."""

    number: str
    data: bytes
    created: dt.datetime
    state: State = "ENABLED"


@dataclass(slots=True)
class Secret:
    """Its versions, oldest first, and its aliases."""

    versions: list[Version] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Payload:
    """What access answers; without checksum or payload where a test takes them away."""

    name: str
    data: bytes | None
    crc: int | None


class SecretManager:
    """Secrets of any project and region. Thread-safe as far as tests need it."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        """With `tokens` whoever has none of them is unknown; without, everybody is let in."""
        self.tokens = tokens
        self.counts: Counter[str] = Counter()
        self.wrong_checksums = False
        self.no_payloads = False
        self.no_checksums = False
        self.fault: ApiError | None = None
        """What every call is answered with, whoever asks."""
        self.hang = threading.Event()
        """Set, calls are not answered until it is cleared."""
        self._secrets: dict[str, Secret] = {}
        self._denied: dict[str, ApiError] = {}
        self._lock = threading.Lock()

    def put(self, secret: str, data: bytes, parent: str = "projects/ml-prod") -> str:
        """Make the secret, or its next version; return the version."""
        with self._lock:
            entry = self._secrets.setdefault(f"{parent}/secrets/{secret}", Secret())
            number = str(len(entry.versions) + 1)
            entry.versions.append(Version(number, data, dt.datetime.now(dt.UTC)))
            return number

    def empty(self, secret: str) -> None:
        """Make a secret without a version."""
        self._secrets[f"projects/ml-prod/secrets/{secret}"] = Secret()

    def set_state(self, secret: str, version: str, state: State) -> None:
        """Disable, enable or destroy a version; what is destroyed has no data any more."""
        entry = self._version(self._secrets[f"projects/ml-prod/secrets/{secret}"], version)
        entry.state = state
        if state == "DESTROYED":
            entry.data = b""

    def set_alias(self, secret: str, alias: str, version: str) -> None:
        """Let an alias name a version."""
        self._secrets[f"projects/ml-prod/secrets/{secret}"].aliases[alias] = version

    def remove(self, secret: str) -> None:
        """Delete a secret."""
        del self._secrets[f"projects/ml-prod/secrets/{secret}"]

    def deny(self, method: str, secret: str, *details: object) -> None:
        """Take the right to call `access`, `secret` or `version` about this secret, there or not."""
        name = f"projects/ml-prod/secrets/{secret}"
        permission = {"access": "versions.access", "secret": "secrets.get", "version": "versions.get"}[method]
        self._denied[f"{method} {name}"] = ApiError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Permission 'secretmanager.{permission}' denied for resource '{name}' (or it may not exist).",
            *(details or (info("IAM_PERMISSION_DENIED"),)),
        )

    def access(self, name: str, bearer: str | None) -> Payload:
        """AccessSecretVersion: refuses what is not enabled, `latest` too when the newest is not."""
        resource, version = self._found("access", name, bearer)
        if version is None:
            raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "name is not of a version.")
        if version.state != "ENABLED":
            raise ApiError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Secret Version [{resource}] is in {version.state} state.",
            )
        crc = google_crc32c.value(version.data) ^ int(self.wrong_checksums)
        return Payload(
            resource, None if self.no_payloads else version.data, None if self.no_checksums else crc
        )

    def secret(self, name: str, bearer: str | None) -> str:
        """GetSecret: the resource's name."""
        return self._found("secret", name, bearer)[0]

    def version(self, name: str, bearer: str | None) -> tuple[str, Version]:
        """GetSecretVersion: the resource's name and the version."""
        resource, version = self._found("version", name, bearer)
        if version is None:
            raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "name is not of a version.")
        return resource, version

    def _found(self, method: str, name: str, bearer: str | None) -> tuple[str, Version | None]:
        with self._lock:
            self.counts[method] += 1
        while self.hang.is_set():
            threading.Event().wait(0.02)
        if self.fault is not None:
            raise self.fault
        if self.tokens is not None and not self.tokens.knows(bearer):
            raise ApiError(
                grpc.StatusCode.UNAUTHENTICATED,
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
                info("ACCESS_TOKEN_EXPIRED" if bearer else "CREDENTIALS_MISSING"),
            )
        match = _NAME.fullmatch(name)
        if match is None:
            raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid resource field value: {name}.")
        key = f"{match['parent']}/secrets/{match['secret']}"
        denied = self._denied.get(f"{method} {key}")
        if denied is not None:
            raise denied
        return self._resolved(key, match["version"])

    def _resolved(self, key: str, version: str | None) -> tuple[str, Version | None]:
        """One text for a missing secret, version and alias, as Google has it."""
        secret = self._secrets.get(key)
        resource = re.sub(r"^projects/[^/]+", f"projects/{NUMBER}", key)
        if secret is None:
            raise ApiError(grpc.StatusCode.NOT_FOUND, f"Secret [{resource}] not found or has no versions.")
        if version is None:
            return resource, None
        if version == "latest" and secret.versions:
            found = secret.versions[-1]
        else:
            number = secret.aliases.get(version, version)
            found = next((item for item in secret.versions if item.number == number), Version("", b"", EPOCH))
        if not found.number:
            raise ApiError(grpc.StatusCode.NOT_FOUND, f"Secret [{resource}] not found or has no versions.")
        return f"{resource}/versions/{found.number}", found

    @staticmethod
    def _version(secret: Secret, number: str) -> Version:
        return next(version for version in secret.versions if version.number == number)


EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
