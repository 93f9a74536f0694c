"""Entries of the `storage-config` Secret: one key, one flat JSON object of strings.

Written so that every reader takes it: KServe's webhook (a map of strings, nothing else), its storage
initializer (no null, no empty string: an empty region makes a broken host name) and ModelMesh (it reads all).

Source: KServe v0.19.0 `CreateStorageSpecSecretEnvs` (`pkg/credentials/service_account_credentials.go`) and
`_update_with_storage_spec` (`python/storage/kserve_storage/kserve_storage.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.kserve.detect import deciding_key
from syncd.model.secret import SecretValue, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.kserve.kinds.interface import EntrySettings, StorageConfigType

DATA_KEY: Final = re.compile(r"(?!\.$)(?!\.\.)[-._a-zA-Z0-9]{1,253}")
"""What Kubernetes takes as a key of a Secret's data."""

_BUCKET: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")


def entry_value(storage_type: StorageConfigType, settings: Mapping[str, str | None]) -> SecretValue:
    """Return the JSON of an entry: strings only, ASCII, sorted keys; what is None or empty is left out."""
    present = {name: value for name, value in settings.items() if value}
    return SecretValue(canonical_json({"type": storage_type, **present}))


def entry_problems(entry: EntrySettings, config: KServeConfig) -> Mapping[str, str]:
    """Return field → what is wrong with it, as key and bucket stand after placeholders were filled in."""
    found = {}
    if deciding_key([entry.key], config) is not None:
        found["storageConfig.key"] = "is a name by which KServe recognises a Secret; choose another"
    if DATA_KEY.fullmatch(entry.key) is None:
        found["storageConfig.key"] = (
            "is not a key that a Secret can have: letters, digits, - _ . and at most 253"
        )
    if entry.bucket is not None and _BUCKET.fullmatch(entry.bucket) is None:
        found["storageConfig.bucket"] = "is not the name of a bucket: no scheme, no slash, no blanks"
    return found
