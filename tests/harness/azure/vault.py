"""A vault: what is in it, and what it answers.

Source: Key Vault REST reference, "Get Secret", "Get Deleted Secret", "Get Secrets"; "Authentication, requests
and responses" (the bearer challenge); "Azure Key Vault REST API error codes" and "Troubleshooting Azure Key
Vault access policy issues" (403 and its inner codes); "Azure Key Vault throttling guidance" (429).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.harness.azure.entra import JSON
from tests.harness.fault_http import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.azure.tokens import Tokens

_PATH: Final = re.compile(r"/(secrets|deletedsecrets)(?:/([^/]*)(?:/([^/]*))?)?/?")
_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")


@dataclass(slots=True)
class Version:
    """One version of a secret; `attributes` are those of the REST reference (`enabled`, `nbf`, `exp`, …)."""

    value: str
    content_type: str | None
    attributes: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(slots=True)
class Vault:
    """One vault at `url`; `resource` is what its tokens have to be for, `tokens` those of its tenant."""

    url: str
    resource: str
    authority: str
    tokens: Tokens
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: dict[str, list[Version]] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    """Secret → inner code of the 403 for it (`ForbiddenByRbac`, `AccessDenied`)."""
    firewall: str | None = None
    """Inner code of the 403 for everybody (`ForbiddenByFirewall`, `ForbiddenByConnection`)."""
    lists: bool = False
    """Whether names may be listed; the role "Key Vault Secrets User" may."""

    def put(self, name: str, value: str, *, content_type: str | None = None, **attributes: object) -> str:
        """Write the next version; return its id."""
        made = int(time.time())
        kept = {
            "enabled": True,
            "created": made,
            "updated": made,
            "recoveryLevel": "Recoverable",
            **attributes,
        }
        version = Version(value, content_type, kept)
        self.secrets.setdefault(name.lower(), []).append(version)
        return version.id

    def disable(self, name: str, version: str) -> None:
        """Switch one version off."""
        self._version(self.secrets[name.lower()], version).attributes["enabled"] = False

    def delete(self, name: str) -> None:
        """Delete a secret; it can be recovered (every vault has soft delete)."""
        self.deleted[name.lower()] = self.secrets.pop(name.lower())

    def recover(self, name: str) -> None:
        """Bring a deleted secret back."""
        self.secrets[name.lower()] = self.deleted.pop(name.lower())

    def reply(self, method: str, target: str, authorization: str) -> Reply | None:
        """The answer to a request; None for what is not asked of a vault."""
        path, _, query = target.partition("?")
        match = _PATH.fullmatch(path)
        if match is None or method != "GET":
            return None
        if self.tokens.client_of(authorization, self.resource) is None:
            return self._challenge()
        if self.firewall is not None:
            return error(403, "Forbidden", "Client address is not authorized.", self.firewall)
        if "api-version=" not in query:
            return error(400, "BadParameter", "api-version is missing.")
        collection, name, version = match[1], match[2], match[3] or None
        if not name:
            return self._list()
        if not _NAME.fullmatch(name):
            return error(400, "BadParameter", "The request URI contains an invalid name.")
        if name in self.denied:
            return error(403, "Forbidden", "The caller does not have the permission.", self.denied[name])
        return self._deleted(name) if collection == "deletedsecrets" else self._secret(name, version)

    def _challenge(self) -> Reply:
        challenge = f'Bearer authorization="{self.authority}", resource="{self.resource}"'
        headers = {**JSON, "WWW-Authenticate": challenge, "x-ms-keyvault-region": "westeurope"}
        body = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer token."}}
        return Reply(401, json.dumps(body).encode(), headers)

    def _list(self) -> Reply:
        if not self.lists:
            return error(403, "Forbidden", "The caller may not list.", "ForbiddenByRbac")
        items = [{"id": f"{self.url}/secrets/{name}"} for name in self.secrets]
        return Reply(200, json.dumps({"value": items, "nextLink": None}).encode(), JSON)

    def _secret(self, name: str, version: str | None) -> Reply:
        versions = self.secrets.get(name.lower(), [])
        found = self._version(versions, version) if version else next(reversed(versions), None)
        if found is None:
            text = f"A secret with (name/id) {name} was not found in this key vault."
            return error(404, "SecretNotFound", text)
        if not found.attributes["enabled"]:
            text = "Operation get is not allowed on a disabled secret."
            return error(403, "Forbidden", text, "SecretDisabled")
        return Reply(200, json.dumps(self._bundle(name, found)).encode(), JSON)

    def _deleted(self, name: str) -> Reply:
        versions = self.deleted.get(name.lower())
        if versions is None:
            return error(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        bundle = self._bundle(name, versions[-1])
        bundle["recoveryId"] = f"{self.url}/deletedsecrets/{name}"
        bundle["deletedDate"] = int(time.time())
        return Reply(200, json.dumps(bundle).encode(), JSON)

    def _bundle(self, name: str, version: Version) -> dict[str, object]:
        bundle: dict[str, object] = {
            "value": version.value,
            "id": f"{self.url}/secrets/{name}/{version.id}",
            "attributes": version.attributes,
            "tags": {},
        }
        if version.content_type is not None:
            bundle["contentType"] = version.content_type
        return bundle

    @staticmethod
    def _version(versions: list[Version], version: str) -> Any:  # a Version, or None
        return next((known for known in versions if known.id == version), None)


def error(
    status: int, code: str, message: str, inner: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """An error as the vault writes it."""
    body: dict[str, Any] = {"code": code, "message": message}
    if inner is not None:
        body["innererror"] = {"code": inner}
    return Reply(status, json.dumps({"error": body}).encode(), {**JSON, **(headers or {})})
