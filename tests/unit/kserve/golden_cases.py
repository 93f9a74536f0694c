"""What becomes of every golden vector: produced, refused, or not ours; docs/golden.md is made of it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.model.reasons import Reason
from tests.unit.kserve.forms import SERVICE_ACCOUNT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[3]
VECTORS: Final[Mapping[str, dict[str, Any]]] = {
    vector["id"]: vector
    for vector in map(json.loads, (ROOT / "tests/golden/golden.jsonl").read_text().splitlines())
}


class Outcome(StrEnum):
    """What syncd does about a vector."""

    PRODUCED = "produced"
    NORMALISED = "produced, normalised"
    REFUSED = "refused"
    NOT_OURS = "not ours"


@dataclass(frozen=True)
class Case:
    """One vector: what is done about it and why, and the form by which a test proves it.

    Left out, `remote` is the vector's own Secret, `data`, `annotations` and `entry` what stands there.
    A refused one has a `reason`; `MappingInvalid` is found before any secret is read. `clash` means that both
    Secrets are right and the second binding is refused.
    """

    outcome: Outcome
    why: str
    kind: str = ""
    form: Any = field(default_factory=dict)
    remote: Mapping[str, str | bytes] | None = None
    data: Mapping[str, str | bytes] | None = None
    annotations: Mapping[str, str] | None = None
    bucket: str | None = None
    entry: Mapping[str, str] | None = None
    reason: Reason | None = None
    clash: bool = False


def produced(why: str, kind: str, **more: Any) -> Case:
    """Return a vector whose Secret or entry is what we write."""
    return Case(Outcome.PRODUCED, why, kind, **more)


def normalised(why: str, kind: str, **more: Any) -> Case:
    """Return a vector that we write in another spelling, which KServe reads the same way or better."""
    return Case(Outcome.NORMALISED, why, kind, **more)


def refused(why: str, kind: str, **more: Any) -> Case:
    """Return a vector that must not be written."""
    return Case(Outcome.REFUSED, why, kind, **more)


def not_ours(why: str) -> Case:
    """Return a vector that no mapping can ask for."""
    return Case(Outcome.NOT_OURS, why)


def vector_data(vector: dict[str, Any], index: int = 0) -> dict[str, str | bytes]:
    """Return the data of one of a vector's Secrets; values marked `b64:` are bytes."""
    return {
        key: base64.b64decode(value[4:]) if value.startswith("b64:") else value
        for key, value in vector["input"]["Secrets"][index]["Data"].items()
    }


S3: Final = "serving.kserve.io/s3-"
KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
MINIO: Final = {S3 + "region": "us-east-1", S3 + "usevirtualbucket": "false"}
"""What an endpoint brings along; it may stand beside what a vector has."""

_PLAIN_S3: Final = {"endpoint": "http://minio:9000", "region": "us-south", "useAnonymousCredential": "false"}
_PLAIN_ENTRY: Final = {
    "type": "s3",
    "access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
    "secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    "endpoint_url": "http://minio:9000",
    "bucket": "b",
    "region": "us-south",
    "anonymous": "false",
}
_NO_VERIFY: Final = {
    "type": "s3",
    "access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
    "secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    "bucket": "b",
    "verify_ssl": "0",
}
_CUT_KEY: Final = '{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\\nAB\\n"}'
_AZURE: Final = {"servicePrincipal": {"subscriptionId": {"property": "AZURE_SUBSCRIPTION_ID"}}}
_JSON_IS_OURS: Final = "entries are generated as flat JSON of strings; no form can say this"

