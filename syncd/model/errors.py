"""Errors of syncd. Their texts name things, never values; none keeps a third party's exception alive."""

from __future__ import annotations

from syncd.model.reasons import Reason


class SyncdError(Exception):
    """Base of every error that syncd raises on purpose; the text is fit for users and logs."""


class UsageError(SyncdError):
    """What was asked for cannot be done as asked: flags, files or settings (exit code 2)."""


class ClusterUnreachable(SyncdError):
    """The API server cannot be reached, or does not know us (exit code 4)."""


class ClusterDenied(ClusterUnreachable):
    """The API server answers, and does not let us read this."""


class WriteRefused(SyncdError):
    """A command's own write was refused; the text says why and what to do (exit code 3)."""


class NotLeader(SyncdError):
    """This process may not write (any more)."""


class InvalidPayload(SyncdError):
    """A secret's payload does not have the form that the mapping expects of it."""


class StoreError(SyncdError):
    """A store could not give a secret; returned as a value by `SecretStore.fetch`.

    `reason` is the word of REASONS; `retry_after` is in seconds, where the store said so.
    """

    reason: Reason = Reason.STORE_UNAVAILABLE
    retryable: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Take a message that names the store and the secret, and what to do."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class SecretNotFound(StoreError):
    """The store said, in its own words, that this unpinned secret does not exist."""

    reason = Reason.SECRET_NOT_FOUND


class VersionUnavailable(StoreError):
    """The version is deleted, disabled, destroyed, or was never there."""

    reason = Reason.VERSION_UNAVAILABLE


class StoreMisconfigured(StoreError):
    """The mapping or the store is set up wrongly: a mount, a path, a KV version, a dynamic engine."""

    reason = Reason.STORE_MISCONFIGURED


class AccessDenied(StoreError):
    """We are known, and may not read this."""

    reason = Reason.ACCESS_DENIED


class AuthenticationFailed(StoreError):
    """The store does not know us: login refused, token expired or revoked."""

    reason = Reason.AUTHENTICATION_FAILED


class RateLimited(StoreError):
    """The store asked us to slow down; `retry_after` in seconds where it said for how long."""

    reason = Reason.RATE_LIMITED
    retryable = True


class StoreUnavailable(StoreError):
    """Network, TLS, 5xx, sealed, a proxy's page, a cut answer: whatever is not the store's own word."""

    reason = Reason.STORE_UNAVAILABLE
    retryable = True


class PayloadRefused(StoreError):
    """The store answered, and what it answered cannot be a secret's value."""

    reason = Reason.INVALID_PAYLOAD


class SecretExpired(StoreError):
    """The store gave the secret, and says itself that it is no longer valid."""

    reason = Reason.EXPIRED
