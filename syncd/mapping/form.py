"""What is in force as it was written: kept across restarts, and told apart by a digest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from syncd.mapping.settings import Form
from syncd.model.names import CredentialId
from syncd.model.secret import StoreName

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from syncd.mapping.credential import Credential
    from syncd.mapping.merge import Entry, Merged
    from syncd.mapping.tree import Plain


def form_of(merged: Merged, entries: Mapping[str, Entry], accepted: Collection[CredentialId]) -> Form:
    """Return the form of an accepted mapping.

    Args:
        merged: the mapping itself; what is not accepted is in the digest by its name only.
        entries: its credentials and those of included files.
        accepted: the credentials that are right.

    """
    settings = {key: node.plain() for key, node in merged.settings.items()}
    stores = {StoreName(name): entry.node.plain() for name, entry in merged.stores.items()}
    credentials = {name: entries[name].node.plain() for name in accepted}
    own: dict[str, Plain] = {name: credentials.get(CredentialId(name)) for name in merged.credentials}
    return Form(settings, stores, credentials, _digest(settings, stores, own))


def pinned(plain: Plain, credential: Credential) -> Plain:
    """Return the form of one credential with what it has from `defaults` written out: those may change."""
    if not isinstance(plain, dict):
        return plain
    deletion, schedule = credential.deletion, credential.schedule
    written: dict[str, Plain] = {
        "deletionPolicy": {
            "whenUnmapped": deletion.when_unmapped,
            "whenSecretNotFound": deletion.when_secret_not_found,
        }
    }
    if credential.sources and schedule.cron is not None:
        cron: dict[str, Plain] = {"cron": schedule.cron}
        written["schedule"] = cron if schedule.time_zone is None else {**cron, "timeZone": schedule.time_zone}
    elif credential.sources and schedule.interval is not None:
        written["schedule"] = {"interval": f"{schedule.interval:.0f}s"}
    return {**plain, **written}


def _digest(*parts: Mapping[str, Plain] | Mapping[StoreName, Plain]) -> str:
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
