"""propose: look at the cluster, plan, guard and limit; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from syncd.cluster.interface import Scope
from syncd.model.names import ObjectRef
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.sync.checks import Circumstances
from syncd.sync.guard import guard
from syncd.sync.halves import Moment
from syncd.sync.ledger import STATE
from syncd.sync.leftovers import Mapped, leftovers, to_act_on
from syncd.sync.limits import Budget, Decision, changes, decide, owned, waiting
from syncd.sync.not_found import missing_secrets
from syncd.sync.ownership import owner_of
from syncd.sync.plan import plan
from syncd.sync.removal import with_removals
from syncd.sync.sources import with_edited_sources
from syncd.sync.standing import View

if TYPE_CHECKING:
    from syncd.model.names import PlacementId
    from syncd.model.objects import ObservedState, Survey
    from syncd.sync.action import Leftover, Plan
    from syncd.sync.halves import Settled
    from syncd.sync.ledger import Ledger, Mark
    from syncd.sync.limits import Change
    from syncd.sync.state import Known
    from syncd.sync.surroundings import Surroundings
    from syncd.sync.want import Wanted


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a sweep would do, and what it saw; `after` is the ledger if it is done."""

    plan: Plan
    observed: ObservedState
    known: Known
    after: Ledger


def propose(around: Surroundings, wanted: Wanted, survey: Survey, known: Known | None = None) -> Proposal:
    """Look at the cluster, plan, guard and limit; writes nothing.

    Args:
        around: cluster, stores and names.
        wanted: what the sweep wants.
        survey: of the cluster.
        known: the ledger, where it was looked for in vain; None to read it.

    Raises:
        ClusterUnreachable: when the API server does not answer.

    """
    config = wanted.config.config
    storage_configs = around.config.storage_configs()
    observed = around.cluster.observe(_scope(wanted, storage_configs), survey)
    ours = any(owner_of(secret, around.instance) is not None for secret in observed.secrets.values())
    settled = _settled(around, wanted, observed)
    unreadable = wanted.config.unreadable(ours_exist=ours)
    circumstances = Circumstances(around.instance, config, unreadable, settled.refused)
    absent = _absent(around, wanted, observed)
    mapped = _mapped(wanted, absent)
    left = _with_policy_delete(leftovers(mapped, observed, storage_configs, around.instance), absent)
    going = to_act_on(left, mapped, survey) if wanted.removal == "act" else ()
    # A binding that is only reported stays on its Secret's record.
    acting = frozenset(going)
    told = [one for one in left if one.kind != "binding" or one in acting]
    proposed = plan(settled.desired, observed, told, instance=around.instance, digest_key=around.digest_key)
    proposed = with_removals(
        proposed, going, mapped.placements, observed, config.storage_spec_secret_name, around.instance
    )
    guarded = guard(proposed, observed, circumstances)
    found = changes(guarded, left, absent)
    if known is None:
        known = around.ledger.read(around.cluster, around.namespace, needed=bool(found))
    decision = _decided(around, wanted, observed, found, known)
    limited = guard(guarded, observed, circumstances, (lambda *_: decision.objections,))
    refused = with_edited_sources(
        wanted.refused, wanted.due, observed, instance=around.instance, addresses=around.addresses
    )
    limited = replace(limited.refusing(refused), leftovers=left, held=decision.held)
    return Proposal(limited, observed, known, decision.after)


def _settled(around: Surroundings, wanted: Wanted, observed: ObservedState) -> Settled:
    """Hold back half of what comes from several secrets."""
    around.halves.forget(placement.id for placement in wanted.placed.placements)
    view = View(wanted.fetched, observed, around.instance, around.digest_key)
    moment = Moment(wanted.at, around.now())
    return around.halves.settle(wanted.desired, wanted.due, view, moment)


def _absent(around: Surroundings, wanted: Wanted, observed: ObservedState) -> frozenset[PlacementId]:
    """Return the placements of this sweep whose remote secret is gone for good (rule 3)."""
    if wanted.removal == "report":
        return frozenset()
    working = [placement for placement in wanted.due if not placement.suspended]
    missing = missing_secrets(
        working, wanted.fetched, observed, instance=around.instance, addresses=around.addresses
    )
    return around.absences.count(working, missing, wanted.at)


def _with_policy_delete(left: tuple[Leftover, ...], absent: frozenset[PlacementId]) -> tuple[Leftover, ...]:
    return tuple(replace(one, policy="Delete") if one.placement in absent else one for one in left)


def _decided(
    around: Surroundings,
    wanted: Wanted,
    observed: ObservedState,
    found: tuple[Change, ...],
    known: Known,
) -> Decision:
    """Hold back what is over the limits; all of it, where it cannot be counted (rule 9)."""
    problem = known.problem
    if problem is not None:
        return Decision(waiting(found, partial(_uncounted, problem)), (), known.ledger)
    told = {refusal.placement for refusal in wanted.refused}
    rendered = {placement.id for placement in wanted.due if not placement.suspended} - told
    mapped = {placement.id for placement in wanted.placed.placements}

    def carries(mark: Mark) -> bool:
        if not mark.rendered:
            return wanted.removal == "report"
        credential = mark.placement.credential
        known_now = mark.placement in mapped | told or credential in wanted.refused_credentials
        return known_now and mark.placement not in rendered

    budget = Budget(wanted.limits, owned(observed, around.instance), around.now(), carries)
    return decide(found, known.ledger, budget)


def _uncounted(problem: str, placement: PlacementId, name: str) -> Refusal:
    return Refusal(
        placement,
        Reason.CLUSTER_UNAVAILABLE,
        name,
        f"waits, since it cannot be counted in ConfigMap {STATE}: {problem}",
        "Let syncd get, create and patch this ConfigMap in its own namespace, as deploy/ does",
    )


def _mapped(wanted: Wanted, absent: frozenset[PlacementId]) -> Mapped:
    untold = frozenset(refusal.placement for refusal in wanted.placed.refused)
    present = tuple(placement for placement in wanted.placed.placements if placement.id not in absent)
    return Mapped(present, untold, wanted.refused_credentials, wanted.credentials, wanted.unread)


def _scope(wanted: Wanted, storage_configs: tuple[str, ...]) -> Scope:
    due = [placement for placement in wanted.due if not placement.suspended]
    return Scope(
        secrets=frozenset(placement.secret for placement in due),
        # All of them, since an entry that left the mapping is in no placement; a list a name has them all.
        entries=frozenset(
            ObjectRef(namespace, name) for namespace in wanted.survey.namespaces for name in storage_configs
        ),
        accounts=frozenset(
            ObjectRef(placement.id.namespace, name) for placement in due for name in placement.accounts
        ),
    )
