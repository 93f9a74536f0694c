"""Each condition of a vault: what is told, whether it is asked again, what may follow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.secret import SecretRef
from tests.harness.azure.entra import Refusal
from tests.harness.azure.server import TOKEN_ENDPOINT
from tests.harness.azure.vault import error
from tests.harness.fault_http import Reply
from tests.integration.stores.azure.conditions import AZURE
from tests.integration.stores.azure.rig import key_vault
from tests.integration.stores.rig import NAME, read
from tests.unit.stores.drive import must_be

if TYPE_CHECKING:
    from tests.harness.conditions import Condition
    from tests.integration.stores.azure.rig import AzureRig

IS_JSON = {"Content-Type": "application/json"}
PAGE = Reply(404, b"<html>not here</html>", {"Content-Type": "text/html"})
REFUSED = Refusal(401, "invalid_client", 7000215, "Invalid client secret provided.").reply()
REPLIES = {
    "throttled": error(429, "Throttled", "Too many requests."),
    "throttled, with delay": error(429, "Throttled", "Too many requests.", headers={"Retry-After": "1"}),
    "5xx": error(503, "ServiceUnavailable", "The service is unavailable."),
    "timeout": Reply(200, b"{}", IS_JSON, delay=5.0),
    "answer cut short": Reply(200, b'{"value":"half', IS_JSON, ending="cut"),
    "proxy's page instead of an answer": PAGE,
    "redirect": Reply(307, b"", {"Location": "https://127.0.0.1:1/secrets/there"}),
    "value absent": Reply(200, b'{"id":"https://v/secrets/there/0123","attributes":{}}', IS_JSON),
}


ABSENT = "0" * 32
ASKED = {
    "secret missing": ("nowhere", None),
    "secret missing, version pinned": ("nowhere", ABSENT),
    "version missing": ("there", ABSENT),
    "name not allowed": ("no_name", None),
}


def bring_about(condition: str, rig: AzureRig, version: str) -> None:
    """Change what is in the vault, and who may read it."""
    vault = rig.server.vault
    match condition:
        case "version disabled or deleted":
            vault.disable("there", version)
        case "deleted, and recoverable":
            vault.delete("there")
        case "not valid yet":
            vault.put("there", "value", nbf=int(time.time()) + 3600)
        case "access denied":
            vault.denied["there"] = "ForbiddenByRbac"
        case "denied by an access policy":
            vault.denied["there"] = "AccessDenied"
        case "denied by firewall":
            vault.firewall = "ForbiddenByFirewall"
        case "challenge of another domain":
            vault.resource = "https://vault.example"


def break_down(condition: str, rig: AzureRig) -> None:
    """Let the servers themselves, or the way to them, be what the condition says."""
    if condition.startswith("login expired"):
        read(rig.store, "there")
        rig.server.tokens.revoke()
    match condition:
        case "login refused" | "login expired, and refused again":
            rig.server.answer(TOKEN_ENDPOINT, REFUSED)
        case "Entra down":
            rig.server.answer(TOKEN_ENDPOINT, Reply(503, b"<html>busy</html>", {"Content-Type": "text/html"}))
        case "connection refused":
            rig.server.close()
        case "TLS not trusted":
            rig.store = key_vault(rig.server.url, rig.auth)
        case known if known in REPLIES:
            rig.server.answer("^/secrets", REPLIES[known])


@pytest.mark.parametrize("condition", AZURE, ids=lambda each: each.name)
def test_key_vault(condition: Condition, rig: AzureRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault, a secret or a login in this condition is answered as its row says."""
    version = rig.server.vault.put("there", "value")
    bring_about(condition.name, rig, version)
    name, pin = ASKED.get(condition.name, ("there", None))
    break_down(condition.name, rig)
    must_be(condition, rig.store, SecretRef(NAME, name, pin), monkeypatch)
