"""moto's server as AWS Secrets Manager, STS and IAM, and a proxy before it that refuses as AWS does.

moto takes any key and enforces no policy on single secrets; so the proxy looks at who asks for what, and
gives the answers of the real services (their codes and texts are those of the API reference).
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config

from tests.harness.fault_http import FaultProxy, Reply
from tests.harness.processes import Child, accepts, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.harness.fault_http import Handler
    from tests.harness.tls import CertificateAuthority

REGION = "eu-west-1"
ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/syncd"
_TARGET = "secretsmanager."


@dataclass(frozen=True, slots=True)
class AwsServer:
    """A running moto server; ``url`` is the endpoint of every service."""

    url: str
    child: Child
    _clients: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path) -> AwsServer:
        """Starts the server: about a second. Raises HarnessError when it does not listen."""
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        child = Child.start("moto", command, folder=folder)
        wait_for("moto", lambda: accepts(port), child=child)
        return cls(f"http://127.0.0.1:{port}", child)

    def stop(self) -> None:
        """Ends the server; what was in it is gone."""
        self.child.kill()

    def client(self, service: str = "secretsmanager") -> Any:
        """A client that goes straight to the server."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id="AKIASETUP",
                aws_secret_access_key="set-up",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came: ``operation`` as ``GetSecretValue``, who signed it, which secrets it names."""

    operation: str
    key_id: str
    region: str
    secrets: tuple[str, ...]
    form: dict[str, str] = field(default_factory=dict, repr=False)


class AwsProxy(FaultProxy):
    """Hands requests on to moto, until it is told otherwise; remembers who asked for what."""

    def __init__(self, upstream: str, authority: CertificateAuthority | None = None) -> None:
        """Listens at once; with TLS where an authority is given."""
        self.strips = ""
        """What clients that take it for their proxy put before the path."""
        self.asked: list[Asked] = []
        self.known: set[str] | None = None
        """Ids of the access keys that are known; any where None."""
        self.expired: set[str] = set()
        """Ids of access keys whose session has ended."""
        self.denied: dict[str, tuple[str, str]] = {}
        """Name of a secret → the code and text that it is refused with."""
        self.rules: list[tuple[re.Pattern[str], Reply, int | None]] = []
        super().__init__(upstream, authority=authority)

    def when(self, operation: str, reply: Reply, *, times: int | None = None) -> None:
        """Answers so whatever operation matches, the newest rule first; ``times`` times, or for good."""
        self.rules.insert(0, (re.compile(operation), reply, times))

    def deny(self, secret: str) -> None:
        """Refuses one secret, as a policy without it does."""
        self.denied[secret] = ("AccessDeniedException", denial("secretsmanager:GetSecretValue", secret))

    def deny_batches(self) -> None:
        """Refuses BatchGetSecretValue, as a policy without it does."""
        text = denial("secretsmanager:BatchGetSecretValue", "*")
        self.when("BatchGetSecretValue", refusal("AccessDeniedException", text))

    def operations(self, pattern: str = "") -> list[str]:
        """The operations that were asked for, oldest first."""
        return [each.operation for each in self.asked if re.search(pattern, each.operation)]

    def reply_to(self, handler: Handler, body: bytes) -> Reply:
        """The answer to a request."""
        asked = _asked(handler, body)
        handler.path = handler.path.removeprefix(self.strips)
        with self._lock:
            self.asked.append(asked)
            for number, (pattern, reply, times) in enumerate(self.rules):
                if times != 0 and pattern.search(asked.operation):
                    self.rules[number] = (pattern, reply, None if times is None else times - 1)
                    return reply
        if asked.key_id in self.expired:
            return refused(
                asked, "ExpiredTokenException", "The security token included in the request is expired"
            )
        if self.known is not None and asked.key_id and asked.key_id not in self.known:
            return stranger(asked)
        if asked.operation == "BatchGetSecretValue":
            return self._batch(handler, body, asked.secrets)
        for secret in asked.secrets:
            if secret in self.denied:
                return refusal(*self.denied[secret])
        return self._otherwise(handler, body)

    def _batch(self, handler: Handler, body: bytes, secrets: Sequence[str]) -> Reply:
        """Hand on what is not denied; AWS tells of the rest in its list of errors."""
        denied = [secret for secret in secrets if secret in self.denied]
        if not denied:
            return self._otherwise(handler, body)
        errors = [
            {"SecretId": each, "ErrorCode": self.denied[each][0], "Message": self.denied[each][1]}
            for each in denied
        ]
        tree: dict[str, Any] = {"SecretValues": [], "Errors": []}
        if rest := [secret for secret in secrets if secret not in self.denied]:
            tree = json.loads(self._otherwise(handler, json.dumps({"SecretIdList": rest}).encode()).body)
        return Reply(200, json.dumps(tree | {"Errors": tree["Errors"] + errors}).encode(), _JSON)


_JSON = {"Content-Type": "application/x-amz-json-1.1"}


def refusal(code: str, text: str, status: int = 400, **headers: str) -> Reply:
    """An error of Secrets Manager (JSON)."""
    body = json.dumps({"__type": code, "message": text}).encode()
    return Reply(status, body, _JSON | {name.replace("_", "-"): value for name, value in headers.items()})


def sts_refusal(code: str, text: str, status: int = 403, **headers: str) -> Reply:
    """An error of STS (XML)."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{text}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )
    kept = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body.encode(), {"Content-Type": "text/xml"} | kept)


def denial(action: str, resource: str) -> str:
    """What AWS says when a policy lacks an action."""
    return (
        f"User: {USER} is not authorized to perform: {action} on resource: {resource} because no"
        f" identity-based policy allows the {action} action"
    )


def stranger(asked: Asked) -> Reply:
    """What AWS says to a key that it does not know."""
    code = "InvalidClientTokenId" if asked.form else "UnrecognizedClientException"
    return refused(asked, code, "The security token included in the request is invalid.")


def refused(asked: Asked, code: str, text: str) -> Reply:
    """The error in the form of the service that was asked."""
    return sts_refusal(code, text) if asked.form else refusal(code, text)


def _asked(handler: Handler, body: bytes) -> Asked:
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", handler.headers.get("Authorization", ""))
    key_id, region = signed.groups() if signed else ("", "")
    target = handler.headers.get("X-Amz-Target", "")
    if target.startswith(_TARGET):
        tree = json.loads(body)
        secrets = (
            tree.get("SecretIdList") or [tree["SecretId"]]
            if "SecretId" in tree or "SecretIdList" in tree
            else []
        )
        return Asked(target.removeprefix(_TARGET), key_id, region, tuple(secrets))
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return Asked(form.get("Action", ""), key_id, region, (), form)
