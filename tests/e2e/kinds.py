"""Each way into a storage that KServe v0.19.0 reads: form, remote secret, and what KServe makes of it.

Environments, mounts and volumes are those of ``pkg/credentials/*/*_secret.go``, in their order.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.kube_client import Object

Fields = dict[str, str]
Values = dict[str, str]

CLIENT: Final = "4f1c7a0e-5d0b-4f3e-9c55-0c0f6d1c2b3a"
TENANT: Final = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER_TENANT: Final = "11111111-86f1-41af-91ab-2d7cd011db47"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in.

    ``form`` is its kind in the mapping, ``remote`` two versions of the remote secret; none: it needs none.
    ``published``: remote secret → data of our Secret. ``references`` are the variables that KServe fills from
    the key of the same name; ``literals``: remote secret → those that it writes into the pod. ``volume`` is
    name and path of the mount.
    """

    name: str
    form: str
    remote: tuple[Fields, Fields] | None
    published: Callable[[Fields], Values]
    references: tuple[str, ...] = ()
    literals: Callable[[Fields], Values] = field(default=lambda _: {})
    volume: tuple[str, str] | None = None

    def entry(self, to: str) -> str:
        """The credential's entry in the mapping, with these targets."""
        source = "" if self.remote is None else f"  from: {{store: platform, secret: KV/{self.name}}}\n"
        return f"{self.name}:\n{source}  {self.form}\n  to: {to}\n"

    def fields(self, version: int) -> Fields:
        """The remote secret, before (0) and after (1) its rotation."""
        return {} if self.remote is None else self.remote[version]

    def env(self, version: int) -> list[Object]:
        """The variables of the container."""
        references: list[Object] = [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": self.name, "key": key}}}
            for key in self.references
        ]
        literals = self.literals(self.fields(version))
        return references + [{"name": name, "value": value} for name, value in literals.items()]

    def resolved(self, version: int) -> Values:
        """The variables as the process in the container sees them."""
        fields = self.fields(version)
        published = self.published(fields)
        return {key: published[key] for key in self.references} | self.literals(fields)

    def data(self, version: int) -> dict[str, bytes]:
        """What our Secret has to hold."""
        return {key: value.encode() for key, value in self.published(self.fields(version)).items()}

    def mounts(self) -> list[Object]:
        """Where the container sees the Secret as files."""
        if self.volume is None:
            return []
        return [{"name": self.volume[0], "readOnly": True, "mountPath": self.volume[1]}]

    def volumes(self) -> list[Object]:
        """The volume behind the mount."""
        return [] if self.volume is None else [{"name": self.volume[0], "secret": {"secretName": self.name}}]


def compact(tree: object) -> str:
    """JSON as syncd writes it: the same bytes for equal trees."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))


def basic(user: str, password: str) -> str:
    """User and password as RFC 7617 sends them."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def pem(content: str) -> str:
    """A certificate's form around any content."""
    encoded = base64.b64encode(content.encode()).decode()
    return f"-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----"


