"""`inferenceservice-config`: the names that this cluster's KServe uses.

Source: KServe v0.19.0 `pkg/credentials/service_account_credentials.go` and `pkg/credentials/s3/s3_secret.go`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KServeConfig:
    """The part of the `credentials` JSON that decides how Secrets have to look.

    The defaults are what KServe ships (its kustomize base), not its defaults in code.
    `storage_secret_name_annotation` is only shown to users: its key differs by install method.
    """

    s3_access_key_id_name: str = "AWS_ACCESS_KEY_ID"
    s3_secret_access_key_name: str = "AWS_SECRET_ACCESS_KEY"
    gcs_credential_file_name: str = "gcloud-application-credentials.json"
    storage_spec_secret_name: str = "storage-config"
    storage_secret_name_annotation: str = "serving.kserve.io/storageSecretName"
