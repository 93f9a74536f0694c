"""Secret Manager on loopback, with TLS and logins, as the contract and the tests use it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import grpc

from syncd.model.secret import SecretRef, StoreName, canonical_json
from syncd.stores.gcp.adapter import GcpStore
from syncd.stores.gcp.settings import GcpSettings
from syncd.testing.stores import Failure
from tests.harness.gcp.grpc_server import GrpcServer
from tests.harness.gcp.model import ApiError, SecretManager, info, retry_in
from tests.harness.gcp.rest_server import RestServer
from tests.harness.gcp.token_services import TokenServices
from tests.harness.gcp.tokens import Tokens
from tests.integration.stores.rig import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from syncd.stores.interface import Fetched
    from tests.harness.fault_http import ScriptedServer
    from tests.harness.gcp.connect_proxy import ConnectProxy
    from tests.harness.tls import CertificateAuthority

NAME = StoreName("gcp")
PROJECT = "ml-prod"
SOON = 20.0
Transport: TypeAlias = Literal["grpc", "rest"]
Code = grpc.StatusCode

ERRORS = {
    Failure.ERROR: ApiError(Code.INTERNAL, "Internal error encountered."),
    Failure.THROTTLE: ApiError(
        Code.RESOURCE_EXHAUSTED, "Quota exceeded.", info("RATE_LIMIT_EXCEEDED"), retry_in(3)
    ),
    Failure.THROTTLE_SILENTLY: ApiError(Code.RESOURCE_EXHAUSTED, "Quota exceeded."),
}


@dataclass(slots=True)
class Google:
    """Secret Manager over one wire, the services that give tokens, and what a pod's environment says."""

    model: SecretManager
    tokens: Tokens
    services: TokenServices
    server: GrpcServer | RestServer
    transport: Transport
    folder: Path
    environment: pytest.MonkeyPatch
    around: Surroundings = field(default_factory=Surroundings)
    stores: list[GcpStore] = field(default_factory=list)
    pages: list[ScriptedServer] = field(default_factory=list)
    """Further servers."""
    proxies: list[ConnectProxy] = field(default_factory=list)

    @classmethod
    def start(
        cls, transport: Transport, authority: CertificateAuthority, folder: Path, patch: pytest.MonkeyPatch
    ) -> Google:
        """With TLS, and workload identity federation as the application default credentials."""
        tokens = Tokens()
        model = SecretManager(tokens)
        server: GrpcServer | RestServer
        server = (GrpcServer if transport == "grpc" else RestServer)(model, authority)
        services = TokenServices(tokens)
        google = cls(model, tokens, services, server, transport, folder, patch)
        google.trust(authority)
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(services.external_account(folder)))
        return google

    def trust(self, authority: CertificateAuthority | None) -> None:
        """Let the environment name this authority, or none."""
        for name in ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE"):
            if authority is None:
                self.environment.delenv(name)
            else:
                self.environment.setenv(name, str(authority.file))

    def store(self, **settings: Any) -> GcpStore:
        """A store as the mapping would configure it."""
        part = GcpSettings.model_validate(
            {"project": PROJECT, "transport": self.transport, "endpoint": self.server.url, **settings}
        )
        store = GcpStore(NAME, part, self.around.context(), 8)
        self.stores.append(store)
        return store

    def logins(self) -> int:
        """How many tokens were asked for."""
        return len(self.services.seen())

    def close(self) -> None:
        """Stop everything."""
        for store in self.stores:
            store.close()
        self.server.close()
        self.services.close()
        for page in self.pages:
            page.close()
        for proxy in self.proxies:
            proxy.close()


def port_of(url: str) -> int:
    """The port of a server on loopback."""
    return int(url.rpartition(":")[2])


def read(store: GcpStore, secret: str, version: str | None = None, *, within: float = SOON) -> Fetched:
    """One fetch."""
    ref = SecretRef(NAME, secret, version)
    return store.fetch([ref], deadline=time.monotonic() + within)[ref]


@dataclass(slots=True)
class GcpRig:
    """One project as the contract uses it."""

    google: Google
    store: GcpStore
    largest: ClassVar[int] = 64 * 1024
    unusual: ClassVar[Sequence[str]] = ("A_b-9", "0", "-", "a" * 255)
    no_names: ClassVar[Sequence[str]] = (
        "",
        "../other",
        "a/b",
        "a.b",
        "pässwörd",
        "a" * 256,
        "a/versions/1",
        "projects/ml-prod/secrets/a/versions/1",
        "projects/ml-prod/locations/europe-west6/secrets/a",
        "projects/../secrets/a",
    )
    no_version: ClassVar[str] = "999"

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """A secret of the project."""
        return SecretRef(NAME, name, version)

    def put(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Add a version with a JSON object."""
        return self.put_value(name, canonical_json(dict(values)))

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """Secret Manager has no properties of its own."""
        raise AssertionError(name, sorted(values))

    def put_value(self, name: str, value: bytes) -> str | None:
        """Add a version."""
        return self.google.model.put(name, value)

    def take_away(self, name: str, version: str) -> None:
        """Disable a version."""
        self.google.model.set_state(name, version, "DISABLED")

    def deny(self, name: str) -> None:
        """Take the right to access it."""
        self.google.model.deny("access", name)

    def forget_login(self) -> None:
        """Revoke every token; new ones can be had."""
        self.google.tokens.revoke()

    def fail(self, how: Failure) -> None:
        """Fail from now on."""
        match how:
            case Failure.STOP:
                self.google.server.close()
            case Failure.HANG:
                self.google.model.hang.set()
            case Failure.DISTRUSTED:
                self.google.trust(None)
            case Failure.UNKNOWN_TO_IT:
                self.google.tokens.nobody = True
            case _:
                self.google.model.fault = ERRORS[how]
