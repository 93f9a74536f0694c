"""One login of an SDK's credential, on clocks that the test turns."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.model.secret import StoreName
from syncd.stores.azure.identity import Method
from syncd.stores.azure.login import Login
from syncd.stores.azure.login_error import login_error
from syncd.stores.connection import by
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from azure.core.credentials import SupportsTokenInfo, TokenRequestOptions

    from syncd.model.events import Event

SCOPE = "https://vault.azure.net/.default"
NOON = 1_700_000_000.0


@dataclass(slots=True)
class Tenant:
    """Gives tokens of this many seconds, or raises `failure`; remembers what was asked."""

    seconds: int = 3600
    refresh_in: int | None = None
    failure: Exception | None = None
    made: int = 0
    asked: list[TokenRequestOptions] = field(default_factory=list)
    fresh: bool = False
    clock: Time = field(default_factory=lambda: Time(NOON))
    events: list[Event] = field(default_factory=list)

    def make(self) -> SupportsTokenInfo:
        """A credential of the SDK's protocol."""
        self.made += 1
        return cast("SupportsTokenInfo", self)

    def get_token_info(self, *scopes: str, options: TokenRequestOptions) -> AccessTokenInfo:
        """What the SDK's credentials do."""
        assert scopes == (SCOPE,)
        self.asked.append(options)
        if self.failure is not None:
            raise self.failure
        now = int(self.clock.now)
        refresh_on = None if self.refresh_in is None else now + self.refresh_in
        return AccessTokenInfo(f"token-{len(self.asked)}", now + self.seconds, refresh_on=refresh_on)

    def changed(self) -> bool:
        """Whether what the credential was made of has changed."""
        changed, self.fresh = self.fresh, False
        return changed

    def login(self, *, own_tenant: bool = True) -> Login:
        """A login by this method; both its clocks are ours."""
        method = Method("by hand", self.make, (self,), own_tenant=own_tenant)
        wall = self.clock.clock().now
        return Login(StoreName("kv"), method, self.clock.clock(), self.events.append, wall)


def ask(login: Login, **options: Any) -> str:
    """Ask for a token, as the SDK does; return its text."""
    wanted: Any = options
    with by(time.monotonic() + 5.0):
        return login.get_token_info(SCOPE, options=wanted).token


def refusal(login: Login) -> StoreError:
    """Ask, and return why there is none."""
    with pytest.raises(StoreError) as caught:
        ask(login)
    return caught.value


def test_token_is_kept_until_shortly_before_its_end() -> None:
    """One token serves until five minutes before its end."""
    tenant = Tenant()
    login = tenant.login()
    assert ask(login) == ask(login) == "token-1"
    tenant.clock.now += 3299
    assert ask(login) == "token-1"
    tenant.clock.now += 2
    assert ask(login) == "token-2"


def test_token_is_renewed_when_it_says_so() -> None:
    """A token that names the time of its renewal is renewed then."""
    tenant = Tenant(seconds=86_400, refresh_in=43_200)
    login = tenant.login()
    ask(login)
    tenant.clock.now += 43_201
    assert ask(login) == "token-2"


def test_token_of_a_minute_is_not_asked_for_at_every_read() -> None:
    """A token that ends within five minutes is kept for half a minute at a time."""
    tenant = Tenant(seconds=60)
    login = tenant.login()
    ask(login)
    tenant.clock.now += 29
    assert ask(login) == "token-1"
    tenant.clock.now += 2
    assert ask(login) == "token-2"


@pytest.mark.parametrize("failure", [ClientAuthenticationError("AADSTS7000222"), ServiceRequestError("down")])
def test_renewal_that_fails(failure: Exception) -> None:
    """While renewing fails the token serves to its very end, and is renewed as soon as that can be."""
    tenant = Tenant()
    login = tenant.login()
    ask(login)
    tenant.failure = failure
    tenant.clock.now += 3400
    assert ask(login) == ask(login) == "token-1"
    assert len(tenant.asked) == 2
    tenant.clock.now += 201
    assert isinstance(refusal(login), StoreError)
    tenant.failure = None
    tenant.clock.now += 61
    assert ask(login).startswith("token-")


def test_claims_are_the_vaults_word_that_a_token_does_not_do() -> None:
    """With claims a new token is asked for, and they are passed on."""
    tenant = Tenant()
    login = tenant.login()
    ask(login)
    assert ask(login, claims="{}") == "token-2"
    assert tenant.asked[-1].get("claims") == "{}"


