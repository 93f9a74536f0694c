"""sweep: one period of one group of credentials, from the mapping to the cluster, through all the steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from syncd.cluster.interface import Rejected, Scope, Written
from syncd.mapping.settings import Limits
from syncd.model.names import ObjectRef
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.sync.action import DeleteSecret, DropEntry, Plan, WriteEntry
from syncd.sync.apply import apply
from syncd.sync.checks import Circumstances
from syncd.sync.gather import gather, seconds_at_rate
from syncd.sync.guard import guard
from syncd.sync.ledger import STATE
from syncd.sync.leftovers import Mapped, leftovers, to_act_on
from syncd.sync.limits import Budget, Decision, changes, decide, owned, waiting
from syncd.sync.not_found import Absences, missing_secrets
from syncd.sync.outcome import outcomes
from syncd.sync.ownership import owner_of
from syncd.sync.place import Placed, place
from syncd.sync.plan import plan
from syncd.sync.removal import with_removals
from syncd.sync.render import render
from syncd.sync.sources import with_edited_sources
from syncd.sync.state import Known, LedgerMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.cluster.interface import Cluster
    from syncd.mapping.credential import Credential, Placement
    from syncd.mapping.settings import MappingDocument
    from syncd.model.events import Emit
    from syncd.model.names import CredentialId, Instance, PlacementId
    from syncd.model.objects import DesiredState, ObservedState, Outcome, Survey
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched, SecretStore
    from syncd.sync.action import Leftover
    from syncd.sync.apply import Applied, Fence
    from syncd.sync.kserve_config import ConfigMemory, ConfigSeen
    from syncd.sync.ledger import Ledger, Mark
    from syncd.sync.limits import Change

ROUNDS: Final = 5
"""How often a sweep looks and plans again: when an object moved between read and write (409), and for the
next step of what leaves (unbind, then forget, then delete)."""

Removal: TypeAlias = Literal["report", "act"]
"""What a sweep does about what left the mapping: the daemon acts, `syncd sync` only with `--prune`."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stays the same from sweep to sweep.

    `addresses`: store → what tells it from every other, for the records on our objects. `namespace` is the
    daemon's own. `digest_key` lives as long as the process. `now` gives Unix seconds, for what is
    remembered across restarts; `clock` seconds on a clock that is never set, for what is in memory.
    """

    cluster: Cluster
    stores: Mapping[StoreName, SecretStore]
    addresses: Mapping[StoreName, str]
    instance: Instance
    namespace: str
    digest_key: bytes
    config: ConfigMemory
    fence: Fence
    emit: Emit
    ledger: LedgerMemory = field(default_factory=LedgerMemory)
    absences: Absences = field(default_factory=Absences)
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic


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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a sweep would do, and what it saw; `after` is the ledger if it is done."""

    plan: Plan
    observed: ObservedState
    known: Known
    after: Ledger


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: `plan` is the last one that was applied, or would be; `applied` what became of it."""

    wanted: Wanted
    observed: ObservedState
    plan: Plan
    applied: tuple[Applied, ...]
    outcomes: Mapping[PlacementId, Outcome]


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
    placed = place(
        document.credentials.values(),
        survey,
        document.stores,
        own_namespace=around.namespace,
        in_force=in_force,
    )
    now = tuple(placement for placement in placed.placements if due is None or placement.id.credential in due)
    working = tuple(placement for placement in now if not placement.suspended)
    refs = frozenset(ref for placement in working for ref in placement.refs)
    fetched = gather(refs, around.stores, deadline=deadline + seconds_at_rate(refs, document.stores))
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
        removal=removal,
        limits=document.limits,
        at=around.clock(),
        credentials=document.credentials,
    )


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
    circumstances = Circumstances(around.instance, config, wanted.config.unreadable(ours_exist=ours))
    absent = _absent(around, wanted, observed)
    mapped = _mapped(wanted, absent)
    left = _with_policy_delete(leftovers(mapped, observed, storage_configs, around.instance), absent)
    going = to_act_on(left, mapped, survey) if wanted.removal == "act" else ()
    # A binding that is only reported stays on its Secret's record.
    acting = frozenset(going)
    told = [one for one in left if one.kind != "binding" or one in acting]
    proposed = plan(wanted.desired, observed, told, instance=around.instance, digest_key=around.digest_key)
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


def sweep(around: Surroundings, wanted: Wanted) -> Swept:
    """Plan, guard and apply until nothing moves under us and nothing is left to do, at most `ROUNDS` times.

    Secrets are deleted last in a round, once the ServiceAccounts were listed anew (rule 4).

    Raises:
        ClusterUnreachable: when the API server does not answer.
        NotLeader: when this process may not write (any more).

    """
    results: dict[object, Applied] = {}
    proposal = propose(around, wanted, wanted.survey)
    first = proposal.observed
    for attempt in range(ROUNDS):
        proposal = _accounted(around, wanted, proposal)
        applied = apply(_deletions(proposal.plan, wanted=False), around.cluster, around.fence, around.emit)
        if _deletions(proposal.plan, wanted=True):
            proposal = _accounted(around, wanted, propose(around, wanted, around.cluster.survey()))
            last = apply(_deletions(proposal.plan, wanted=True), around.cluster, around.fence, around.emit)
            applied = (*applied, *last)
        results = {key: done for key, done in results.items() if isinstance(done.result, Written)}
        results |= {_key(done): done for done in applied}
        if not _another_look(applied, proposal.plan, wanted.removal) or attempt == ROUNDS - 1:
            break
        proposal = propose(around, wanted, around.cluster.survey())
    return concluded(wanted, first, proposal.plan, tuple(results.values()))


def _accounted(around: Surroundings, wanted: Wanted, proposal: Proposal) -> Proposal:
    """Write the ledger before anything that counts is done, so that a crash forgets nothing.

    Without a namespace for it no daemon runs that could go on counting: the limits hold for this sweep.
    """
    for _ in range(ROUNDS):
        if proposal.after == proposal.known.ledger:
            return proposal
        around.fence()
        result = around.ledger.write(around.cluster, around.namespace, proposal.known, proposal.after)
        if isinstance(result, Written) or result.reason is Reason.NAMESPACE_MISSING:
            return proposal
        known = None if result.again else Known(proposal.known.ledger, problem=result.message)
        proposal = propose(around, wanted, around.cluster.survey(), known)
    known = Known(proposal.known.ledger, problem="somebody else writes it all the time")
    return propose(around, wanted, around.cluster.survey(), known)


def _deletions(plan: Plan, *, wanted: bool) -> Plan:
    """Return the plan with the deletions of Secrets alone, or without them."""
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if isinstance(action, DeleteSecret) is wanted),
    )


def _another_look(applied: tuple[Applied, ...], plan: Plan, removal: Removal) -> bool:
    """Tell whether an object moved under us, or whether something was written that a removal waited for."""
    if any(isinstance(done.result, Rejected) and done.result.again for done in applied):
        return True
    return (
        removal == "act"
        and bool(plan.leftovers)
        and any(isinstance(done.result, Written) for done in applied)
    )


def _mapped(wanted: Wanted, absent: frozenset[PlacementId]) -> Mapped:
    untold = frozenset(refusal.placement for refusal in wanted.placed.refused)
    present = tuple(placement for placement in wanted.placed.placements if placement.id not in absent)
    return Mapped(present, untold, wanted.refused_credentials, wanted.credentials, wanted.unread)


def concluded(
    wanted: Wanted, observed: ObservedState, proposed: Plan, applied: tuple[Applied, ...] = ()
) -> Swept:
    """Put together what came of a sweep; `observed` is how the cluster was before it."""
    results = outcomes(wanted.due, proposed.refused, applied, wanted.desired, observed)
    return Swept(wanted, observed, proposed, applied, results)


def _key(done: Applied) -> object:
    """Tell actions of two rounds on the same thing apart from others: the later one counts."""
    action = done.action
    return (type(action), action.ref, action.key if isinstance(action, WriteEntry | DropEntry) else None)


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
