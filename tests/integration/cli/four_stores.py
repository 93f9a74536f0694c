"""One mapping with a store of each of the four kinds, on loopback: secrets that are well, denied, missing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.harness.aws import REGION, AwsProxy, AwsServer
from tests.harness.azure.server import AzureServer
from tests.harness.fixtures import unique
from tests.integration.stores.aws import rig as aws
from tests.integration.stores.azure import rig as azure
from tests.integration.stores.gcp.rig import PROJECT, Google

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority

WELL, DENIED, MISSING = "well", "denied", "missing"


@dataclass(slots=True)
class FourStores:
    """The servers, and the mapping; `names` tells the full name of a secret in each store."""

    folder: Path
    bao: OpenBao
    aws: AwsProxy
    google: Google
    azure: AzureServer
    stores: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        folder: Path,
        openbao: OpenBao,
        aws_server: AwsServer,
        authority: CertificateAuthority,
        environment: pytest.MonkeyPatch,
    ) -> FourStores:
        """Start what is not shared, put a secret `well` everywhere, and one `denied` that may not be read."""
        for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
            environment.delenv(name)
        proxy = AwsProxy(aws_server.url)
        environment.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        google = Google.start("grpc", authority, folder, environment)
        vault = AzureServer(authority)
        environment.setenv("AZURE_AUTHORITY_HOST", vault.url)
        scene = cls(folder, openbao, proxy, google, vault)
        scene._in_vault()
        scene._in_aws(aws_server)
        scene._in_google()
        scene._in_azure(authority)
        return scene

    def close(self) -> None:
        """Stop what was started."""
        self.aws.close()
        self.google.close()
        self.azure.close()

    def write(self) -> Path:
        """Write the mapping: of each store a credential of each secret."""
        credentials = {
            f"{store.lower()}-{secret}": {
                "from": {"store": store, "secret": prefix + secret},
                "huggingFace": {},
                "to": [{"namespaces": [f"{store.lower()}-{secret}"]}],
            }
            for store, prefix in self.names.items()
            for secret in (WELL, DENIED, MISSING)
        }
        header = {"apiVersion": "syncd.dev/v1alpha1", "kind": "Mapping"}
        mapping = self.folder / "mapping.yaml"
        mapping.write_text(yaml.safe_dump({**header, "stores": self.stores, "credentials": credentials}))
        return mapping

    def _in_vault(self) -> None:
        mount = self.bao.enable_kv(unique("kv"), 2)
        for secret in (WELL, DENIED):
            self.bao.put(mount, secret, {"token": payload()})
        paths = {f"{mount}/data/{name}": ("read",) for name in (WELL, MISSING)}
        token = self.folder / "vault-token"
        token.write_text(self.bao.token([self.bao.write_policy(mount, paths)]))
        self.stores["vault"] = {"vault": {"address": self.bao.url, "auth": {"token": {"file": str(token)}}}}
        self.names["vault"] = f"{mount}/"

    def _in_aws(self, server: AwsServer) -> None:
        prefix = unique("check") + "/"
        for secret in (WELL, DENIED):
            aws.put(server, prefix + secret, SecretString=json.dumps({"token": payload()}))
        self.aws.deny(prefix + DENIED)
        settings = {"region": REGION, "endpoint": self.aws.url, "auth": aws.static(self.folder)}
        self.stores["aws"] = {"awsSecretsManager": settings}
        self.names["aws"] = prefix

    def _in_google(self) -> None:
        for secret in (WELL, DENIED):
            self.google.model.put(secret, json.dumps({"token": payload()}).encode())
        self.google.model.deny("access", DENIED)
        self.stores["gcp"] = {"gcpSecretManager": {"project": PROJECT, "endpoint": self.google.server.url}}
        self.names["gcp"] = ""

    def _in_azure(self, authority: CertificateAuthority) -> None:
        for secret in (WELL, DENIED):
            self.azure.vault.put(secret, json.dumps({"token": payload()}))
        self.azure.vault.denied[DENIED] = "ForbiddenByRbac"
        file = self.folder / "client-secret"
        file.write_text(azure.SECRET)
        auth = azure.principal(self.azure, self.azure.application(azure.SECRET), file)
        settings = {"vaultUrl": self.azure.url, "ca": {"file": str(authority.file)}, "auth": auth}
        self.stores["keyvault"] = {"azureKeyVault": settings}
        self.names["keyvault"] = ""


def payload() -> str:
    """A token that no output may have."""
    return f"hf_{CANARY}"


CANARY = "canary-60c9"