@pytest.mark.parametrize(("own_tenant", "asked"), [(True, None), (False, "theirs")])
def test_tenant_of_the_vault(*, own_tenant: bool, asked: str | None) -> None:
    """A login with a tenant of its own asks there; the SDK's chain asks where the vault says."""
    tenant = Tenant()
    login = tenant.login(own_tenant=own_tenant)
    ask(login, tenant_id="theirs")
    assert tenant.asked[-1].get("tenant_id") == asked
    assert login.vaults_tenant == "theirs"


def test_refused_login_is_not_tried_at_every_read() -> None:
    """After a refusal the next login is 5, 15, then 60 seconds later, with a credential of its own."""
    tenant = Tenant(failure=ClientAuthenticationError("AADSTS7000215: canary"))
    login = tenant.login()
    for pause in (5, 15, 60, 60):
        made = tenant.made
        for _ in range(3):
            error = refusal(login)
            assert isinstance(error, AuthenticationFailed)
            assert error.retry_after == pause
            assert f"next login in {pause} s" in error.message
            assert "canary" not in error.message
        assert tenant.made == made + 1
        tenant.clock.now += pause
    tenant.failure = None
    assert ask(login).startswith("token-")


def test_change_ends_the_pause() -> None:
    """A login whose secret has changed is tried at once."""
    tenant = Tenant(failure=ClientAuthenticationError("AADSTS7000215"))
    login = tenant.login()
    refusal(login)
    tenant.failure, tenant.fresh = None, True
    assert ask(login) == "token-2"


def test_change_drops_the_token() -> None:
    """A login whose secret has changed is made anew, though its token is still good."""
    tenant = Tenant()
    login = tenant.login()
    login.look()
    ask(login)
    login.look()
    assert ask(login) == "token-1"
    tenant.fresh = True
    login.look()
    assert ask(login) == "token-2"
    assert (tenant.made, login.generation) == (2, 1)


def test_rejected_token_is_replaced_once_at_once() -> None:
    """The first token that the vault rejects is replaced at once, the next ones after a pause."""
    tenant = Tenant()
    login = tenant.login()
    ask(login)
    login.rejected(0)
    login.rejected(0)
    assert ask(login) == "token-2"
    login.rejected(1)
    error = refusal(login)
    assert "the vault does not take its tokens" in error.message
    tenant.clock.now += 5
    assert ask(login) == "token-3"
    login.accepted(login.generation)
    login.rejected(login.generation)
    assert ask(login) == "token-4"


def test_thread_that_waits_too_long_for_another() -> None:
    """A thread gives up at its deadline, while another one logs in."""
    tenant = Tenant()
    login = tenant.login()
    held, done = threading.Event(), threading.Event()

    def make() -> SupportsTokenInfo:
        held.set()
        done.wait(10.0)
        return tenant.make()

    slow = Login(StoreName("kv"), Method("slow", make), tenant.clock.clock(), tenant.events.append)
    thread = threading.Thread(target=ask, args=(slow,))
    thread.start()
    held.wait(10.0)
    with by(time.monotonic() + 0.05), pytest.raises(StoreUnavailable, match="no login before the deadline"):
        slow.get_token_info(SCOPE)
    done.set()
    thread.join(10.0)
    assert login.token() is None
    assert slow.token() == "token-1"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            ClientAuthenticationError("AADSTS7000222: canary"),
            AuthenticationFailed,
            "AADSTS7000222: the client secret",
        ),
        (
            ClientAuthenticationError("AADSTS4040404: canary"),
            AuthenticationFailed,
            "AADSTS4040404: see Microsoft",
        ),
        (ClientAuthenticationError("AADSTS90033: canary"), StoreUnavailable, "no token"),
        (CredentialUnavailableError("canary"), AuthenticationFailed, "not set up here"),
        (
            ClientAuthenticationError("X failed to retrieve a token from the included credentials. canary"),
            AuthenticationFailed,
            "none of its logins",
        ),
        (
            FileNotFoundError(2, "canary", "/var/run/token"),
            AuthenticationFailed,
            "/var/run/token cannot be read",
        ),
        (ValueError("canary"), StoreMisconfigured, "settings"),
        (KeyError("canary"), StoreUnavailable, "no token"),
        (ConnectionResetError("canary"), StoreUnavailable, "the connection broke"),
    ],
    ids=lambda value: str(getattr(value, "__name__", value))[:40],
)
def test_what_a_failed_login_means(error: Exception, kind: type[StoreError], words: str) -> None:
    """Each way to fail has its reason, and nothing of its text but Entra's code."""
    said = login_error(error, "by hand")
    assert type(said) is kind
    assert words in said.message
    assert "by hand" in said.message
    assert "canary" not in said.message