CASES: Final[Mapping[str, Case]] = {
    "S01": produced("region alone, as AWS needs it", "s3", form={"region": "us-east-2"}),
    "S02": produced("nothing is invented beside the keys", "s3"),
    "S03": produced("an http endpoint", "s3", form={"endpoint": "http://minio.ns:9000"}),
    "S04": normalised(
        "the scheme moves into s3-usehttps, which every KServe version reads",
        "s3",
        form={"endpoint": "http://minio.ns:9000"},
        annotations=MINIO | {S3 + "endpoint": "minio.ns:9000", S3 + "usehttps": "0"},
    ),
    "S06": normalised(
        "scheme apart, host in lower case",
        "s3",
        form={"endpoint": "HTTPS://MinIO.ns"},
        annotations=MINIO | {S3 + "endpoint": "minio.ns", S3 + "usehttps": "1"},
    ),
    "S07": normalised(
        "KServe takes `false` for https: an endpoint without scheme means that, and is written as `1`",
        "s3",
        form={"endpoint": "minio.ns:9000"},
        annotations=MINIO | {S3 + "endpoint": "minio.ns:9000", S3 + "usehttps": "1"},
    ),
    "S08": refused(
        "a blank endpoint becomes `https://`, on which boto fails",
        "s3",
        form={"endpoint": {"property": "endpoint"}},
        remote=KEYS | {"endpoint": " "},
        reason=Reason.EMPTY_VALUE,
    ),
    "S10": produced(
        "anonymous: both keys are there and empty",
        "s3",
        form={"useAnonymousCredential": "true", "region": "us-east-1"},
    ),
    "S11": normalised(
        "without the keys KServe does not recognise the Secret, so they are written empty",
        "s3",
        form={"useAnonymousCredential": "true", "endpoint": "minio:9000"},
        data=dict.fromkeys(KEYS, ""),
        annotations=MINIO
        | {S3 + "endpoint": "minio:9000", S3 + "usehttps": "1", S3 + "useanoncredential": "true"},
    ),
    "S13": produced(
        "every annotation",
        "s3",
        form={
            "endpoint": "https://minio.ns:9000",
            "region": "r1",
            "verifySSL": "false",
            "useVirtualBucket": "true",
            "useAccelerate": "false",
            "useAnonymousCredential": "false",
            "caBundle": "/etc/ssl/custom-certs/cabundle.crt",
            "caBundleConfigMap": "local-ca",
        },
    ),
    "S14": normalised(
        "settings are annotations, which win over data keys in every KServe version",
        "s3",
        form={"endpoint": "http://minio.ns:9000", "region": "from-annotation", "verifySSL": "false"},
        data=KEYS,
        annotations=MINIO
        | {
            S3 + "endpoint": "minio.ns:9000",
            S3 + "usehttps": "0",
            S3 + "region": "from-annotation",
            S3 + "verifyssl": "0",
        },
    ),
    "S16": produced("the key names of the cluster's inferenceservice-config", "s3", remote=KEYS),
    "S17": produced("a config without names means KServe's defaults in code", "s3", remote=KEYS),
    "S18": normalised(
        "under the shipped config KServe skips these names; the shipped ones are written",
        "s3",
        form={
            "accessKeyId": {"property": "awsAccessKeyID"},
            "secretAccessKey": {"property": "awsSecretAccessKey"},
        },
        data=KEYS,
    ),
    "S20": refused("nothing in KServe reads a session token", "s3", reason=Reason.TEMPORARY_CREDENTIAL),
    "S21": refused(
        "two S3 Secrets on one ServiceAccount: prod's keys go to dev's endpoint",
        "s3",
        form={"endpoint": "http://prod:9000"},
        clash=True,
    ),
    "S23": not_ours("`s3-*` annotations go on a ServiceAccount only beside a role"),
    "S26": not_ours("data connections are Open Data Hub's (`storageConfigOwner: odh`)"),
    "G01": produced(
        "the key as the store has it",
        "gcs",
        form={"credentials": {"whole": "true"}},
        remote={WHOLE: _CUT_KEY},
    ),
    "G02": normalised(
        "the cluster's file name, with a complete key in place of `{}`",
        "gcs",
        form={"credentials": {"whole": "true"}},
        remote={WHOLE: SERVICE_ACCOUNT},
        data={"key.json": SERVICE_ACCOUNT},
    ),
    "G04": refused(
        "two GCS Secrets on one ServiceAccount mount one path twice: no pod starts",
        "gcs",
        form={"credentials": {"whole": "true"}},
        remote={WHOLE: SERVICE_ACCOUNT},
        clash=True,
    ),
    "A01": produced("service principal", "azure", form=_AZURE),
    "A02": normalised(
        "written with the current names, which give the same environment",
        "azure",
        form={
            "servicePrincipal": {
                "clientId": {"property": "AZ_CLIENT_ID"},
                "tenantId": {"property": "AZ_TENANT_ID"},
                "clientSecret": {"property": "AZ_CLIENT_SECRET"},
                "subscriptionId": {"property": "AZ_SUBSCRIPTION_ID"},
            }
        },
        data={
            "AZURE_CLIENT_ID": "cid",
            "AZURE_TENANT_ID": "t",
            "AZURE_CLIENT_SECRET": "cs",
            "AZURE_SUBSCRIPTION_ID": "sub",
        },
    ),
    "A04": produced(
        "workload identity", "azure", form={"workloadIdentity": {"clientId": "cid", "tenantId": "t"}}
    ),
    "A05": normalised(
        "KServe does not emit the account's name in this mode, so it is not written",
        "azure",
        form={"accountKey": {}},
        data={"AZURE_STORAGE_ACCESS_KEY": "a2V5"},
    ),
    "A07": refused(
        "two ways at once: the storage initializer would take the client id and ignore the key",
        "azure",
        form={"workloadIdentity": {"clientId": "cid", "tenantId": "t"}, "accountKey": {}},
        reason=Reason.MAPPING_INVALID,
    ),
    "H01": normalised(
        "the same headers, as compact JSON",
        "https",
        form={"host": "example.com", "headers": {"account-name": {}, "secret-key": {}}},
        remote={"account-name": "n", "secret-key": 'k"q'},
        data={"https-host": "example.com", "headers": '{"account-name":"n","secret-key":"k\\"q"}'},
    ),
    "H03": refused(
        "a host without headers gives nothing",
        "https",
        form={"host": "example.com"},
        reason=Reason.MAPPING_INVALID,
    ),
    "H04": refused(
        "headers are looked up without the port and would never be found",
        "https",
        form={"host": "example.com:8443", "bearerToken": {}},
        reason=Reason.MAPPING_INVALID,
    ),
    "H05": produced(
        "two hosts on one ServiceAccount go together",
        "https",
        form={"host": "a.com", "headers": {"x": {}}},
        remote={"x": "1"},
    ),
    "D01": produced(
        "the keytab's bytes are not touched",
        "hdfs",
        form={
            "namenode": "https://nn1:9871;https://nn2:9871",
            "kerberosPrincipal": {"property": "KERBEROS_PRINCIPAL"},
        },
    ),
    "F01": produced("the hub's token", "huggingFace"),
    "F02": normalised("the newline is taken off", "huggingFace", data={"HF_TOKEN": "hf_abc"}),
    "F04": produced("two on one ServiceAccount are legal, the last one wins", "huggingFace"),
    "M01": produced("KServe after v0.20", "modelScope"),
    "T01": produced(
        "KServe skips it: an opaque Secret, bound to nothing",
        "opaque",
        form={"data": {"GIT_USERNAME": {}, "GIT_PASSWORD": {}}},
    ),
    "T02": refused(
        "KServe skips it, as it should; this one has no registry in it, so no image could be pulled",
        "dockerConfig",
        form={"configJson": {"property": ".dockerconfigjson"}},
        reason=Reason.INVALID_VALUE,
    ),
    "X01": not_ours("a Secret is bound after it was written, so syncd leaves no dangling name"),
    "X02": not_ours("the pod's annotation is the workload's; the Secret that it names is as F01"),
    "X04": not_ours("a ServiceAccount that is missing holds back its binding: `ServiceAccountNotFound`"),
    "P01": normalised(
        "flag in lower case", "s3", form=_PLAIN_S3, remote=KEYS, bucket="b", entry=_PLAIN_ENTRY
    ),
    "P02": normalised(
        "the entry as P01; the other bucket is the workload's parameter",
        "s3",
        form=_PLAIN_S3,
        remote=KEYS,
        bucket="b",
        entry=_PLAIN_ENTRY,
    ),
    "P03": normalised(
        "the flag as text, which is read with and without the workload's `type`",
        "s3",
        form={"verifySSL": "false", "caBundleConfigMap": "ca"},
        remote=KEYS,
        bucket="b",
        entry=_NO_VERIFY | {"cabundle_configmap": "ca"},
    ),
    "P04": normalised(
        "a flag is text", "s3", form={"verifySSL": "false"}, remote=KEYS, bucket="b", entry=_NO_VERIFY
    ),
    "P06": normalised(
        "a number is text", "s3", form={"verifySSL": "false"}, remote=KEYS, bucket="b", entry=_NO_VERIFY
    ),
    "P07": not_ours(_JSON_IS_OURS),
    "P08": not_ours(_JSON_IS_OURS),
    "P10": refused(
        "KServe reads no gcs in storage-config",
        "gcs",
        form={"credentials": {"whole": "true"}},
        remote={WHOLE: SERVICE_ACCOUNT},
        bucket="b",
        reason=Reason.MAPPING_INVALID,
    ),
    "P11": not_ours("the workload's `type` overrides the entry; KServe would then read anonymously"),
    "P12": refused(
        "KServe reads no hf in storage-config, whatever its sample says",
        "huggingFace",
        remote={"token": "hf_x"},
        bucket="b",
        reason=Reason.MAPPING_INVALID,
    ),
    "P14": produced(
        "a keytab, encoded once",
        "hdfs",
        form={"namenode": "http://nn:50070"},
        remote={"KERBEROS_KEYTAB": base64.b64decode("BQI=")},
        entry={"type": "hdfs", "HDFS_NAMENODE": "http://nn:50070", "KERBEROS_KEYTAB": "BQI="},
    ),
    "P16": not_ours("the workload names a key that nobody asked for"),
    "P17": normalised(
        "the key may be `default_s3`", "s3", form=_PLAIN_S3, remote=KEYS, bucket="b", entry=_PLAIN_ENTRY
    ),
    "P19": not_ours("the workload asks for storage without saying which"),
    "P20": not_ours("a public bucket needs no credential"),
    "P21": not_ours("the workload names a key where nobody asked for entries"),
    "P23": not_ours(_JSON_IS_OURS),
    "P25": not_ours(_JSON_IS_OURS),
    "P26": not_ours("the workload's empty `type` takes the credential away; the entry is as P01"),
}
