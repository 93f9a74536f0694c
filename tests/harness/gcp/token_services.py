"""Who gives tokens besides the metadata server, on one loopback address.

`/v1/token`: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token (federation).
`/token`: https://developers.google.com/identity/protocols/oauth2/web-server#offline.
`:generateAccessToken`: https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.harness.fault_http import Handler, Reply, ScriptedServer
from tests.harness.tls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.harness.gcp.tokens import Tokens
    from tests.harness.tls import CertificateAuthority

POOL = "projects/1/locations/global/workloadIdentityPools/p"
FEDERATED = f"principal://iam.googleapis.com/{POOL}/subject/syncd"
PERSON = "person@example.com"
_IMPERSONATE = re.compile(r"/v1/projects/-/serviceAccounts/(?P<account>[^/:]+):generateAccessToken")
_JSON = {"Content-Type": "application/json"}


class TokenServices(ScriptedServer):
    """The security token service, OAuth's token endpoint, and IAM Credentials."""

    def __init__(
        self,
        tokens: Tokens,
        authority: CertificateAuthority | None = None,
        hosts: Sequence[str] = LOOPBACK,
    ) -> None:
        """Give out `tokens`, with TLS where an authority is given; nobody may impersonate anybody yet."""
        self.tokens = tokens
        self.subject = "token-of-the-cluster"
        self.lifetime = 3600
        """Seconds that a token is good for."""
        self._allowed: set[tuple[str, str]] = set()
        super().__init__(authority, hosts)

    def allow(self, who: str, target: str) -> None:
        """Grant roles/iam.serviceAccountTokenCreator on `target` to `who`."""
        self._allowed.add((who, target))

    def external_account(self, folder: Path, **more: object) -> Path:
        """Write a file for workload identity federation, with a token file beside it.

        Form: https://cloud.google.com/iam/docs/workload-download-cred-and-grant-access
        """
        token = folder / "subject-token"
        token.write_text(self.subject)
        file = folder / "external-account.json"
        content = {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{POOL}/providers/c",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {"file": str(token)},
            **more,
        }
        file.write_text(json.dumps(content))
        return file

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        path = urlsplit(handler.path).path
        impersonated = _IMPERSONATE.fullmatch(path)
        if impersonated is not None:
            bearer = handler.headers.get("Authorization", "").removeprefix("Bearer ")
            return self._impersonate(impersonated["account"], bearer, json.loads(body))
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if path == "/v1/token":
            if form.get("subject_token") != self.subject:
                return _oauth(400, "invalid_grant")
            return self._token(FEDERATED)
        if path == "/token":
            known = form.get("grant_type") == "refresh_token" and form.get("refresh_token") == self.subject
            return self._token(PERSON) if known else _oauth(400, "invalid_grant")
        return Reply(404)

    def _impersonate(self, account: str, bearer: str, body: dict[str, list[str]]) -> Reply:
        who = self.tokens.account(bearer, "https://www.googleapis.com/auth/iam")
        if who is None:
            return _api(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        # The account of each link, by e-mail address or as projects/-/serviceAccounts/ADDRESS.
        delegates = [name.rpartition("/")[2] for name in body.get("delegates") or []]
        links = [who, *delegates, account]
        if any(pair not in self._allowed for pair in pairwise(links)):
            return _api(
                403, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource"
            )
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.lifetime)
        answer = {
            "accessToken": self.tokens.issue(account),
            "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Reply(200, json.dumps(answer).encode(), _JSON)

    def _token(self, account: str) -> Reply:
        answer = {
            "access_token": self.tokens.issue(account),
            "expires_in": self.lifetime,
            "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }
        return Reply(200, json.dumps(answer).encode(), _JSON)


def _oauth(status: int, error: str) -> Reply:
    return Reply(status, json.dumps({"error": error, "error_description": "refused"}).encode(), _JSON)


def _api(status: int, word: str, message: str) -> Reply:
    return Reply(
        status, json.dumps({"error": {"code": status, "message": message, "status": word}}).encode(), _JSON
    )
