"""What a way of logging in to Vault is, and what a login gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from syncd.model.errors import AuthenticationFailed, RateLimited, StoreMisconfigured, StoreUnavailable
from syncd.model.secret import SecretValue
from syncd.stores.vault.errors import Fault, FaultKind

if TYPE_CHECKING:
    from syncd.stores.vault.session import Answer, VaultSession

PAUSES: Final = (5.0, 15.0, 60.0)
"""Seconds before the next login after refused ones in a row; the last pause stays."""

PAUSES_OF_LOCKING: Final = (60.0, 300.0, 960.0)
"""The same where Vault locks a role or user: after five refused logins that are close to each other."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token; good for `seconds` (None: for ever, or not known). `ours`: we got it, we may give it back."""

    token: SecretValue
    seconds: float | None = None
    renewable: bool = False
    ours: bool = True
    policies: tuple[str, ...] = ()


class Method(Protocol):
    """One way of logging in, configured. Its text names it for messages."""

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds before the next login after refused ones in a row; the last pause stays."""
        ...

    def login(self, session: VaultSession, deadline: float) -> Grant:
        """Log in anew.

        Raises:
            AuthenticationFailed: when Vault refuses, or what to log in with is not there.
            StoreError: what else can go wrong with a request.

        """
        ...

    def changed(self) -> bool:
        """Tell whether what to log in with is another than at the last login."""
        ...


def granted(answer: Answer, method: Method, *, refused: str = "") -> Grant:
    """Take the token out of the answer of a login; `refused` says what a bare refusal can mean.

    Raises:
        AuthenticationFailed, StoreMisconfigured, RateLimited, StoreUnavailable: by what the answer means.

    """
    if isinstance(answer, Fault):
        raise_login_fault(answer, method, refused=refused)
    auth = answer.get("auth")
    token = auth.get("client_token") if isinstance(auth, dict) else None
    if (
        not isinstance(auth, dict)
        or not isinstance(token, str)
        or not isinstance(auth.get("lease_duration"), int)
    ):
        raise StoreUnavailable(f"{method}: the login was answered without a token")
    if not token:
        raise AuthenticationFailed(f"{method}: Vault asks for a second factor, which syncd has not")
    policies = auth.get("policies")
    return Grant(
        token=SecretValue(token.encode()),
        seconds=float(auth["lease_duration"]) or None,
        renewable=auth.get("renewable") is True,
        policies=tuple(str(policy) for policy in policies) if isinstance(policies, list) else (),
    )


def raise_login_fault(fault: Fault, method: Method, *, refused: str = "") -> NoReturn:
    """Translate the fault of a login."""
    if fault.kind is FaultKind.UNAVAILABLE:
        raise StoreUnavailable(f"{method}: {fault.detail}", retry_after=fault.retry_after)
    if fault.kind is FaultKind.RATE_LIMITED:
        raise RateLimited(f"{method}: {fault.detail}", retry_after=fault.retry_after)
    if fault.kind is FaultKind.NO_ROUTE:
        raise StoreMisconfigured(f"{method}: {fault.detail}")
    if fault.kind is FaultKind.REFUSED or not refused:
        raise AuthenticationFailed(f"{method}: {fault.detail}")
    raise AuthenticationFailed(
        f"{method}: {fault.detail}: {refused}, or there is no auth method mounted there"
    )
