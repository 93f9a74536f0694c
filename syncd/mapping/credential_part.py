"""`credentials.<name>`: what becomes which kind where. The part of its kind belongs to the kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, create_model

from syncd.kserve.kinds import KINDS
from syncd.mapping.credential import DeletionPolicy, Policy
from syncd.mapping.schedule_part import SchedulePart
from syncd.mapping.target_part import TargetPart
from syncd.schema.part import DnsLabel, Flag, NonEmpty, Part, Seconds

if TYPE_CHECKING:
    from syncd.kserve.kinds.interface import Kind, KindPart


class FromPart(Part):
    """The remote secret that fields come from."""

    store: DnsLabel
    """Name of a store under `stores`."""
    secret: NonEmpty
    """Path or name of the secret, as the store has it. Placeholders may stand in it."""
    version: NonEmpty | None = None
    """Pins a version; left out, the newest."""
    optional: Flag = False
    """A missing secret is no alarm."""
    settle: Seconds | None = None
    """How long a pair whose halves are in two secrets may be half rotated; default 10m, `0s`: not at all."""


class DeletionPolicyPart(Part):
    """What happens to what syncd wrote when its reason goes away."""

    when_unmapped: Policy | None = None
    """When it leaves the mapping: `Retain` leaves it, `Delete` unbinds and deletes it. Default Retain."""
    when_secret_not_found: Policy | None = None
    """When the store says that the secret is gone. Default Retain."""

    def over(self, defaults: DeletionPolicy) -> DeletionPolicy:
        """Return the policy, with what is left out from the defaults."""
        return DeletionPolicy(
            self.when_unmapped or defaults.when_unmapped,
            self.when_secret_not_found or defaults.when_secret_not_found,
        )


class CredentialBase(Part):
    """One credential, under a name of yours: where it comes from, exactly one kind, where it goes."""

    from_: FromPart | None = Field(default=None, alias="from")
    """Where the fields come from. Left out by credentials that need no secret."""
    to: tuple[TargetPart, ...] = Field(min_length=1)
    """Where it goes; a namespace may be matched by one target only."""
    schedule: SchedulePart | None = None
    """When it is read again; default `defaults.schedule`."""
    deletion_policy: DeletionPolicyPart = Field(default_factory=DeletionPolicyPart)
    """What happens when it goes away; default `defaults.deletionPolicy`."""
    suspend: Flag = False
    """Leave everything of this credential as it is."""
    renamed_from: DnsLabel | None = None
    """Former name of this entry, so that a rename is no removal."""


def _summary(part: type[Part]) -> str:
    return (part.__doc__ or "").strip().split("\n", maxsplit=1)[0]


_KINDS: Final[dict[str, Any]] = {
    name: (Annotated[kind.part | None, Field(alias=name, description=_summary(kind.part))], None)
    for name, kind in KINDS.items()
}

CredentialPart: Final[type[CredentialBase]] = create_model(
    "CredentialPart", __base__=CredentialBase, __doc__=CredentialBase.__doc__, **_KINDS
)
"""The part with a field for each kind."""


def kinds_of(part: CredentialBase) -> list[tuple[Kind, KindPart]]:
    """Return the kinds that are given, with their parts; it should be one."""
    found = ((kind, getattr(part, name)) for name, kind in KINDS.items())
    return [(kind, cast("KindPart", kind_part)) for kind, kind_part in found if kind_part is not None]
