"""What a Vault server says of itself and of our login: the steps of `syncd check`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.stores.interface import Finding
from syncd.stores.vault.auth.method import raise_login_fault
from syncd.stores.vault.errors import Fault, FaultKind

if TYPE_CHECKING:
    from syncd.model.secret import StoreName
    from syncd.stores.vault.auth.method import Method
    from syncd.stores.vault.lease import Lease
    from syncd.stores.vault.login import Login
    from syncd.stores.vault.session import VaultSession

_MINUTE: Final = 60


class _TokenUnknown(AuthenticationFailed):
    """Vault does not know the token that it was asked about."""


def reachable(store: StoreName, session: VaultSession, deadline: float) -> Finding:
    """Ask the server how it is; every state comes as 200, so that only a proxy's word can be anything else.

    Source: https://developer.hashicorp.com/vault/api-docs/system/health
    """
    try:
        return Finding("reachable", _state(session, deadline))
    except StoreError as error:
        failure = error
    return Finding("reachable", "", _of(store, failure))


def authenticated(
    store: StoreName, login: Login, method: Method, session: VaultSession, deadline: float
) -> Finding:
    """Find as whom Vault knows us; where it does not know the token that we have, log in anew, once."""
    error: StoreError
    for _ in range(2):
        try:
            lease = login.lease(deadline)
        except StoreError as failure:
            return Finding("authenticated", "", failure.with_traceback(None))
        try:
            return Finding("authenticated", _known_as(lease, method, session, deadline))
        except _TokenUnknown as failure:
            login.rejected(lease)
            error = failure
        except StoreError as failure:
            error = failure
            break
    return Finding("authenticated", "", _of(store, error))


def _of(store: StoreName, error: StoreError) -> StoreError:
    """Name the store; a new error, since the raised one keeps frames that hold the client."""
    return type(error)(f"store {store}: {error.message}", retry_after=error.retry_after)


def _known_as(lease: Lease, method: Method, session: VaultSession, deadline: float) -> str:
    answer = session.ask(lease.client.auth.token.lookup_self, deadline)
    if isinstance(answer, Fault):
        if answer.kind is FaultKind.TOKEN:
            raise _TokenUnknown(f"{method}: Vault does not know the token (any more)")
        if answer.kind is not FaultKind.DENIED:
            raise_login_fault(answer, method)
        policies = ", ".join(lease.grant.policies) or "not known: none of them lets the token look at itself"
        return f"{method}; policies: {policies}"
    data = answer.get("data")
    if not isinstance(data, dict):
        raise StoreUnavailable(f"{method}: the question for our own token was answered without it")
    return f"{method}; known as {data.get('display_name')}; policies: {_policies(data)}; {_life(data)}"


def _state(session: VaultSession, deadline: float) -> str:
    fine = int(HTTPStatus.OK)
    client = session.of_the_server()
    answer = session.ask(
        lambda: client.sys.read_health_status(
            standby_ok=True,
            standby_code=fine,
            dr_secondary_code=fine,
            performance_standby_code=fine,
            sealed_code=fine,
            uninit_code=fine,
            method="GET",
        ),
        deadline,
    )
    if isinstance(answer, Fault):
        raise StoreUnavailable(f"sys/health: {answer.detail}", retry_after=answer.retry_after)
    if not isinstance(answer.get("sealed"), bool) or not isinstance(answer.get("version"), str):
        raise StoreUnavailable("sys/health: not an answer of Vault: `address` must be the server itself")
    if answer.get("initialized") is False:
        raise StoreUnavailable("the server is not initialised: `vault operator init`")
    if answer["sealed"]:
        raise StoreUnavailable("the server is sealed: `vault operator unseal`, or see its seal's key service")
    if answer.get("replication_dr_mode") == "secondary":
        raise StoreMisconfigured(
            "the server is a disaster recovery secondary, which serves nothing until it is promoted:"
            " `address` must be the primary"
        )
    return _shown(answer)


def _shown(health: dict[str, Any]) -> str:
    standby = "standby" if health.get("standby") else "active"
    state = "performance standby" if health.get("performance_standby") else standby
    cluster = f", cluster {health['cluster_name']}" if health.get("cluster_name") else ""
    return f"version {health['version']}, {state}{cluster}"


def _policies(data: dict[str, Any]) -> str:
    own, of_identity = data.get("policies"), data.get("identity_policies")
    names = [str(name) for policies in (own, of_identity) if isinstance(policies, list) for name in policies]
    return ", ".join(sorted(set(names))) or "none"


def _life(data: dict[str, Any]) -> str:
    seconds = data.get("ttl")
    if not isinstance(seconds, int) or seconds == 0:
        return "does not expire"
    left = f"{seconds // _MINUTE} min" if seconds >= _MINUTE else f"{seconds} s"
    return f"{left} left"
