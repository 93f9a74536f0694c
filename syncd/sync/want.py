"""want: what the mapping and the stores call for, before anybody looks at the Secrets of the cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from syncd.mapping.settings import Limits
from syncd.sync.expiry import Expiries, expiries, without_expired
from syncd.sync.gather import gather, seconds_at_rate
from syncd.sync.holders import holders, scope_of
from syncd.sync.place import Placed, place
from syncd.sync.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.mapping.credential import Credential, Placement
    from syncd.mapping.settings import MappingDocument
    from syncd.model.names import CredentialId
    from syncd.model.objects import DesiredState, Refusal, Survey
    from syncd.model.secret import SecretRef
    from syncd.stores.interface import Fetched
    from syncd.sync.kserve_config import ConfigSeen
    from syncd.sync.surroundings import Surroundings

Removal: TypeAlias = Literal["report", "act"]
"""What a sweep does about what left the mapping: the daemon acts, `syncd sync` only with `--prune`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sweep wants, before it looks at the Secrets of the cluster; `at` is when, on the clock."""

    placed: Placed
    due: tuple[Placement, ...]
    fetched: Mapping[SecretRef, Fetched]
    desired: DesiredState
    refused: tuple[Refusal, ...]
    config: ConfigSeen
    survey: Survey
    refused_credentials: frozenset[CredentialId] = frozenset()
    removal: Removal = "report"
    limits: Limits = field(default_factory=Limits)
    at: float = 0.0
    credentials: Mapping[CredentialId, Credential] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    expiring: Expiries = field(default_factory=Expiries)


def want(
    around: Surroundings,
    document: MappingDocument,
    due: frozenset[CredentialId] | None,
    in_force: tuple[Placement, ...] = (),
    removal: Removal = "report",
    *,
    deadline: float,
) -> Wanted:
    """Place, gather and render.

    Args:
        around: cluster, stores and names.
        document: the mapping in force.
        due: the credentials of this sweep; None for all. The others are kept as they are.
        in_force: the placements of the sweep before.
        removal: whether what left the mapping is dealt with, or only reported.
        deadline: for the stores, on `time.monotonic()`, in seconds; what their rates take comes on top.

    Raises:
        ClusterUnreachable: when the API server does not answer.

    """
    survey = around.cluster.survey()
    config = around.config.read(around.cluster)
    placed = _placed(around, document, survey, config, in_force)
    now = tuple(placement for placement in placed.placements if due is None or placement.id.credential in due)
    working = tuple(placement for placement in now if not placement.suspended)
    refs = frozenset(ref for placement in working for ref in placement.refs)
    answers = gather(refs, around.stores, deadline=deadline + seconds_at_rate(refs, document.stores))
    expiring = expiries(answers, around.now(), document.expiry_warning)
    fetched = without_expired(answers, expiring)
    kept = frozenset(placement.id for placement in placed.placements) - {
        placement.id for placement in working
    }
    desired, refused = render(working, fetched, config.config, addresses=around.addresses, kept=kept)
    early = tuple(refusal for refusal in placed.refused if due is None or refusal.placement.credential in due)
    return Wanted(
        placed=placed,
        due=now,
        fetched=fetched,
        desired=desired,
        refused=(*early, *refused),
        config=config,
        survey=survey,
        refused_credentials=document.refused,
        unread=document.unread,
        expiring=expiring,
        removal=removal,
        limits=document.limits,
        at=around.clock(),
        credentials=document.credentials,
    )


def _placed(
    around: Surroundings,
    document: MappingDocument,
    survey: Survey,
    config: ConfigSeen,
    in_force: tuple[Placement, ...],
) -> Placed:
    """Place; where two want one name and no sweep before tells who had it, the records in the cluster do."""
    placing = partial(
        place, document.credentials.values(), survey, document.stores, own_namespace=around.namespace
    )
    placed = placing(in_force=in_force)
    if in_force or not placed.contested:
        return placed
    name = config.config.storage_spec_secret_name
    observed = around.cluster.observe(scope_of(placed.contested, name), survey)
    return placing(in_force=holders(placed.contested, observed, around.instance, name))
