"""`inferenceservice-config`: the names that this cluster's KServe uses.

Source: KServe v0.19.0 `pkg/credentials/service_account_credentials.go` and `pkg/credentials/s3/s3_secret.go`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from syncd.model.errors import SyncdError
from syncd.model.reasons import Reason

_REMEDY: Final = "KServe itself stops on it; repair key `credentials` of ConfigMap inferenceservice-config"


class InvalidKServeConfig(SyncdError):
    """The `credentials` JSON cannot be understood; KServe's own controller panics on it."""

    reason: Reason = Reason.KSERVE_CONFIG_INVALID


@dataclass(frozen=True, slots=True)
class KServeConfig:
    """The part of the `credentials` JSON that decides how Secrets have to look.

    The defaults are what KServe ships (its kustomize base), not its defaults in code.
    `storage_secret_name_annotation` is only shown to users: its key differs by install method; empty means
    that the feature is off.
    """

    s3_access_key_id_name: str = "AWS_ACCESS_KEY_ID"
    s3_secret_access_key_name: str = "AWS_SECRET_ACCESS_KEY"
    gcs_credential_file_name: str = "gcloud-application-credentials.json"
    storage_spec_secret_name: str = "storage-config"
    storage_secret_name_annotation: str = "serving.kserve.io/storageSecretName"


def parse(text: str | None) -> KServeConfig:
    """Return the names in the text of `credentials`.

    None, a missing ConfigMap or key, gives what KServe ships. In a text that is there, whatever it leaves out
    or leaves empty gives KServe's default in code, which differs for the two S3 keys and the annotation.
    Field names are compared without case, and `null` is no value, as Go's decoder has it.

    Raises:
        InvalidKServeConfig: when it is no JSON object, or a field of it has another type; the error carries
            no part of the text.

    """
    if text is None:
        return KServeConfig()
    tree = _section(_load(text), "credentials")
    s3 = _section(tree.get("s3"), "s3")
    gcs = _section(tree.get("gcs"), "gcs")
    return KServeConfig(
        s3_access_key_id_name=_name(s3, "s3AccessKeyIDName", "awsAccessKeyID"),
        s3_secret_access_key_name=_name(s3, "s3SecretAccessKeyName", "awsSecretAccessKey"),
        gcs_credential_file_name=_name(gcs, "gcsCredentialFileName", "gcloud-application-credentials.json"),
        storage_spec_secret_name=_name(tree, "storageSpecSecretName", "storage-config"),
        storage_secret_name_annotation=_name(tree, "storageSecretNameAnnotation", ""),
    )


def _load(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_case)
    except (ValueError, RecursionError):
        pass
    raise InvalidKServeConfig(f"`credentials` is not JSON: {_REMEDY}")


def _without_case(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {name.lower(): value for name, value in pairs}


def _section(value: object, name: str) -> dict[str, object]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidKServeConfig(f"`{name}` is not a JSON object: {_REMEDY}")


def _name(section: dict[str, object], name: str, default: str) -> str:
    value = section.get(name.lower())
    if value is None:
        return default
    if isinstance(value, str):
        return value or default
    raise InvalidKServeConfig(f"`{name}` is not text: {_REMEDY}")
