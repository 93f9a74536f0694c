"""All four secret stores at once, each with a login as users have it; each can be taken down and mended."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import grpc

from tests.harness.aws import REGION, AwsProxy
from tests.harness.azure.server import AzureServer
from tests.harness.azure.vault import error
from tests.harness.fault_http import FaultProxy, Reply
from tests.harness.gcp.grpc_server import GrpcServer
from tests.harness.gcp.model import ApiError, SecretManager
from tests.harness.gcp.token_services import TokenServices
from tests.harness.gcp.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.harness.aws import AwsServer
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority

Store: TypeAlias = Literal["vault", "aws", "gcp", "azure"]
STORES: Final[tuple[Store, ...]] = ("vault", "aws", "gcp", "azure")

PROJECT: Final = "ml-prod"
_SDK_VARIABLES: Final = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_", "MSI_", "VAULT_")
_DOWN: Final = Reply(503, b"down for maintenance", {"Content-Type": "text/plain"})


@dataclass(frozen=True, slots=True)
class Reads:
    """What was asked of a store: reads of secrets, and whatever it took to be let in."""

    secrets: int
    logins: int


@dataclass(slots=True)
class FourStores:
    """OpenBao, moto, and ours for Google and Azure; ``environment`` is what a daemon that uses them needs."""

    bao: OpenBao
    mount: str
    vault_proxy: FaultProxy
    aws: AwsServer
    aws_proxy: AwsProxy
    gcp: SecretManager
    gcp_server: GrpcServer
    gcp_services: TokenServices
    azure: AzureServer
    folder: Path
    """Where the files with the logins are."""
    environment: Mapping[str, str]
    settings: Mapping[str, Any]
    """The part ``stores`` of a mapping, each under its own name of ``STORES``."""

    @classmethod
    def start(
        cls, bao: OpenBao, mount: str, aws: AwsServer, authority: CertificateAuthority, folder: Path
    ) -> FourStores:
        """Start what is not shared. ``mount`` is of KV version 2; logins are written into ``folder``."""
        vault_proxy, aws_proxy = FaultProxy(bao.url), AwsProxy(aws.url)
        tokens = Tokens()
        model, services = SecretManager(tokens), TokenServices(tokens)
        gcp_server, azure = GrpcServer(model, authority), AzureServer(authority)
        settings = {
            "vault": _vault(vault_proxy.url, bao.token([bao.least_policy(mount, {mount: 2})]), folder),
            "aws": _aws(aws_proxy.url, folder),
            "gcp": {"gcpSecretManager": {"project": PROJECT, "endpoint": gcp_server.url}},
            "azure": _azure(azure, authority, folder),
        }
        environment = {
            "AWS_ENDPOINT_URL_STS": aws_proxy.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AZURE_AUTHORITY_HOST": azure.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(services.external_account(folder)),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority.file),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return cls(
            bao,
            mount,
            vault_proxy,
            aws,
            aws_proxy,
            model,
            gcp_server,
            services,
            azure,
            folder,
            environment,
            settings,
        )

    def close(self) -> None:
        """Stop what was started."""
        self.gcp_server.close()
        for server in (self.vault_proxy, self.aws_proxy, self.gcp_services, self.azure):
            server.close()

    def secret(self, store: Store, name: str) -> str:
        """The secret's name as the mapping has it."""
        return f"{self.mount}/{name}" if store == "vault" else name

    def put(self, store: Store, name: str, fields: Mapping[str, str]) -> None:
        """Write a secret, or its next version: the fields as the properties of a JSON object."""
        text = json.dumps(fields)
        match store:
            case "vault":
                self.bao.put(self.mount, name, fields, version=2)
            case "aws":
                self._put_aws(name, text)
            case "gcp":
                self.gcp.put(name, text.encode(), f"projects/{PROJECT}")
            case "azure":
                self.azure.vault.put(name, text)

    def take_down(self, store: Store) -> None:
        """Let it answer everything with an error of its own."""
        match store:
            case "vault":
                self.vault_proxy.answer("", _DOWN)
            case "aws":
                self.aws_proxy.when("", _DOWN)
            case "gcp":
                self.gcp.fault = ApiError(grpc.StatusCode.UNAVAILABLE, "The service is unavailable.")
            case "azure":
                self.azure.answer(
                    "^/secrets", error(503, "ServiceUnavailable", "The service is unavailable.")
                )

    def mend(self, store: Store) -> None:
        """Let it work again."""
        match store:
            case "vault":
                self.vault_proxy.clear()
            case "aws":
                self.aws_proxy.rules.clear()
            case "gcp":
                self.gcp.fault = None
            case "azure":
                self.azure.clear()

    def reads(self, store: Store) -> Reads:
        """What was asked of it so far."""
        match store:
            case "vault":
                read = len(self.vault_proxy.seen(f"^/v1/{self.mount}/data/"))
                return Reads(read, len(self.vault_proxy.seen("^/v1/auth/")))
            case "aws":
                read = len(self.aws_proxy.operations("GetSecretValue"))
                return Reads(read, len(self.aws_proxy.asked) - read)
            case "gcp":
                return Reads(self.gcp.counts["access"], len(self.gcp_services.seen()))
            case "azure":
                return Reads(self.azure.reads(), self.azure.logins())

    def _put_aws(self, name: str, text: str) -> None:
        client = self.aws.client()
        try:
            client.create_secret(Name=name, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, SecretString=text)


def without_sdk_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without what the SDKs, or a proxy, would take from it."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_SDK_VARIABLES) and not name.lower().endswith("_proxy")
    }


def _vault(url: str, token: str, folder: Path) -> dict[str, Any]:
    return {"vault": {"address": url, "auth": {"token": _file(folder / "vault-token", token)}}}


def _aws(url: str, folder: Path) -> dict[str, Any]:
    keys = {
        "accessKeyId": _file(folder / "aws-key-id", "AKIAUSEROFTESTS00001"),
        "secretAccessKey": _file(folder / "aws-key", "key-of-the-tests"),
    }
    return {"awsSecretsManager": {"region": REGION, "endpoint": url, "auth": {"static": keys}}}


def _azure(server: AzureServer, authority: CertificateAuthority, folder: Path) -> dict[str, Any]:
    secret = "secret-of-the-app"
    principal = {
        "tenantId": server.tenant,
        "clientId": server.application(secret),
        "secret": _file(folder / "azure-secret", secret),
    }
    ca = {"file": str(authority.file)}
    return {"azureKeyVault": {"vaultUrl": server.url, "ca": ca, "auth": {"servicePrincipal": principal}}}


def _file(path: Path, text: str) -> dict[str, str]:
    """Write a secret of a store's own, and name it as the mapping does."""
    path.touch(mode=0o600)
    path.write_text(text)
    return {"file": str(path)}
