"""S3 and what speaks its protocol: AWS, MinIO, Ceph, R2.

Written as `host[:port]` with an explicit `s3-usehttps`, which every KServe version reads the same way.

Source: KServe v0.19.0 `pkg/credentials/s3/{s3_secret,s3_service_account,utils}.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import Field, model_validator

from syncd.kserve.detect import ROLE_ARN
from syncd.kserve.kinds import checks
from syncd.kserve.kinds.fields import (
    Endpoint,
    KeyId,
    ObjectName,
    Path,
    Region,
    RoleArn,
    Secret,
    inputs_of,
    usual_names,
)
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.kserve.storage_config import entry_value
from syncd.model.names import KSERVE_PREFIX
from syncd.model.reasons import Reason
from syncd.schema.part import Flag  # noqa: TC001 - pydantic reads it
from syncd.schema.source import SourceSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.secret import SecretValue

USUAL: Final = {
    "accessKeyId": usual_names(
        "accessKeyId",
        "AWS_ACCESS_KEY_ID",
        "access_key_id",
        also=("access_key", "accesskey"),
    ),
    "secretAccessKey": usual_names(
        "secretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "secret_access_key",
        also=("secret_key", "secretkey"),
    ),
    # Looked for only to refuse it: nothing in KServe reads a session token.
    "sessionToken": usual_names("sessionToken", "AWS_SESSION_TOKEN", also=("security_token",)),
}

_NO_SESSION_TOKEN: Final = (
    "KServe reads no session token, so temporary keys cannot work; use a long-lived access key or roleArn"
)
_DEFAULT_REGION: Final = "us-east-1"
_CA_FILE: Final = "/cabundle.crt"
_VERIFY: Final = {"true": "1", "false": "0"}


class S3Part(KindPart):
    """S3, MinIO and other stores of that protocol: an access key, anonymous access, or a role."""

    access_key_id: KeyId | None = None
    """Access key id (`AWS_ACCESS_KEY_ID`, or the name that inferenceservice-config gives it). Left out: the
    first of its usual names in the secret. Temporary ones (`ASIA…`) are refused."""
    secret_access_key: Secret | None = None
    """Secret access key (`AWS_SECRET_ACCESS_KEY`). Left out: the first of its usual names in the secret."""
    endpoint: Endpoint | None = None
    """Address of the server, `https://host[:port]` or `http://host[:port]`; without a scheme it is https.
    KServe: `s3-endpoint` and `s3-usehttps`; `endpoint_url` in storage-config. Left out: AWS."""
    region: Region | None = None
    """Region (`s3-region`). Default: `us-east-1` where an endpoint is given, else it is not written."""
    verify_ssl: Flag | None = Field(default=None, alias="verifySSL")
    """Whether the server's certificate is verified (`s3-verifyssl`). Left out: KServe's default, true."""
    use_virtual_bucket: Flag | None = None
    """Whether the bucket is part of the host name (`s3-usevirtualbucket`). Default: false where an endpoint
    is given (KServe's agent would otherwise take true), else it is not written."""
    use_accelerate: Flag | None = None
    """Whether AWS transfer acceleration is used (`s3-useaccelerate`). Left out: KServe's default, false."""
    use_anonymous_credential: Flag | None = None
    """Reads without signing (`s3-useanoncredential`). True needs no `from` and writes both keys empty, since
    KServe does not recognise the Secret without them."""
    ca_bundle: Path | None = None
    """Path in the pod, not a certificate, of the CA bundle (`s3-cabundle`). With `caBundleConfigMap` the file
    is called cabundle.crt."""
    ca_bundle_config_map: ObjectName | None = None
    """ConfigMap in the workload's namespace whose `cabundle.crt` KServe mounts (`s3-cabundle-configmap`)."""
    role_arn: RoleArn | None = None
    """IAM role, keyless: written as annotation `eks.amazonaws.com/role-arn` on the ServiceAccount with the
    `s3-*` annotations, which KServe reads there only beside a role. No Secret is written."""

    @model_validator(mode="before")
    @classmethod
    def _no_session_token(cls, tree: object) -> object:
        if isinstance(tree, dict) and "sessionToken" in tree:
            raise ValueError(f"sessionToken: {_NO_SESSION_TOKEN}")
        return tree

    @model_validator(mode="after")
    def _one_way_in(self) -> S3Part:
        keys = self.access_key_id is not None or self.secret_access_key is not None
        if self.use_anonymous_credential and (keys or self.role_arn is not None):
            raise ValueError("useAnonymousCredential: true goes with neither keys nor roleArn")
        if self.role_arn is None:
            return self
        if keys:
            raise ValueError("roleArn needs no keys, and KServe would use the keys instead of it")
        if any(isinstance(value, SourceSpec) for value in self._settings().values()):
            raise ValueError("roleArn reads no secret, so every field beside it is written out here")
        return self

    def _settings(self) -> dict[str, str | bool | SourceSpec | None]:
        return {
            "endpoint": self.endpoint,
            "region": self.region,
            "verifySSL": self.verify_ssl,
            "useVirtualBucket": self.use_virtual_bucket,
            "useAccelerate": self.use_accelerate,
            "useAnonymousCredential": self.use_anonymous_credential,
            "caBundle": self.ca_bundle,
            "caBundleConfigMap": self.ca_bundle_config_map,
            "roleArn": self.role_arn,
        }

    def inputs(self) -> Inputs:
        """Ask for both keys, and for a session token to refuse it; for no key with a role or anonymously."""
        settings = self._settings()
        if self.use_anonymous_credential or self.role_arn is not None:
            return inputs_of(settings, USUAL)
        settings["accessKeyId"] = self.access_key_id
        settings["secretAccessKey"] = self.secret_access_key
        if self.access_key_id is not None and self.secret_access_key is None:
            # The secret may be the bare secret key; its payload then has no names to look a token up by.
            return inputs_of(settings, USUAL, whole="secretAccessKey")
        settings["sessionToken"] = None
        return inputs_of(settings, USUAL, optional=frozenset({"sessionToken"}))


def _compose(values: Values, entry: EntrySettings | None, config: KServeConfig) -> Rendered:
    settings = _settings(values)
    if values.has("roleArn"):
        return _by_role(values, settings, entry)
    anonymous = settings.get("useAnonymousCredential") == "true"
    key_id, key = ("", "") if anonymous else _keys(values)
    return Rendered(
        detects_as="s3",
        exclusive=True,
        type="Opaque",
        data={
            config.s3_access_key_id_name: secret(key_id),
            config.s3_secret_access_key_name: secret(key),
        },
        annotations=_annotations(settings),
        entry=None if entry is None else _entry(values, settings, {"id": key_id, "key": key}, entry),
    )


def _by_role(values: Values, settings: Mapping[str, str], entry: EntrySettings | None) -> Rendered:
    if entry is not None:
        values.refuse(
            "storageConfig",
            Reason.MAPPING_INVALID,
            "cannot hold a role: an entry of storage-config has keys or is anonymous",
        )
    return Rendered(
        detects_as=None,
        exclusive=False,
        type="Opaque",
        data=None,
        account_annotations={
            ROLE_ARN: values.text("roleArn", checks.role_arn),
            **_annotations(settings),
        },
        bind_to=None,
    )


def _keys(values: Values) -> tuple[str, str]:
    """Read both keys; temporary ones are refused, since the token that belongs to them is read by nobody."""
    if values.has("sessionToken") and not values.is_blank("sessionToken"):
        values.refuse("sessionToken", Reason.TEMPORARY_CREDENTIAL, _NO_SESSION_TOKEN)
    key_id = values.text("accessKeyId", checks.token)
    if key_id.startswith("ASIA"):
        values.refuse(
            "accessKeyId",
            Reason.TEMPORARY_CREDENTIAL,
            f"begins with ASIA, as temporary keys do: {_NO_SESSION_TOKEN}",
        )
    return key_id, values.text("secretAccessKey")


def _settings(values: Values) -> dict[str, str]:
    """Read what is no key: field → checked text, with the defaults that an endpoint brings."""
    read = {
        "endpoint": values.optional("endpoint", checks.s3_endpoint),
        "region": values.optional("region", checks.region),
        "caBundle": values.optional("caBundle", checks.absolute_path),
        "caBundleConfigMap": values.optional("caBundleConfigMap", checks.object_name),
        "verifySSL": values.optional("verifySSL"),
        "useVirtualBucket": values.optional("useVirtualBucket"),
        "useAccelerate": values.optional("useAccelerate"),
        "useAnonymousCredential": values.optional("useAnonymousCredential"),
    }
    settings = {name: text for name, text in read.items() if text}
    if "endpoint" in settings:
        settings = {
            "region": _DEFAULT_REGION,
            "useVirtualBucket": "false",
            **settings,
        }
    misnamed = not settings.get("caBundle", _CA_FILE).endswith(_CA_FILE)
    if "caBundleConfigMap" in settings and misnamed:
        values.refuse(
            "caBundle",
            Reason.INVALID_VALUE,
            "must end in /cabundle.crt: that key of caBundleConfigMap is what KServe mounts there",
        )
    return settings


def _annotations(settings: Mapping[str, str]) -> dict[str, str]:
    """Return KServe's annotations, the same on a Secret and on a ServiceAccount with a role."""
    scheme, _, authority = settings.get("endpoint", "").partition("://")
    named = {
        "s3-endpoint": authority,
        # Exactly "0" is http for KServe; anything else, "false" too, is https.
        "s3-usehttps": {"http": "0", "https": "1"}.get(scheme, ""),
        "s3-region": settings.get("region", ""),
        "s3-verifyssl": _VERIFY.get(settings.get("verifySSL", ""), ""),
        "s3-usevirtualbucket": settings.get("useVirtualBucket", ""),
        "s3-useaccelerate": settings.get("useAccelerate", ""),
        "s3-useanoncredential": settings.get("useAnonymousCredential", ""),
        "s3-cabundle": settings.get("caBundle", ""),
        "s3-cabundle-configmap": settings.get("caBundleConfigMap", ""),
    }
    return {KSERVE_PREFIX + name: text for name, text in named.items() if text}


def _entry(
    values: Values,
    settings: Mapping[str, str],
    keys: Mapping[str, str],
    entry: EntrySettings,
) -> SecretValue:
    for name in ("useVirtualBucket", "useAccelerate"):
        if settings.get(name) == "true":
            values.refuse(
                name,
                Reason.MAPPING_INVALID,
                "has no equivalent in storage-config; leave it out, or take storageConfig out of the target",
            )
    return entry_value(
        "s3",
        {
            "access_key_id": keys["id"],
            "secret_access_key": keys["key"],
            "endpoint_url": settings.get("endpoint"),
            "region": settings.get("region"),
            "bucket": entry.bucket,
            "verify_ssl": _VERIFY.get(settings.get("verifySSL", "")),
            "anonymous": settings.get("useAnonymousCredential"),
            "ca_bundle": settings.get("caBundle"),
            "cabundle_configmap": settings.get("caBundleConfigMap"),
        },
    )


KIND: Final = StorageKind(
    name="s3",
    part=S3Part,
    usual=USUAL,
    since="v0.2",
    compose=_compose,
    storage_config=True,
)
