"""render: fields become the exact Secrets, annotations, bindings and entries; pure.

Whoever is not rendered now is kept: a sweep cannot change or take away what it did not render.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from syncd.kserve.detect import detect, part_of_role
from syncd.kserve.kinds.interface import Rendered
from syncd.model.names import ObjectRef
from syncd.model.objects import (
    AccountAnnotation,
    Binding,
    DesiredAccount,
    DesiredEntry,
    DesiredSecret,
    DesiredState,
    Refusal,
)
from syncd.model.reasons import Reason
from syncd.sync.fields import property_names, resolve
from syncd.sync.records import entry_record, secret_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.kserve.kinds.interface import Invalid
    from syncd.mapping.credential import Placement
    from syncd.model.names import CredentialId, PlacementId
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched
    from syncd.sync.fields import Fields

_FIX: Final = "The last good credential stays in use; correct the secret in the store, or pin a version"


@dataclass(slots=True)
class _Draft:
    """The desired state while it is being put together."""

    secrets: dict[ObjectRef, DesiredSecret] = field(default_factory=dict)
    bindings: dict[ObjectRef, list[Binding]] = field(default_factory=dict)
    annotations: dict[ObjectRef, dict[str, AccountAnnotation]] = field(default_factory=dict)
    create: set[ObjectRef] = field(default_factory=set)
    entries: dict[tuple[ObjectRef, str], DesiredEntry] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def accounts(self) -> dict[ObjectRef, DesiredAccount]:
        """Return each ServiceAccount once, with what all credentials together want of it."""
        refs = dict.fromkeys((*self.bindings, *self.annotations))
        return {
            ref: DesiredAccount(
                ref, tuple(self.bindings.get(ref, ())), self.annotations.get(ref, {}), ref in self.create
            )
            for ref in refs
        }


def render(
    placements: Sequence[Placement],
    fetched: Mapping[SecretRef, Fetched],
    config: KServeConfig,
    *,
    addresses: Mapping[StoreName, str],
    kept: frozenset[PlacementId] = frozenset(),
) -> tuple[DesiredState, tuple[Refusal, ...]]:
    """Return what should be in the cluster, and every placement that is not published and why.

    Args:
        placements: those that are due now.
        fetched: an answer for each of their references.
        config: the names of this cluster's KServe.
        addresses: store → what tells it from every other, for the records.
        kept: the placements that are not due.

    """
    draft = _Draft()
    for placement in placements:
        fields = resolve(placement, fetched)
        if fields.missing:
            draft.refused += _missing(placement, fields)
            continue
        rendered = placement.credential.kind.render(fields.values, placement.entry, config)
        if not isinstance(rendered, Rendered):
            draft.refused += [_invalid(placement, invalid, fetched) for invalid in rendered]
            continue
        mistaken = _misplaced(placement, rendered, config) or _mistaken(placement, rendered, config)
        if mistaken is not None:
            draft.refused.append(mistaken)
            continue
        _add(draft, placement, rendered, fetched, config, addresses)
    refused = {refusal.placement for refusal in draft.refused}
    state = DesiredState(draft.secrets, draft.accounts(), draft.entries, kept | refused)
    return state, tuple(draft.refused)


def _add(
    draft: _Draft,
    placement: Placement,
    rendered: Rendered,
    fetched: Mapping[SecretRef, Fetched],
    config: KServeConfig,
    addresses: Mapping[StoreName, str],
) -> None:
    credential = placement.id.credential
    if rendered.data is not None:
        draft.secrets[placement.secret] = DesiredSecret(
            ref=placement.secret,
            credential=credential,
            type=rendered.type,
            data=rendered.data,
            annotations={**placement.target.annotations, **rendered.annotations},
            labels=placement.target.labels,
            records=secret_records(placement, fetched, addresses),
            detects_as=rendered.detects_as,
            adopt=placement.target.adopt,
            renamed_from=placement.credential.renamed_from,
        )
    for name in placement.accounts:
        _add_account(draft, placement, rendered, ObjectRef(placement.id.namespace, name))
    if placement.entry is not None and rendered.entry is not None:
        where = ObjectRef(placement.id.namespace, config.storage_spec_secret_name)
        draft.entries[where, placement.entry.key] = DesiredEntry(
            object=where,
            key=placement.entry.key,
            credential=credential,
            value=rendered.entry,
            record=entry_record(placement, fetched, addresses),
            adopt=placement.target.adopt,
            renamed_from=placement.credential.renamed_from,
        )


def _add_account(draft: _Draft, placement: Placement, rendered: Rendered, account: ObjectRef) -> None:
    credential = placement.id.credential
    if rendered.data is not None and rendered.bind_to is not None:
        binding = Binding(rendered.bind_to, placement.secret.name, credential, rendered.detects_as)
        draft.bindings.setdefault(account, []).append(binding)
    if placement.target.accounts.create and account.name in placement.target.accounts.names:
        draft.create.add(account)
    annotations = draft.annotations.setdefault(account, {})
    policy = placement.credential.deletion.when_unmapped
    # A role and its S3 settings are one credential: of two on one ServiceAccount the first has all of them.
    role = next((other.credential for name, other in annotations.items() if part_of_role(name)), credential)
    for name, value in {**placement.account_annotations, **rendered.account_annotations}.items():
        if part_of_role(name) and role != credential:
            draft.refused.append(_annotation_conflict(placement, account, name, role))
            continue
        other = annotations.setdefault(
            name, AccountAnnotation(value, credential, policy, placement.credential.renamed_from)
        )
        if other.value != value:
            draft.refused.append(_annotation_conflict(placement, account, name, other.credential))


def _missing(placement: Placement, fields: Fields) -> list[Refusal]:
    return [
        Refusal(
            placement.id,
            gap.reason,
            f"credentials.{placement.id.credential}.{placement.credential.kind.name}.{gap.field}",
            gap.message,
            gap.remedy,
            placement.credential.origin,
            gap.field,
        )
        for gap in fields.missing
    ]


def _invalid(placement: Placement, invalid: Invalid, fetched: Mapping[SecretRef, Fetched]) -> Refusal:
    message = invalid.message
    if invalid.reason is Reason.PROPERTY_NOT_FOUND:
        has = "; ".join(
            f"{ref} has {', '.join(names) or 'none'}"
            for ref, names in property_names(placement, fetched).items()
        )
        message = f"{message}: {has}" if has else message
    return Refusal(
        placement.id,
        invalid.reason,
        f"credentials.{placement.id.credential}.{placement.credential.kind.name}.{invalid.field}",
        message,
        _FIX,
        placement.credential.origin,
        invalid.field,
    )


def _misplaced(placement: Placement, rendered: Rendered, config: KServeConfig) -> Refusal | None:
    """Refuse a Secret of the name of `storage-config`: all its keys would be ours, its entries not."""
    if rendered.data is None or placement.secret.name != config.storage_spec_secret_name:
        return None
    return Refusal(
        placement.id,
        Reason.CONFLICT,
        f"Secret {placement.secret}",
        "is where KServe looks for storage.key, and every key in it has to be such an entry",
        "Choose another Secret name; for an entry in it use storageConfig",
        placement.credential.origin,
    )


def _mistaken(placement: Placement, rendered: Rendered, config: KServeConfig) -> Refusal | None:
    """Refuse a Secret that KServe would take for another kind than the mapping says."""
    if rendered.data is None or detect(rendered.data.keys(), config) == rendered.detects_as:
        return None
    return Refusal(
        placement.id,
        Reason.INVALID_VALUE,
        f"Secret {placement.secret}",
        f"KServe would take it for {detect(rendered.data.keys(), config)}, not {rendered.detects_as}",
        "Rename the keys, or check inferenceservice-config",
        placement.credential.origin,
    )


def _annotation_conflict(placement: Placement, account: ObjectRef, name: str, other: CredentialId) -> Refusal:
    return Refusal(
        placement.id,
        Reason.CONFLICT,
        f"ServiceAccount {account}",
        f"annotation {name} is credential {other}'s there",
        "Let one credential set it, or use two ServiceAccounts",
        placement.target.origin,
    )
