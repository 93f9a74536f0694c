"""The servers: vault and Entra on one HTTPS port, a node's identities on an HTTP port."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from tests.harness.azure.entra import JSON, Application, Entra
from tests.harness.azure.tokens import Tokens, claims_of
from tests.harness.azure.vault import Vault
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.tls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.fault_http import Handler
    from tests.harness.tls import CertificateAuthority

TOKEN_ENDPOINT: Final = "/oauth2/v2.0/token"
DISCOVERY: Final = "/openid-configuration"
AUTHORISED: Final = "authorization"
"""Header of a request that shows a token, as `Seen` has it."""


class AzureServer(ScriptedServer):
    """A vault and the tenant that it belongs to. Rules of the scripted server come before both."""

    def __init__(self, authority: CertificateAuthority, hosts: Sequence[str] = LOOPBACK) -> None:
        """Listens at once, with a certificate of `authority` for these hosts."""
        super().__init__(authority, hosts)
        tenant = str(uuid.uuid4())
        # The SDK wants the vault's host to be in the domain that the challenge names, port included: a real
        # vault is ml.vault.azure.net, and its challenge says https://vault.azure.net. Ours is 127.0.0.1.
        domain = self.url.removeprefix("https://127.")
        self.tokens = Tokens(tenant)
        self.entra = Entra(self.url, self.tokens)
        self.vault = Vault(self.url, f"https://{domain}", f"{self.url}/{tenant}", self.tokens)

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.tokens.tenant

    def pose_as(self, vault: str, login: str) -> None:
        """Answer as a vault of a cloud does, whose tokens come from `login`; both are host names."""
        domain = vault.partition(".")[2]
        self.entra.host = f"https://{login}"
        self.vault.url = f"https://{vault}"
        self.vault.resource = f"https://{domain}"
        self.vault.authority = f"https://{login}/{self.tenant}"

    def application(self, *secrets: str) -> str:
        """Register an application with these client secrets; return its client id."""
        client_id = str(uuid.uuid4())
        self.entra.applications[client_id] = Application(set(secrets))
        return client_id

    def reads(self, name: str = "") -> int:
        """How many requests for secrets came that showed a token."""
        return sum(AUTHORISED in request.headers for request in self.seen(f"^/secrets/{name}"))

    def challenges(self) -> int:
        """How many came without one."""
        return sum(AUTHORISED not in request.headers for request in self.seen("^/secrets"))

    def logins(self) -> int:
        """How many tokens were asked for."""
        return len(self.seen(TOKEN_ENDPOINT))

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        authorization = handler.headers.get("Authorization", "")
        reply = self.vault.reply(handler.command, handler.path, authorization)
        return reply or self.entra.reply(urlsplit(handler.path).path, body) or Reply(404)


class NodeIdentities(ScriptedServer):
    """What gives tokens to a node's or an App Service's identities; plain HTTP, as there.

    Source: "How to use managed identities for Azure resources to acquire an access token" (IMDS);
    "How to use managed identities for App Service and Azure Functions" (`IDENTITY_ENDPOINT`).
    """

    def __init__(self, tokens: Tokens, *, system: str | None = None) -> None:
        """Listens at once; `system` is the client id of the system-assigned identity."""
        self._tokens = tokens
        self.system = system
        self.user_assigned: dict[str, str] = {}
        """Client id or resource id → client id."""
        self.header = uuid.uuid4().hex
        super().__init__()

    @property
    def endpoint(self) -> str:
        """`IDENTITY_ENDPOINT` of an App Service."""
        return f"{self.url}/msi/token"

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/metadata/identity/oauth2/token":
            asked_well = handler.headers.get("Metadata") == "true"
        else:
            asked_well = (
                parts.path == "/msi/token" and handler.headers.get("X-IDENTITY-HEADER") == self.header
            )
        if not asked_well:
            return _refused(400, "Required metadata header not specified")
        wanted = next((query[key] for key in _WHICH if key in query), None)
        client_id = self.user_assigned.get(wanted) if wanted is not None else self.system
        if client_id is None:
            return _refused(400, "Identity not found")
        seconds = str(self._tokens.seconds)
        token = self._tokens.give(client_id, query["resource"])
        content = {
            "access_token": token,
            "client_id": client_id,
            "expires_in": seconds,
            "expires_on": str(_expiry(token)),
            "resource": query["resource"],
            "token_type": "Bearer",
        }
        return Reply(200, json.dumps(content).encode(), JSON)


_WHICH: Final = ("client_id", "msi_res_id", "mi_res_id", "object_id")


def _refused(status: int, description: str) -> Reply:
    body = {"error": "invalid_request", "error_description": description}
    return Reply(status, json.dumps(body).encode(), JSON)


def _expiry(token: str) -> int:
    return int(claims_of(token)["exp"])
