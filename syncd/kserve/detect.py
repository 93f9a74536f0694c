"""What KServe takes a Secret for: the first key in its builder's order decides, all other keys are ignored.

Source: KServe v0.19.0 `pkg/credentials/service_account_credentials.go`, `mountSecretCredential`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.model.names import KSERVE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.kserve.cluster_config import KServeConfig

ROLE_ARN: Final = "eks.amazonaws.com/role-arn"
"""Annotation of a ServiceAccount that makes KServe read its `s3-*` annotations; alone they are ignored."""

_S3_SETTINGS: Final = KSERVE_PREFIX + "s3-"

_FIXED: Final = (
    ("AZ_CLIENT_ID", "azure"),
    ("AZURE_CLIENT_ID", "azure"),
    ("AZURE_ACCESS_TOKEN", "azure"),
    ("AZURE_STORAGE_ACCESS_KEY", "azure"),
    ("https-host", "https"),
    ("HDFS_NAMENODE", "hdfs"),
    ("HF_TOKEN", "huggingFace"),
    # After v0.20.0; KServe before it skips such a Secret.
    ("MODELSCOPE_API_TOKEN", "modelScope"),
)


def part_of_role(annotation: str) -> bool:
    """Tell whether KServe reads this annotation of a ServiceAccount as part of one S3 credential by role."""
    return annotation == ROLE_ARN or annotation.startswith(_S3_SETTINGS)


def detection_order(config: KServeConfig) -> tuple[tuple[str, str], ...]:
    """Return (data key, kind of the mapping) in the order in which KServe looks."""
    return (
        (config.s3_secret_access_key_name, "s3"),
        (config.gcs_credential_file_name, "gcs"),
        *_FIXED,
    )


def deciding_key(keys: Iterable[str], config: KServeConfig) -> str | None:
    """Return the data key by which KServe recognises the Secret; None when it skips it."""
    present = frozenset(keys)
    return next((key for key, _ in detection_order(config) if key in present), None)


def detect(keys: Iterable[str], config: KServeConfig) -> str | None:
    """Return the mapping's name of the kind that KServe takes a Secret with these keys for; None for none.

    Only the keys count: KServe takes a Secret with an empty value under a deciding key for that kind as well.
    """
    present = frozenset(keys)
    return next((kind for key, kind in detection_order(config) if key in present), None)
