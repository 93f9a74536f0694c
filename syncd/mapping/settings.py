"""What an accepted mapping says besides its credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.mapping.credential import Credential
    from syncd.mapping.tree import Plain
    from syncd.model.names import CredentialId, Origin
    from syncd.model.secret import StoreName

StoreType = Literal[
    "vault",
    "awsSecretsManager",
    "gcpSecretManager",
    "azureKeyVault",
    "kubernetes",
    "file",
]
Mode = Literal["enforce", "observe", "paused"]

EXPIRY_WARNING: Final = 14 * 86_400.0
"""Seconds before its expiry at which a secret is warned about, unless `defaults.expiryWarning` says so."""

FEWEST: Final = 5
"""A share of what we own is never fewer things than this."""


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """Bounds of the requests to one store: `timeout` in seconds."""

    timeout: float = 10.0
    concurrency: int = 8
    per_second: float = 50.0


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One configured store; `settings` is the pydantic part of its type.

    `allowed_secrets` are shell patterns (`*` crosses `/`), checked once placeholders are filled; none: all.
    """

    name: StoreName
    type: StoreType
    settings: Any
    allowed_secrets: tuple[str, ...] = ()
    requests: RequestSettings = field(default_factory=RequestSettings)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a mapping, or worth a warning: where, what, and what to do.

    `credential` is set when only that entry is affected, `include` (`NAMESPACE/NAME`) when it is about an
    included ConfigMap. No text quotes a value that could be a secret.
    """

    origin: Origin
    message: str
    hint: str = ""
    credential: CredentialId | None = None
    severity: Literal["error", "warning"] = "error"
    include: str | None = None

    def __str__(self) -> str:
        """Return `file:line:column: path: message; hint`."""
        return f"{self.origin}: {self.message}" + (f"; {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many things may change within an hour: a number of them, or a share in percent of what we own."""

    amount: int
    unit: Literal["percent", "things"] = "percent"

    def of(self, owned: int) -> int:
        """Return how many that is where so many things are ours; a share is never under `FEWEST`."""
        return max(FEWEST, owned * self.amount // 100) if self.unit == "percent" else self.amount

    def __str__(self) -> str:
        """Return it as the mapping says it."""
        return f"{self.amount}%" if self.unit == "percent" else str(self.amount)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may go, or change its shape, within an hour before it is held until somebody confirms it."""

    removals: Limit = Limit(10)
    reshapes: Limit = Limit(20)


@dataclass(frozen=True, slots=True)
class Form:
    """What is in force as it was written, without places: from this it can be read again.

    `digest` tells the mapping that was read last from every other, included files left aside.
    """

    settings: Mapping[str, Plain] = field(default_factory=dict)
    stores: Mapping[StoreName, Plain] = field(default_factory=dict)
    credentials: Mapping[CredentialId, Plain] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class MappingDocument:
    """An accepted mapping: what is in force.

    `refused` are credentials that are in the text and not in force: what they wrote is not left over.
    `unread` are namespaces in which included files may have credentials that are not known now: there, too,
    nothing is left over. `trusted_labels` are label keys or `prefix/*` patterns. `form` is what is in force
    as it was written. `expiry_warning` is how many seconds before its expiry a secret is warned about.
    """

    stores: Mapping[StoreName, StoreSettings]
    credentials: Mapping[CredentialId, Credential]
    trusted_labels: tuple[str, ...] = ("syncd.dev/*",)
    mode: Mode = "enforce"
    refused: frozenset[CredentialId] = frozenset()
    limits: Limits = Limits()
    unread: frozenset[str] = frozenset()
    form: Form = field(default_factory=Form, compare=False)
    expiry_warning: float = EXPIRY_WARNING


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the credentials of one included ConfigMap (`NAMESPACE/NAME`) may do.

    `namespaces` are those that their targets may be in, `secrets` store → patterns of what they may read.
    """

    config_map: str
    namespaces: frozenset[str]
    secrets: Mapping[StoreName, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Includes:
    """What a mapping includes: ConfigMap → bounds; `unread` are those of which nothing could be read.

    `owners`: credential → the include in whose text it stands, whether it is accepted or not.
    """

    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    owners: Mapping[CredentialId, str] = field(default_factory=dict)

    @property
    def unread_namespaces(self) -> frozenset[str]:
        """Where credentials may be that could not be read."""
        return frozenset(name for include in self.unread for name in self.bounds[include].namespaces)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a mapping gave: the document (None when it is not accepted at all) and every problem.

    `refused` are the credentials that are in the text and not in the document; `former` what those of them
    say that they were called before.
    """

    document: MappingDocument | None
    problems: tuple[Problem, ...] = ()
    refused: Mapping[CredentialId, tuple[Problem, ...]] = field(default_factory=dict)
    includes: Includes = field(default_factory=Includes)
    former: Mapping[CredentialId, CredentialId] = field(default_factory=dict)
