"""How a secret of Secret Manager is written in the mapping, and what the API calls it.

Forms: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create (secretId),
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#Secret (versionAliases).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreMisconfigured

if TYPE_CHECKING:
    from syncd.model.secret import SecretRef
    from syncd.stores.gcp.settings import GcpSettings

LATEST: Final = "latest"

_SECRET: Final = re.compile(
    r"(?:projects/(?P<project>[a-z0-9][a-z0-9.:-]*)/(?:locations/(?P<location>[a-z0-9-]+)/)?secrets/)?"
    r"(?P<id>[A-Za-z0-9_-]{1,255})"
)
_VERSION: Final = re.compile(r"[1-9][0-9]{0,18}|[A-Za-z][A-Za-z0-9_-]{0,62}")
_ANSWERED: Final = re.compile(
    r"projects/[^/]+/(?:locations/[^/]+/)?secrets/(?P<id>[^/]+)/versions/(?P<version>[1-9][0-9]*)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """One secret: `secret` is its resource name, `id` the last segment of it."""

    secret: str
    id: str

    def version(self, version: str | None) -> str:
        """Return the resource name of a version; the newest when None."""
        return f"{self.secret}/versions/{version or LATEST}"

    def answered(self, resource: str) -> str | None:
        """Return the version's number in the name of an answer; None when it names something else.

        The project may be written otherwise than it was asked for: Google answers with its number.
        """
        match = _ANSWERED.fullmatch(resource)
        return match["version"] if match is not None and match["id"] == self.id else None


def checked_name(ref: SecretRef, settings: GcpSettings) -> Name:
    """Return what the API calls this secret: an id in the store's project, or a full resource name.

    Raises:
        StoreMisconfigured: for what would name something else than a secret there.

    """
    match = _SECRET.fullmatch(ref.secret)
    if match is None:
        raise StoreMisconfigured(
            f"{ref}: is no secret's name: write its id (letters, digits, - and _, at most 255), or"
            " projects/PROJECT/secrets/ID for one in another project, without a version"
        )
    if match["project"] is not None and match["location"] != settings.location:
        here = f"in {settings.location}" if settings.location else "global"
        raise StoreMisconfigured(f"{ref}: this store's secrets are {here}; see its `location`")
    project = match["project"] or settings.project
    region = f"/locations/{settings.location}" if settings.location else ""
    return Name(f"projects/{project}{region}/secrets/{match['id']}", match["id"])


def checked_version(ref: SecretRef) -> str | None:
    """Return the pinned version, a number or an alias; None when it is not pinned.

    Raises:
        StoreMisconfigured: for what is neither.

    """
    if ref.version is None:
        return None
    if not _VERSION.fullmatch(ref.version):
        raise StoreMisconfigured(
            f"{ref}: a version is a number from 1 on or an alias; leave it out for the newest one"
        )
    return ref.version
