"""What an answer of Vault means, by status and body: the one place that reads its errors.

Source: rows observed with OpenBao 2.7.2 and hvac 2.4.0. No text of an answer is kept: a proxy's page, or an
error that quotes a request, can hold a secret. What helps the reader is told in words of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Final


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; `retry_after` is the header's text."""

    status: int
    retry_after: str | None
    body: bytes = field(repr=False)

    def tree(self) -> object:
        """Return the JSON of the body; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class FaultKind(Enum):
    """What kind of no an answer was."""

    EMPTY = auto()
    """404 with an empty list of errors: no such secret, version or folder, or a KV2 path on a KV1 mount."""
    GONE = auto()
    """404 with metadata: this version is deleted or destroyed."""
    OTHER_VERSION = auto()
    """404 with warnings: a KV1 path on a KV2 mount."""
    NO_ROUTE = auto()
    """404 or 405 with errors: no such mount, namespace or path."""
    DENIED = auto()
    """403 in several lines: we are known, and a policy says no (or there is no such mount)."""
    TOKEN = auto()
    """403 with `permission denied` alone, or `invalid token`: the token is no good (any more)."""
    REFUSED = auto()
    """400: the request is wrong in Vault's eyes; of a login: wrong credentials or role."""
    RATE_LIMITED = auto()
    """429 of a quota."""
    UNAVAILABLE = auto()
    """Everything that is not Vault's own word on the request: network, TLS, 5xx, sealed, redirects, HTML."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no success; `detail` in our words, `retry_after` in seconds."""

    kind: FaultKind
    detail: str
    retry_after: float | None = None


class VaultFault(Exception):
    """Carries a fault through hvac; it never leaves the session."""

    def __init__(self, fault: Fault) -> None:
        """Carry `fault`, which has no part of the answer in it."""
        super().__init__(fault.detail)
        self.fault = fault


_HINTS: Final = (
    ("namespace not authorized", "the role does not allow this ServiceAccount's namespace"),
    ("service account name not authorized", "the role does not allow this ServiceAccount"),
    ("audience", "the token's audience is not the one that the role wants"),
    ("issuer", "the token's issuer is not the one that the auth method wants"),
    ("expired", "what we logged in with has expired"),
    ("signature", "the token's signature does not fit the auth method's keys"),
    ("claim", "a claim of the token is not what the role wants"),
    ("could not be found", "there is no such role"),
    ("invalid role name", "there is no such role"),
    ("invalid role or secret", "role id or secret id is wrong, expired or used up"),
    ("invalid role", "the role id is wrong"),
    ("invalid secret", "the secret id is wrong, expired or used up"),
    ("invalid username or password", "user name or password is wrong, or the user is locked"),
    ("invalid certificate", "no role of the auth method accepts the certificate"),
    ("no chain matching", "no role of the auth method accepts the certificate"),
    ("client certificate", "no client certificate reached the server (does a proxy end TLS?)"),
    ("wrapping token", "the wrapping token is wrong, expired or already used"),
    ("namespace not found", "there is no such namespace"),
    ("no handler for route", "there is no such mount"),
    ("unsupported path", "the mount has no such path"),
    ("unsupported operation", "the mount cannot be read there"),
)
_SEALED: Final = "sealed, or in maintenance"
_STATUS: Final = {
    HTTPStatus.BAD_GATEWAY: "bad gateway",
    HTTPStatus.SERVICE_UNAVAILABLE: _SEALED,
    HTTPStatus.GATEWAY_TIMEOUT: "gateway timeout",
    HTTPStatus.PRECONDITION_FAILED: "a standby that lags behind",
    HTTPStatus.NOT_IMPLEMENTED: "not initialised",
    472: "a disaster recovery secondary",
    473: "a performance standby",
}
_BARE: Final = frozenset({"permission denied", "invalid token", "bad token"})


def fault_of(reply: Reply) -> Fault:
    """Classify an answer whose status is no success, or a success that is not Vault's."""
    status = reply.status
    tree = reply.tree()
    if not isinstance(tree, dict):
        return _unavailable(status, "not an answer of Vault (a proxy's?)")
    errors = _errors(tree)
    if status == HTTPStatus.NOT_FOUND:
        return _not_found(tree, errors)
    if status == HTTPStatus.METHOD_NOT_ALLOWED and errors:
        return Fault(FaultKind.NO_ROUTE, _hint(errors, "the mount cannot be read there"))
    if status == HTTPStatus.FORBIDDEN and errors:
        bare = all(error.strip() in _BARE for error in errors) or any("invalid token" in e for e in errors)
        return Fault(FaultKind.TOKEN if bare else FaultKind.DENIED, _hint(errors, "permission denied"))
    if status == HTTPStatus.BAD_REQUEST and errors:
        if any("upgrading from non-versioned" in error for error in errors):
            return _unavailable(status, "the mount is being upgraded to KV version 2")
        return Fault(FaultKind.REFUSED, _hint(errors, "refused as invalid"))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = _retry_after(reply)
        if errors or wait is not None:
            return Fault(FaultKind.RATE_LIMITED, "a quota of requests is used up", wait)
        return _unavailable(status, "a standby that lags behind")
    return _unavailable(status, "", _retry_after(reply))


def _unavailable(status: int, detail: str, retry_after: float | None = None) -> Fault:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        detail = "a redirect, which is not followed: `address` must be the server itself"
    detail = detail or _STATUS.get(status, "an error of the server")
    return Fault(FaultKind.UNAVAILABLE, f"{detail} (HTTP {status})", retry_after)


def _not_found(tree: dict[str, object], errors: list[str] | None) -> Fault:
    data = tree.get("data")
    metadata = data.get("metadata") if isinstance(data, dict) else None
    if isinstance(metadata, dict):
        destroyed = metadata.get("destroyed") is True
        return Fault(FaultKind.GONE, "destroyed" if destroyed else "deleted")
    if errors:
        return Fault(FaultKind.NO_ROUTE, _hint(errors, "there is no such mount or path"))
    if tree.get("warnings"):
        return Fault(FaultKind.OTHER_VERSION, "a path of the other KV version")
    if errors == []:
        return Fault(FaultKind.EMPTY, "not found")
    return _unavailable(HTTPStatus.NOT_FOUND, "not an answer of Vault (a proxy's?)")


def _errors(tree: dict[str, object]) -> list[str] | None:
    errors = tree.get("errors")
    return [str(error).lower() for error in errors] if isinstance(errors, list) else None


def _hint(errors: list[str], otherwise: str) -> str:
    text = " ".join(errors)
    return next((hint for needle, hint in _HINTS if needle in text), otherwise)


def _retry_after(reply: Reply) -> float | None:
    text = (reply.retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
