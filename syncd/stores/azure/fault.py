"""What an answer of Key Vault means, by status and error code: the one place that reads its errors.

Source of the codes: the REST reference ("Get Secret"), "Azure Key Vault REST API error codes", and "Access
denied" troubleshooting pages. No text of an answer is kept: it can quote the request, or be a proxy's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import HttpResponseError

from syncd.stores.azure.login_error import CA
from syncd.stores.transport_error import explain, is_transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FaultKind(Enum):
    """What kind of no an answer was."""

    MISSING = auto()
    """404 `SecretNotFound`: no such secret or version, or a deleted one."""
    GONE = auto()
    """Disabled, or about to be deleted or recovered."""
    EXPIRED = auto()
    """The vault keeps back what has expired; Key Vault itself gives it out."""
    FIREWALL = auto()
    """The vault does not listen to where we are."""
    DENIED = auto()
    """We are known, and may not."""
    TOKEN = auto()
    """401, also for the token that we just got: the vault does not know us (any more)."""
    REFUSED = auto()
    """400: the request is wrong in the vault's eyes."""
    FOREIGN = auto()
    """The vault asks for tokens of a domain that it is not in."""
    RATE_LIMITED = auto()
    """429."""
    UNAVAILABLE = auto()
    """Everything that is not the vault's own word on the request: network, TLS, 5xx, redirects, HTML."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no success; `detail` in our words, `retry_after` in seconds."""

    kind: FaultKind
    detail: str
    retry_after: float | None = None


_NOT_THE_VAULTS: Final = "not an answer of a vault (a proxy's?)"
_FORBIDDEN: Final = {
    "ForbiddenByFirewall": (
        FaultKind.FIREWALL,
        "the vault's firewall does not let us in: add where the cluster's requests come from to its networks",
    ),
    "ForbiddenByConnection": (
        FaultKind.FIREWALL,
        "the vault's firewall does not let us in: public access is off, use its private endpoint",
    ),
    "ForbiddenByRbac": (
        FaultKind.DENIED,
        'the identity lacks the role "Key Vault Secrets User" on the vault (a new one takes minutes)',
    ),
    "AccessDenied": (
        FaultKind.DENIED,
        "the vault's access policies do not give the identity the secret permission `get`",
    ),
    "ForbiddenByPolicy": (
        FaultKind.DENIED,
        "the vault's access policies do not give the identity the secret permission `get`",
    ),
    "SecretDisabled": (FaultKind.GONE, "disabled in the vault"),
}
_CONFLICTS: Final = {
    "ObjectIsBeingDeleted": "being deleted in the vault",
    "ObjectIsBeingRecovered": "being recovered in the vault",
    "ObjectIsDeletedButRecoverable": "deleted in the vault, and recoverable",
}
_SAID: Final = tuple(
    (status, re.compile(pattern, re.IGNORECASE), kind, detail)
    for status, pattern, kind, detail in (
        (403, "on a disabled secret", FaultKind.GONE, "disabled in the vault"),
        (404, "on a disabled entity", FaultKind.GONE, "disabled in the vault"),
        (403, "before the secret's nbf", FaultKind.GONE, "not valid yet: its activation date is to come"),
        (403, "on an expired secret", FaultKind.EXPIRED, "it has expired, and the vault keeps it back"),
        (404, "^(entity|key|secret) not found: ", FaultKind.MISSING, "not found"),
        (404, "^could not find [0-9a-z-]+ in vault", FaultKind.MISSING, "not found"),
        (404, "^vault not found", FaultKind.FOREIGN, "there is no such vault; is vaultUrl right?"),
    )
)
"""Where a code leaves it open: vaults that are not Microsoft's have other codes, and say it in the message.

A name has no blanks, so that none can look like these.
"""


def fault_of(error: BaseException) -> Fault:
    """Classify what the SDK raised for a request to the vault."""
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _answered(error, error.status_code)
    if is_transport(error):
        return Fault(FaultKind.UNAVAILABLE, explain(error, see=CA))
    if isinstance(error, ValueError) and "challenge" in str(error):
        return Fault(
            FaultKind.FOREIGN,
            "it asks for tokens of a domain that vaultUrl is not in, and gets none; is vaultUrl right?"
            " Where a private cloud's vaults really do so, set verifyChallengeResource: false",
        )
    return Fault(FaultKind.UNAVAILABLE, _NOT_THE_VAULTS)


def _answered(error: HttpResponseError, status: int) -> Fault:
    codes = list(_codes(error))
    wait = _retry_after(getattr(error.response, "headers", {}))
    if status == HTTPStatus.UNAUTHORIZED:
        return Fault(FaultKind.TOKEN, "it does not take our tokens")
    if codes:
        return _own_word(status, codes, wait) or _by_text(status, error, wait)
    return _by_status(status, wait)


def of_status(status: int, headers: Mapping[str, str]) -> Fault:
    """Classify an answer to a question without a token, whose body nobody needs."""
    return _by_status(status, _retry_after(headers))


def _by_status(status: int, wait: float | None) -> Fault:
    if status == HTTPStatus.TOO_MANY_REQUESTS and wait is not None:
        return Fault(FaultKind.RATE_LIMITED, "throttled", wait)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _unavailable(
            status, "a redirect, which is not followed: `vaultUrl` must be the vault itself", wait
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unavailable(status, "an error of the server, or of a proxy before it", wait)
    return _unavailable(status, _NOT_THE_VAULTS, wait)


def _own_word(status: int, codes: list[str], wait: float | None) -> Fault | None:
    if status == HTTPStatus.NOT_FOUND and codes[0] == "SecretNotFound":
        return Fault(FaultKind.MISSING, "not found")
    if status == HTTPStatus.FORBIDDEN:
        return next((Fault(*_FORBIDDEN[code]) for code in codes if code in _FORBIDDEN), None)
    if status == HTTPStatus.CONFLICT and (known := [code for code in codes if code in _CONFLICTS]):
        return Fault(FaultKind.GONE, _CONFLICTS[known[0]])
    if status == HTTPStatus.BAD_REQUEST:
        return Fault(
            FaultKind.REFUSED, "the vault refuses the request as invalid (its name, version, apiVersion)"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault(FaultKind.RATE_LIMITED, "throttled", wait)
    return None


def _by_text(status: int, error: HttpResponseError, wait: float | None) -> Fault:
    """Return what the vault's message says, whose code says nothing that we know; none of it is kept."""
    text = getattr(error.error, "message", None)
    if isinstance(text, str):
        for of_status, pattern, kind, detail in _SAID:
            if status == of_status and pattern.search(text):
                return Fault(kind, detail)
    if status == HTTPStatus.FORBIDDEN:
        return Fault(
            FaultKind.DENIED,
            'the vault does not allow it: the identity needs the role "Key Vault Secrets User", or an access'
            " policy with the secret permission `get`",
        )
    return _unavailable(status, "an error of the vault", wait)


def _unavailable(status: int, detail: str, wait: float | None) -> Fault:
    return Fault(FaultKind.UNAVAILABLE, f"{detail} (HTTP {status})", wait)


def _codes(error: HttpResponseError) -> Iterator[str]:
    """Return the error's code and those inside it; none when the body is not the vault's."""
    body = error.error
    if body is None or not isinstance(body.code, str) or not body.code:
        return
    yield body.code
    inner: object = body.innererror
    while isinstance(inner, dict):
        if isinstance(code := inner.get("code"), str):
            yield code
        inner = inner.get("innererror")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = str(headers.get("Retry-After", "")).strip()
    return float(text) if text.isascii() and text.isdigit() else None
