"""Which bindings on one ServiceAccount would break each other.

S3: KServe merges the environment of all S3 Secrets of a ServiceAccount by name, keys from the first and
endpoint, region and flags from the last, so the keys of one go to the endpoint of the other. A role
(annotation `eks.amazonaws.com/role-arn`) with an S3 Secret is the same case: the ServiceAccount's settings
stay in force where the Secret has none, and the Secret's keys are used instead of the role by every workload.
GCS and HDFS: the same path is mounted twice, which the API server refuses: no pod starts.
Two Azure, Hugging Face or ModelScope Secrets, or two of one HTTPS host, are legal: the last one wins.

Source: KServe v0.19.0 `pkg/credentials/service_account_credentials.go` and `pkg/utils` (`MergeEnvs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.kserve.detect import ROLE_ARN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.model.names import CredentialId

_BECAUSE: Final = {
    "s3": "KServe would send the keys of one to the endpoint of the other",
    "gcs": "KServe would mount /var/secrets/ twice and every pod would be refused",
    "hdfs": "KServe would mount /var/secrets/kserve-hdfscreds twice and every pod would be refused",
}

EXCLUSIVE: Final = frozenset(_BECAUSE)
"""Kinds of which a ServiceAccount can have one only."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """Something on a ServiceAccount that gives its pods a credential.

    `name` is a Secret of its list `secrets`, or `ROLE_ARN` for the annotation; `kind` is what KServe takes it
    for (None: nothing); `credential` is the owner, None when it is not ours.
    """

    name: str
    kind: str | None
    credential: CredentialId | None = None

    def __str__(self) -> str:
        """Return how messages call it."""
        what = f"annotation {self.name}" if self.name == ROLE_ARN else f"Secret {self.name}"
        whose = "not ours" if self.credential is None else f"credential {self.credential}"
        return f"{what} ({whose})"


def role(credential: CredentialId | None) -> Occupant:
    """Return the occupant that stands for a role on the ServiceAccount."""
    return Occupant(ROLE_ARN, "s3", credential)


@dataclass(frozen=True, slots=True)
class Clash:
    """A newcomer that must not be bound, and what holds its place."""

    newcomer: Occupant
    holder: Occupant
    kind: str

    @property
    def message(self) -> str:
        """Say what clashes and why, without a full stop."""
        return f"{self.newcomer} and {self.holder} are both {self.kind}: {_BECAUSE[self.kind]}"


def clashes(bound: Iterable[Occupant], wanted: Iterable[Occupant]) -> tuple[Clash, ...]:
    """Return the newcomers of one ServiceAccount to refuse, in the order of `wanted`.

    Args:
        bound: what is there now, in the order of its list, ours and others'. All of it stays, even where it
            already clashes: taking it away could break what works.
        wanted: what should be there. Names in `bound` are no newcomers. Earlier ones win over later ones.

    """
    holders: dict[str, Occupant] = {}
    present: set[str] = set()
    for occupant in bound:
        present.add(occupant.name)
        if occupant.kind in _BECAUSE:
            holders.setdefault(occupant.kind, occupant)
    found = []
    for newcomer in wanted:
        if newcomer.name in present or newcomer.kind not in _BECAUSE:
            continue
        holder = holders.setdefault(newcomer.kind, newcomer)
        if holder.name != newcomer.name:
            found.append(Clash(newcomer, holder, newcomer.kind))
    return tuple(found)
