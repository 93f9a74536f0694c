"""sweep: one period of one group of credentials, from the mapping to the cluster, through all the steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from syncd.cluster.interface import Rejected, Written
from syncd.model.reasons import Reason
from syncd.sync.action import DeleteSecret, DropEntry, Plan, WriteEntry
from syncd.sync.apply import apply
from syncd.sync.outcome import outcomes
from syncd.sync.propose import Proposal, propose
from syncd.sync.state import Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.names import PlacementId
    from syncd.model.objects import ObservedState, Outcome
    from syncd.sync.apply import Applied
    from syncd.sync.surroundings import Surroundings
    from syncd.sync.want import Removal, Wanted

ROUNDS: Final = 5
"""How often a sweep looks and plans again: when an object moved between read and write (409), and for the
next step of what leaves (unbind, then forget, then delete)."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: `plan` is the last one that was applied, or would be; `applied` what became of it."""

    wanted: Wanted
    observed: ObservedState
    plan: Plan
    applied: tuple[Applied, ...]
    outcomes: Mapping[PlacementId, Outcome]


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
