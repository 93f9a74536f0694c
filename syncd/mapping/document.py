"""The mapping as one form: its settings, `stores` and `credentials`, composed of the parts of all rooms."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from syncd.mapping.credential import DeletionPolicy, Schedule
from syncd.mapping.credential_part import CredentialPart, DeletionPolicyPart
from syncd.mapping.kubernetes_names import LabelKeyPattern
from syncd.mapping.schedule_part import SchedulePart
from syncd.mapping.settings import EXPIRY_WARNING, Limit, Limits, Mode
from syncd.mapping.store_part import SecretPattern, StorePart
from syncd.schema.part import DnsLabel, Part, Seconds

API_VERSION: Final = "syncd.dev/v1alpha1"
KIND: Final = "Mapping"

Share = Annotated[
    str,
    StringConstraints(pattern=r"^(\d{1,6}|(\d{1,2}|100)%)$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^(\d{1,6}|(\d{1,2}|100)%)$"}),
]
"""A share such as `10%`, or a whole number of objects."""

ConfigMapName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9][-a-z0-9.]{0,252}$")
]
"""`NAMESPACE/NAME` of a ConfigMap."""


def _not_later(owner: str) -> str:
    if owner == "odh":
        raise ValueError("odh comes with a later release; this one writes storage-config itself: syncd")
    return owner


Owner = Annotated[Literal["syncd", "odh"], AfterValidator(_not_later)]


class DefaultsPart(Part):
    """What holds for every credential that does not say otherwise."""

    schedule: SchedulePart | None = None
    """When credentials are read again; default `{interval: 5m}`."""
    deletion_policy: DeletionPolicyPart = Field(default_factory=DeletionPolicyPart)
    """What happens to what syncd wrote when its reason goes away."""
    expiry_warning: Seconds | None = None
    """How long before its expiry a secret is warned about; default 14d."""

    def schedule_value(self) -> Schedule:
        """Return the schedule of credentials that have none."""
        return self.schedule.value() if self.schedule else Schedule()

    def deletion_value(self) -> DeletionPolicy:
        """Return the policy of credentials that have none."""
        return self.deletion_policy.over(DeletionPolicy())

    def expiry_value(self) -> float:
        """Return how many seconds before its expiry a secret is warned about."""
        return EXPIRY_WARNING if self.expiry_warning is None else self.expiry_warning


class LimitsPart(Part):
    """How much may go away or change its shape within an hour before it is held until somebody confirms."""

    removals: Share = "10%"
    """Objects, entries and bindings that may be removed; a share is never under 5 objects."""
    reshapes: Share = "20%"
    """Bound Secrets whose kind, annotations or key names may change; a share is never under 5 objects."""

    def value(self) -> Limits:
        """Return both limits."""
        return Limits(_limit(self.removals), _limit(self.reshapes))


def _limit(share: str) -> Limit:
    if share.endswith("%"):
        return Limit(int(share[:-1]), "percent")
    return Limit(int(share), "things")


class IncludePart(Part):
    """A further file of credentials, and what it may do."""

    config_map: ConfigMapName
    """`NAMESPACE/NAME` of the ConfigMap."""
    namespaces: tuple[DnsLabel, ...] = Field(min_length=1)
    """Namespaces that its targets may be in."""
    secrets: dict[DnsLabel, tuple[SecretPattern, ...]] = Field(min_length=1)
    """Store → patterns of the secrets that it may read."""


class HeaderPart(Part):
    """What a mapping says besides its stores and credentials."""

    defaults: DefaultsPart = Field(default_factory=DefaultsPart)
    """What holds for every credential that does not say otherwise."""
    limits: LimitsPart = Field(default_factory=LimitsPart)
    """How much may go away or change its shape within an hour."""
    trusted_namespace_labels: tuple[LabelKeyPattern, ...] = ("syncd.dev/*",)
    """Label keys, or `prefix/*`, that namespace selectors and `$(label:…)` may use."""
    storage_config_owner: Owner = "syncd"
    """Who writes `storage-config`."""
    mode: Mode = "enforce"
    """`observe` plans and reports and writes nothing; `paused` does nothing at all."""
    include: tuple[IncludePart, ...] = ()
    """Further files, each with what it may do."""


def _allow_extensions(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {"^x-": {"description": "Ignored: a home for anchors."}}


class MappingPart(HeaderPart):
    """Which remote secret becomes which KServe credential in which namespaces."""

    model_config = ConfigDict(title="Mapping", json_schema_extra=_allow_extensions)

    api_version: Literal["syncd.dev/v1alpha1"]
    """Version of this form."""
    kind: Literal["Mapping"]
    """Always `Mapping`."""
    stores: dict[DnsLabel, StorePart] = Field(default_factory=dict)
    """The secret stores, each under a name of yours."""
    credentials: dict[DnsLabel, CredentialPart] = Field(default_factory=dict)
    """The credentials, each under a name of yours, which appears in metrics, URLs and annotations."""
