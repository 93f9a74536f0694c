"""The servers beside a pod that give out AWS credentials: EKS Pod Identity's agent, the instance's metadata.

Sources: Amazon EKS user guide, "Learn how EKS Pod Identity grants pods access to AWS services" and AWS SDKs
reference guide, "Container credential provider"; Amazon EC2 user guide, "Use the Instance Metadata Service"
and "Retrieve security credentials from instance metadata".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.harness.fault_http import Reply, ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROLE = "node-role"
_PATH = "/latest/meta-data/iam/security-credentials/"


def temporary(key_id: str, *, lasting: float = 6 * 3600.0) -> Reply:
    """Temporary credentials that last so many seconds, as both servers give them."""
    ends = datetime.now(UTC) + timedelta(seconds=lasting)
    body = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": key_id,
        "SecretAccessKey": f"secret-of-{key_id}",
        "Token": f"token-of-{key_id}",
        "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def use_pod_identity(server: ScriptedServer, patch: pytest.MonkeyPatch, token: Path) -> None:
    """Sets the variables that EKS sets in a pod with an association; the agent is this server."""
    token.write_text("token-of-the-pod")
    patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/v1/credentials")
    patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))


def use_instance_role(server: ScriptedServer, patch: pytest.MonkeyPatch, key_id: str) -> None:
    """Lets this server be the metadata service of an instance with a role (IMDSv2)."""
    patch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
    server.answer("^/latest/api/token$", Reply(200, b"session-of-imds"), method="PUT")
    server.answer(f"^{_PATH}$", Reply(200, ROLE.encode()), method="GET")
    server.answer(f"^{_PATH}{ROLE}$", temporary(key_id), method="GET")
