"""The names that syncd puts on Kubernetes objects, and the small name types that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NewType

CredentialId = NewType("CredentialId", str)
"""Name of one entry under `credentials` in the mapping: a DNS label."""

Instance = NewType("Instance", str)
"""Name of this install (`--instance`): a DNS label of at most 50 characters."""

DOMAIN: Final = "syncd.dev/"
LABEL_INSTANCE: Final = DOMAIN + "instance"
LABEL_RELEASED: Final = DOMAIN + "released"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
TARGET: Final = DOMAIN + "target"
CREDENTIAL: Final = DOMAIN + "credential"
SOURCE: Final = DOMAIN + "source"
VERSION: Final = DOMAIN + "version"
WHEN_UNMAPPED: Final = DOMAIN + "when-unmapped"
WHEN_SECRET_NOT_FOUND: Final = DOMAIN + "when-secret-not-found"
BOUND_TO: Final = DOMAIN + "bound-to"
REFRESH_REQUESTED: Final = DOMAIN + "refresh-requested"
PAUSED: Final = DOMAIN + "paused"
KSERVE_PREFIX: Final = "serving.kserve.io/"


def entries_annotation(instance: Instance) -> str:
    """Return the annotation on `storage-config` that records which entries are ours."""
    return f"{DOMAIN}entries.{instance}"


def annotations_annotation(instance: Instance) -> str:
    """Return the annotation on a ServiceAccount that records which of its annotations are ours."""
    return f"{DOMAIN}annotations.{instance}"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Name of a namespaced object; its kind is known from where the reference stands."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where in the user's mapping something stands; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str

    def __str__(self) -> str:
        """Return `file:line:column: path`, as compilers print it; without a path for the whole file."""
        return f"{self.file}:{self.line}:{self.column}" + (f": {self.path}" if self.path else "")


@dataclass(frozen=True, slots=True, order=True)
class PlacementId:
    """One credential in one namespace: the unit of work, refusal and metrics."""

    credential: CredentialId
    namespace: str

    def __str__(self) -> str:
        """Return `credential in namespace`."""
        return f"{self.credential} in {self.namespace}"
