"""The metadata server of a node, as pods with workload identity see it.

https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys and
https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#metadata_server.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.harness.fault_http import Handler, Reply, ScriptedServer

if TYPE_CHECKING:
    from tests.harness.gcp.tokens import Tokens

_FLAVOR = {"Metadata-Flavor": "Google"}
_TEXT = {**_FLAVOR, "Content-Type": "application/text"}
_JSON = {**_FLAVOR, "Content-Type": "application/json"}
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"


class MetadataServer(ScriptedServer):
    """Gives tokens of one account, the same one until it is close to its end."""

    def __init__(self, tokens: Tokens, account: str) -> None:
        """Give out `tokens` of this account."""
        self._tokens = tokens
        self._account = account
        self._token = tokens.issue(account)
        self.lifetime = 3599
        """Seconds that a token is good for."""
        super().__init__()

    @property
    def environment(self) -> dict[str, str]:
        """What leads google-auth here, and past any proxy."""
        host = self.url.removeprefix("http://")
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "NO_PROXY": "127.0.0.1,localhost"}

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        if handler.headers.get("Metadata-Flavor") != "Google":
            return Reply(403)
        path = urlsplit(handler.path).path
        if path in {"/", ""}:
            return Reply(200, b"computeMetadata/", _TEXT)
        if path == "/computeMetadata/v1/project/project-id":
            return Reply(200, b"ml-prod", _TEXT)
        if path == "/computeMetadata/v1/universe/universe-domain":
            return Reply(200, b"googleapis.com", _TEXT)
        if path == f"{_ACCOUNT}/":
            about = {"aliases": ["default"], "email": self._account, "scopes": []}
            return Reply(200, json.dumps(about).encode(), _JSON)
        if path == f"{_ACCOUNT}/token":
            token = {"access_token": self._token, "expires_in": self.lifetime, "token_type": "Bearer"}
            return Reply(200, json.dumps(token).encode(), _JSON)
        return Reply(404, b"<html>Not Found</html>", _FLAVOR)
