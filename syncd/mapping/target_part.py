"""`to`: where a credential goes. Also the label selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from syncd.kserve.kinds.interface import EntrySettings
from syncd.mapping.credential import AccountChoice, Requirement, Selector
from syncd.mapping.kubernetes_names import DataKeyText, ForeignKey, LabelKey, LabelValue
from syncd.schema.part import DnsLabel, DnsSubdomain, Flag, NonEmpty, Part

if TYPE_CHECKING:
    from typing import Self


class RequirementPart(Part):
    """One requirement of a label selector, as Kubernetes has them."""

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label is compared with `values`."""
    values: tuple[LabelValue, ...] = ()
    """Values, for In and NotIn."""

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if bool(self.values) != (self.operator in {"In", "NotIn"}):
            raise ValueError("In and NotIn need values; Exists and DoesNotExist have none")
        return self


class SelectorPart(Part):
    """A label selector: all requirements hold, and there is at least one."""

    match_labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels and the values that they must have."""
    match_expressions: tuple[RequirementPart, ...] = ()
    """Further requirements."""

    @model_validator(mode="after")
    def _not_everything(self) -> Self:
        if not self.match_labels and not self.match_expressions:
            raise ValueError("matches everything; give at least one requirement")
        return self

    def label_keys(self) -> tuple[str, ...]:
        """Return the label keys that it looks at."""
        return (*self.match_labels, *(requirement.key for requirement in self.match_expressions))

    def value(self) -> Selector:
        """Return the selector that this asks for."""
        labels = [Requirement(key, "In", frozenset({value})) for key, value in self.match_labels.items()]
        expressions = [
            Requirement(part.key, part.operator, frozenset(part.values)) for part in self.match_expressions
        ]
        return Selector((*labels, *expressions))


class StorageConfigPart(Part):
    """An entry of the namespace's `storage-config` Secret, for `storage.key` of an InferenceService."""

    key: DataKeyText
    """Key of the entry. Placeholders may stand in it."""
    bucket: NonEmpty | None = None
    """Bucket of the models (s3); without it an InferenceService names one. Placeholders may stand in it."""

    def value(self) -> EntrySettings:
        """Return the settings that this asks for."""
        return EntrySettings(self.key, self.bucket)


class TargetPart(Part):
    """One target: namespaces, and what to write there."""

    namespaces: tuple[DnsLabel, ...] | None = Field(default=None, min_length=1)
    """Namespaces by name."""
    namespace_selector: SelectorPart | None = None
    """Namespaces by label, of `trustedNamespaceLabels` only; never `kube-*`, `openshift-*`, syncd's own."""
    secret: DnsSubdomain | None = None
    """Name of the Secret; left out, the credential's name."""
    service_accounts: tuple[DnsSubdomain, ...] = ()
    """ServiceAccounts, by name, that get the Secret on their list."""
    service_account_selector: SelectorPart | None = None
    """ServiceAccounts by label."""
    create_service_accounts: Flag = False
    """Create the named ServiceAccounts where they do not exist. They are never deleted."""
    service_account_annotations: dict[ForeignKey, str] = Field(default_factory=dict)
    """Annotations on those ServiceAccounts, such as `iam.gke.io/gcp-service-account`. Placeholders may
    stand in their values."""
    storage_config: StorageConfigPart | None = None
    """Also write an entry of `storage-config` (s3 and hdfs only: KServe reads no other kind there)."""
    adopt: Flag = False
    """Take over a Secret or entry that exists and has no controller."""
    labels: dict[ForeignKey, LabelValue] = Field(default_factory=dict)
    """Labels on the Secret, for other tools."""
    annotations: dict[ForeignKey, str] = Field(default_factory=dict)
    """Annotations on the Secret, for other tools (Reloader, Kyverno)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.namespaces is None) == (self.namespace_selector is None):
            raise ValueError("give either namespaces or namespaceSelector")
        if self.create_service_accounts and not self.service_accounts:
            raise ValueError("createServiceAccounts needs serviceAccounts: names to create")
        if self.service_account_annotations and not self.binds:
            raise ValueError("serviceAccountAnnotations needs serviceAccounts or serviceAccountSelector")
        return self

    @property
    def binds(self) -> bool:
        """Whether it names or selects any ServiceAccount."""
        return bool(self.service_accounts) or self.service_account_selector is not None

    def accounts(self) -> AccountChoice:
        """Return which ServiceAccounts are meant."""
        selector = self.service_account_selector
        return AccountChoice(
            self.service_accounts, selector.value() if selector else None, self.create_service_accounts
        )
