"""What names a secret in Secrets Manager: a name or an ARN, and a version id or a stage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreMisconfigured

if TYPE_CHECKING:
    from syncd.model.secret import SecretRef

_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
"""Source: Secrets Manager API reference, CreateSecret, `Name`."""
_ARN: Final = re.compile(r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:(?P<name>.+)")
_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager adds to a name to make an ARN of it."""
_VERSION_ID: Final = re.compile(r"[A-Za-z0-9-]{32,64}")
"""Source: API reference, `VersionId`: 32 to 64 characters; a UUID unless the writer chose another."""
_LONGEST_STAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked reference: what is sent as `SecretId`, and how the version is pinned."""

    ref: SecretRef
    version_id: str | None = None
    stage: str | None = None

    @property
    def id(self) -> str:
        """Name or ARN, as the user wrote it."""
        return self.ref.secret

    @property
    def pinned(self) -> bool:
        """Whether a version is asked for."""
        return self.ref.version is not None

    def resource(self, region: str) -> str:
        """Return the ARN as a policy has it."""
        if self.id.startswith("arn:"):
            return self.id
        return f"arn:aws:secretsmanager:{region}:*:secret:{self.id}-??????"


def wanted(ref: SecretRef, region: str) -> Wanted:
    """Check a reference before anything is asked.

    Raises:
        StoreMisconfigured: when this can be no secret of this store, or its version no version.

    """
    arn = _ARN.fullmatch(ref.secret)
    if arn is not None and arn["region"] != region:
        raise StoreMisconfigured(
            f"{ref}: is in region {arn['region']}, this store in {region}: each region is a store of its own"
        )
    if not _NAME.fullmatch(arn["name"] if arn is not None else ref.secret):
        raise StoreMisconfigured(
            f"{ref}: is neither a name (1 to 512 of A-Z a-z 0-9 / _ + = . @ -) nor an ARN of a secret"
        )
    if ref.version is None:
        return Wanted(ref)
    if not 0 < len(ref.version) <= _LONGEST_STAGE:
        raise StoreMisconfigured(
            f"{ref}: the version is neither an id (32 to 64 letters, digits and dashes) nor a stage"
        )
    if _VERSION_ID.fullmatch(ref.version):
        return Wanted(ref, version_id=ref.version)
    return Wanted(ref, stage=ref.version)


def name_in(arn: str) -> str:
    """Return the part of an ARN that may be a name, or a name and the suffix; "" if it is no ARN."""
    match = _ARN.fullmatch(arn)
    return match["name"] if match is not None else ""


def without_suffix(text: str) -> str:
    """Return an ARN, or its name, without the six characters that Secrets Manager has added."""
    return _SUFFIX.sub("", text)
