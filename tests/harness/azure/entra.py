"""Microsoft Entra, as far as an application without a user asks it for tokens.

Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow" (request by secret, by
certificate, by federated credential; error response), "Microsoft identity platform application
authentication certificate credentials" (`x5t`), "Microsoft Entra authentication and authorization error
codes", "OpenID Connect on the Microsoft identity platform" (discovery document).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.harness.azure.tokens import claims_of, decode, header_of, signed_by
from tests.harness.fault_http import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from tests.harness.azure.tokens import Cluster, Tokens

JSON: Final[Mapping[str, str]] = {"Content-Type": "application/json; charset=utf-8"}
BY_TOKEN: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(slots=True)
class Application:
    """An application; what it may log in with."""

    secrets: set[str] = field(default_factory=set)
    certificates: list[x509.Certificate] = field(default_factory=list)
    federated: list[tuple[Cluster, str]] = field(default_factory=list)
    """Cluster and subject of each federated credential."""


@dataclass(slots=True)
class Refusal(Exception):
    """What Entra answers instead of a token: HTTP status, OAuth error, and the number after `AADSTS`."""

    status: int
    error: str
    code: int
    description: str

    def reply(self) -> Reply:
        """The answer, as Entra writes it."""
        text = f"AADSTS{self.code}: {self.description} Trace ID: 0 Correlation ID: 0 Timestamp: 2024-01-01"
        body = {"error": self.error, "error_description": text, "error_codes": [self.code], "trace_id": "0"}
        return Reply(self.status, json.dumps(body).encode(), JSON)


@dataclass(slots=True)
class Entra:
    """One tenant. `host` is its address, without a path."""

    host: str
    tokens: Tokens
    applications: dict[str, Application] = field(default_factory=dict)

    def reply(self, path: str, body: bytes) -> Reply | None:
        """The answer of discovery or of the token endpoint; None for what is neither.

        Source of "instance discovery": MSAL, which asks its well-known hosts which names belong together.
        """
        tenant, _, rest = path.strip("/").partition("/")
        if path == "/common/discovery/instance":
            return Reply(200, json.dumps(self._instances()).encode(), JSON)
        if rest not in {"v2.0/.well-known/openid-configuration", "oauth2/v2.0/token"}:
            return None
        try:
            self._must_be_known(tenant)
            content = self._token(body) if rest.endswith("token") else self._discovery()
        except Refusal as refusal:
            return refusal.reply()
        return Reply(200, json.dumps(content).encode(), JSON)

    def _must_be_known(self, tenant: str) -> None:
        if tenant != self.tokens.tenant:
            raise Refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")

    def _instances(self) -> dict[str, object]:
        host = self.host.removeprefix("https://")
        aliases = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
        return {"tenant_discovery_endpoint": f"{self.host}/common/v2.0", "metadata": aliases}

    def _discovery(self) -> dict[str, object]:
        base = f"{self.host}/{self.tokens.tenant}"
        return {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
        }

    def _token(self, body: bytes) -> dict[str, object]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            raise Refusal(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        client_id = form.get("client_id", "")
        application = self.applications.get(client_id)
        if application is None:
            raise Refusal(400, "unauthorized_client", 700016, f"Application '{client_id}' was not found.")
        if "client_secret" in form:
            self._check_secret(application, form["client_secret"])
        elif form.get("client_assertion_type") == BY_TOKEN:
            self._check_assertion(application, client_id, form["client_assertion"])
        else:
            raise Refusal(401, "invalid_client", 7000218, "The request must contain a credential.")
        scope = form.get("scope", "").split()[0]
        if not scope.endswith("/.default"):
            raise Refusal(400, "invalid_scope", 70011, "The provided value for scope is not valid.")
        token = self.tokens.give(client_id, scope.removesuffix("/.default"))
        seconds = self.tokens.seconds
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }

    def _check_secret(self, application: Application, secret: str) -> None:
        if secret not in application.secrets:
            raise Refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")

    def _check_assertion(self, application: Application, client_id: str, assertion: str) -> None:
        claims = claims_of(assertion)
        if claims.get("iss") != client_id:
            self._check_federated(application, assertion, claims)
            return
        header = header_of(assertion)
        for certificate in application.certificates:
            key = certificate.public_key()
            prints = {
                "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303  # the name of a key, no protection
                "x5t#S256": certificate.fingerprint(hashes.SHA256()),
            }
            named = any(name in header and decode(header[name]) == value for name, value in prints.items())
            if named and isinstance(key, rsa.RSAPublicKey) and signed_by(assertion, key):
                return
        raise Refusal(401, "invalid_client", 700027, "The certificate is not registered on application.")

    def _check_federated(
        self, application: Application, assertion: str, claims: Mapping[str, object]
    ) -> None:
        by_issuer = [
            (cluster, sub) for cluster, sub in application.federated if cluster.issuer == claims.get("iss")
        ]
        if not by_issuer:
            raise Refusal(401, "invalid_client", 700211, "No matching federated identity record: issuer.")
        if claims.get("aud") != ["api://AzureADTokenExchange"]:
            raise Refusal(401, "invalid_client", 700212, "No matching federated identity record: audience.")
        fitting = [cluster for cluster, subject in by_issuer if subject == claims.get("sub")]
        if not fitting:
            raise Refusal(401, "invalid_client", 700213, "No matching federated identity record: subject.")
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires < time.time():
            raise Refusal(401, "invalid_client", 700024, "Client assertion is not within its valid time.")
        if not any(signed_by(assertion, cluster.public_key) for cluster in fitting):
            raise Refusal(401, "invalid_client", 700027, "The signature of the assertion is not valid.")
