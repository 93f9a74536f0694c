"""moto's server as an S3 that checks signatures.

moto asks nobody for keys by default. ``require_keys`` makes it check the signature and the policy of
every later request, so a download succeeds only with the keys of ``create_user``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import urllib3
from botocore.config import Config

from tests.harness.processes import Child, accepts, free_port, wait_for

if TYPE_CHECKING:
    from pathlib import Path

REGION = "us-east-1"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}],
}


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair that the server knows."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running moto server. ``url`` is the endpoint of S3, and of AWS' other services."""

    url: str
    child: Child
    _admin: AccessKey

    @classmethod
    def start(cls, folder: Path) -> S3Server:
        """Starts the server: about a second. Keys are required from the start.

        Raises HarnessError when it does not listen.
        """
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        child = Child.start("moto", command, folder=folder)
        url = f"http://127.0.0.1:{port}"
        wait_for("moto", lambda: accepts(port), child=child)
        server = cls(url, child, _create_user(url, AccessKey("set-up", "set-up"), "admin"))
        # From here on no request goes through unsigned.
        urllib3.request("POST", f"{url}/moto-api/reset-auth", body=b"0", retries=False)
        return server

    def stop(self) -> None:
        """Ends the server; its objects are gone."""
        self.child.kill()

    def client(self, service: str = "s3", key: AccessKey | None = None) -> Any:
        """A boto3 client with these keys, or with those of an administrator."""
        return _client(self.url, key or self._admin, service)

    def create_user(self, name: str) -> AccessKey:
        """A user who may use S3; returns its keys."""
        return _create_user(self.url, self._admin, name)

    def rotate(self, name: str, old: AccessKey) -> AccessKey:
        """New keys for a user; the old ones are refused from now on."""
        iam = self.client("iam")
        fresh = _new_key(iam, name)
        iam.delete_access_key(UserName=name, AccessKeyId=old.key_id)
        return fresh

    def put(self, bucket: str, key: str, content: bytes) -> str:
        """Stores an object, in a bucket that is created where it is missing; returns its s3:// URI."""
        s3 = self.client()
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"


def _client(url: str, key: AccessKey, service: str) -> Any:  # boto3 makes it at run time
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def _create_user(url: str, admin: AccessKey, name: str) -> AccessKey:
    iam = _client(url, admin, "iam")
    iam.create_user(UserName=name)
    policy = _POLICY if name != "admin" else json.loads(json.dumps(_POLICY).replace("s3:*", "*"))
    iam.put_user_policy(UserName=name, PolicyName="tests", PolicyDocument=json.dumps(policy))
    return _new_key(iam, name)


def _new_key(iam: Any, name: str) -> AccessKey:
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(made["AccessKeyId"], made["SecretAccessKey"])