def google_key(private_key: str) -> str:
    """A service account's key, as Google hands it out."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "reader@ml.iam.gserviceaccount.com",
            "private_key": f"-----BEGIN PRIVATE KEY-----\n{private_key}\n-----END PRIVATE KEY-----\n",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


def _s3_keys(remote: Fields) -> Values:
    return {"AWS_ACCESS_KEY_ID": remote["access_key"], "AWS_SECRET_ACCESS_KEY": remote["secret_key"]}


def _s3_settings(**more: str) -> Callable[[Fields], Values]:
    """The settings that ``_S3`` and more lead to, in the order of ``s3.BuildS3EnvVars``."""
    settings = {
        "S3_USE_HTTPS": "1",
        "S3_ENDPOINT": "minio.minio.svc:9000",
        "AWS_ENDPOINT_URL": "https://minio.minio.svc:9000",
        "awsAnonymousCredential": "",
        "S3_VERIFY_SSL": "",
        "AWS_DEFAULT_REGION": "us-east-1",
        "S3_USER_VIRTUAL_BUCKET": "false",
        "S3_USE_ACCELERATE": "",
        "AWS_CA_BUNDLE": "",
        "AWS_CA_BUNDLE_CONFIGMAP": "",
    }
    wanted = {name: value for name, value in (settings | more).items() if value}
    return lambda _: wanted


def _azure_keys(remote: Fields) -> Values:
    return {
        "AZURE_CLIENT_ID": remote["client_id"],
        "AZURE_CLIENT_SECRET": remote["client_secret"],
        "AZURE_SUBSCRIPTION_ID": CLIENT,
        "AZURE_TENANT_ID": remote["tenant_id"],
    }


def _https(
    name: str, form: str, remote: tuple[Fields, Fields], headers: Callable[[Fields], Mapping[str, str]]
) -> Way:
    """A server that demands headers: KServe copies them into the pod."""
    return Way(
        name,
        form,
        remote,
        published=lambda fields: {"https-host": "models.example.com", "headers": compact(headers(fields))},
        literals=lambda fields: {"models.example.com-headers": compact(headers(fields))},
    )


def _hdfs(remote: Fields) -> Values:
    return {
        "HDFS_NAMENODE": "https://nn1:9871",
        "HDFS_ROOTPATH": "/models",
        "HEADERS": remote["headers"],
        "KERBEROS_KEYTAB": base64.b64decode(remote["keytab"]).decode(),
        "KERBEROS_PRINCIPAL": "models@EXAMPLE.COM",
        "TLS_CA": remote["ca.pem"],
        "TLS_SKIP_VERIFY": "true",
        "USER_PROXY": "models",
    }


_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_S3_REMOTE: Final = (
    {"access_key": "AK1", "secret_key": "SK1"},
    {"access_key": "AK2", "secret_key": "SK2/+="},
)
_STORAGE_KEY: Final = "AZURE_STORAGE_ACCESS_KEY"

WAYS: Final = (
    Way(
        "minio",
        "s3: {endpoint: minio.minio.svc:9000, region: us-east-1}",
        _S3_REMOTE,
        published=_s3_keys,
        references=_KEYS,
        literals=_s3_settings(),
    ),
    Way(
        "s3-settings",
        "s3: {endpoint: 'http://minio:9000', region: eu-west-1, verifySSL: false, useVirtualBucket: true,"
        " useAccelerate: true, caBundle: /etc/ssl/corp/cabundle.crt, caBundleConfigMap: corp-ca}",
        _S3_REMOTE,
        published=_s3_keys,
        references=_KEYS,
        literals=_s3_settings(
            S3_USE_HTTPS="0",
            S3_ENDPOINT="minio:9000",
            AWS_ENDPOINT_URL="http://minio:9000",
            S3_VERIFY_SSL="0",
            AWS_DEFAULT_REGION="eu-west-1",
            S3_USER_VIRTUAL_BUCKET="true",
            S3_USE_ACCELERATE="true",
            AWS_CA_BUNDLE="/etc/ssl/corp/cabundle.crt",
            AWS_CA_BUNDLE_CONFIGMAP="corp-ca",
        ),
    ),
    Way(
        "s3-anonymous",
        "s3: {endpoint: 'https://minio.minio.svc:9000', useAnonymousCredential: true}",
        None,
        published=lambda _: dict.fromkeys(_KEYS, ""),
        references=_KEYS,
        literals=_s3_settings(awsAnonymousCredential="true"),
    ),
    Way(
        "gcs",
        "gcs: {credentials: {property: key.json}}",
        ({"key.json": google_key("one")}, {"key.json": google_key("two")}),
        published=lambda remote: {"gcloud-application-credentials.json": remote["key.json"]},
        literals=lambda _: {
            "GOOGLE_APPLICATION_CREDENTIALS": "/var/secrets/gcloud-application-credentials.json"
        },
        volume=("user-gcp-sa", "/var/secrets/"),
    ),
    Way(
        "azure-principal",
        f"azure: {{servicePrincipal: {{subscriptionId: {CLIENT}}}}}",
        (
            {"client_id": CLIENT, "tenant_id": TENANT, "client_secret": "cs1"},
            {"client_id": CLIENT, "tenant_id": OTHER_TENANT, "client_secret": "cs2"},
        ),
        published=_azure_keys,
        references=("AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"),
    ),
    Way(
        "azure-identity",
        f"azure: {{workloadIdentity: {{clientId: {CLIENT}, tenantId: {TENANT}}}}}",
        None,
        published=lambda _: {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT},
        references=("AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
    ),
    Way(
        "azure-key",
        "azure: {accountKey: {}}",
        ({"account_key": "AQEBAQ=="}, {"account_key": "AgICAg=="}),
        published=lambda remote: {_STORAGE_KEY: remote["account_key"]},
        references=(_STORAGE_KEY,),
    ),
    Way(
        "azure-sas",
        "azure: {sasToken: {}}",
        ({"sas_token": "?sv=2022-11-02&sp=r&sig=one%3D"}, {"sas_token": "sv=2022-11-02&sp=r&sig=two%3D"}),
        published=lambda remote: {_STORAGE_KEY: remote["sas_token"].lstrip("?")},
        references=(_STORAGE_KEY,),
    ),
    Way(
        "hub",
        "huggingFace: {}",
        ({"token": "hf_one"}, {"token": "hf_two\n"}),
        published=lambda remote: {"HF_TOKEN": remote["token"].strip()},
        references=("HF_TOKEN",),
    ),
    _https(
        "web-bearer",
        "https: {host: models.example.com, bearerToken: {}}",
        ({"token": "one"}, {"token": "two"}),
        lambda remote: {"Authorization": f"Bearer {remote['token']}"},
    ),
    _https(
        "web-basic",
        "https: {host: MODELS.example.com, basicAuth: {}}",
        ({"username": "u", "password": "one"}, {"username": "u", "password": "two"}),
        lambda remote: {"Authorization": f"Basic {basic(remote['username'], remote['password'])}"},
    ),
    _https(
        "web-headers",
        "https: {host: models.example.com, headers: {PRIVATE-TOKEN: {property: t}, X-Team: {property: n}}}",
        ({"t": "one", "n": "nlp"}, {"t": "two", "n": "nlp"}),
        lambda remote: {"PRIVATE-TOKEN": remote["t"], "X-Team": remote["n"]},
    ),
    Way(
        "hadoop",
        "hdfs: {namenode: 'https://nn1:9871', rootPath: /models, userProxy: models, tlsSkipVerify: true,"
        " kerberosPrincipal: models@EXAMPLE.COM, kerberosKeytab: {property: keytab, decode: base64},"
        " tlsCa: {property: ca.pem}}",
        (
            {"keytab": "BQIAAQ==", "ca.pem": pem("one"), "headers": '{"X-One":"1"}'},
            {"keytab": "BQIAAg==", "ca.pem": pem("two"), "headers": '{"X-Two":"2"}'},
        ),
        published=_hdfs,
        volume=("hdfs-secrets", "/var/secrets/kserve-hdfscreds"),
    ),
)
"""All of them; names are those of the credentials and their Secrets."""
