"""What plan and sync print: rows, refusals with their remedies, leftovers, one line that sums up."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from syncd.cli.console import say, table
from syncd.cluster.interface import Written
from syncd.model.reasons import Reason, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.cli.changes import Row
    from syncd.cli.flags import Format
    from syncd.mapping.credential import Placement
    from syncd.mapping.settings import Problem
    from syncd.model.names import PlacementId
    from syncd.model.objects import Outcome, Refusal
    from syncd.sync.action import Action, Held, Leftover, Plan
    from syncd.sync.sweep import Swept

_STYLES: Final = {
    "create": "green",
    "update": "yellow",
    "adopt": "magenta",
    "bind": "cyan",
    "exists": "dim",
    "shorten": "dim",
    "release": "yellow",
    "delete": "red",
}
_PAST: Final = {
    "create": "created",
    "update": "updated",
    "adopt": "adopted",
    "bind": "bound",
    "exists": "not compared",
    "shorten": "shortened",
    "release": "released",
    "delete": "deleted",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a plan or a sync; `done` tells the two apart.

    `optional` are the placements whose secret may be missing. `note` stands above the last line.
    """

    rows: Sequence[Row]
    refusals: Sequence[Refusal]
    leftovers: Sequence[Leftover]
    unchanged: int
    outcomes: Sequence[Outcome]
    optional: frozenset[PlacementId] = frozenset()
    note: str = ""
    done: bool = False


def show(report: Report, output: Format | None, plan: Plan, problems: Sequence[Problem]) -> None:
    """Print it in the form that was asked for."""
    match output:
        case "json":
            print(json.dumps(public(report, plan, problems), indent=2))
        case "yaml":
            print(yaml.safe_dump(public(report, plan, problems), sort_keys=False), end="")
        case "name":
            for row in report.rows:
                print(row.short_name())
        case _:
            _show(report, plan.held, wide=output == "wide")


def public(report: Report, plan: Plan, problems: Iterable[Problem]) -> dict[str, Any]:
    """Return what `-o json` prints: no value and no digest is in it."""
    return {
        **plan.public(),
        "notRead": [row.short_name() for row in report.rows if row.verb == "exists"],
        "outcomes": [_public_outcome(outcome) for outcome in report.outcomes],
        "problems": [str(problem) for problem in problems],
    }


def written(swept: Swept) -> tuple[Action, ...]:
    """Return the actions that the cluster accepted."""
    return tuple(done.action for done in swept.applied if isinstance(done.result, Written))


def optional_of(placements: Iterable[Placement]) -> frozenset[PlacementId]:
    """Return the placements whose secret may be missing."""
    return frozenset(placement.id for placement in placements if placement.credential.optional)


def refusals_of(outcomes: Iterable[Outcome]) -> list[Refusal]:
    """Return every refusal once, by placement."""
    found = dict.fromkeys(refusal for outcome in outcomes for refusal in outcome.refusals)
    return sorted(found, key=lambda refusal: (refusal.placement, refusal.where))


def _show(report: Report, held: Sequence[Held], *, wide: bool) -> None:
    if report.rows:
        columns = ["namespace", "verb", "kind", "name", "changes"]
        columns += ["credentials", "records"] if wide else []
        cells = [
            (row.namespace, row.verb, row.kind, row.name, row.changes)
            + ((", ".join(row.credentials), ", ".join(row.records) or "-") if wide else ())
            for row in report.rows
        ]
        table(columns, cells, [_STYLES[row.verb] for row in report.rows])
        say()
    _show_held(held)
    _show_refusals(report)
    if report.leftovers:
        say("No longer in the mapping; left as it is:", "bold")
        for left in report.leftovers:
            say(f"  {left.kind} {left.ref}: {left.detail}")
        say()
    if report.note:
        say(report.note)
    say(_summary(report), "bold")


def _show_held(held: Sequence[Held]) -> None:
    for one in held:
        say(f"{one.count} {one.kind} are held as {one.id}:", "bold")
        for name in one.listing:
            say(f"  {name}")
        if one.count > len(one.listing):
            say(f"  and {one.count - len(one.listing)} more")
        say(
            f"  limits.{one.kind} is {one.limit}: {one.most} within an hour, of which {one.used} are used",
            "dim",
        )
        say(f"  If all of it is meant: syncd confirm {one.id}", "yellow")
        say()


def _show_refusals(report: Report) -> None:
    shown = [refusal for refusal in report.refusals if refusal.reason is not Reason.HELD]
    if not shown:
        return
    say("Held back:", "bold")
    for refusal in shown:
        missing = refusal.placement in report.optional and refusal.reason is Reason.SECRET_NOT_FOUND
        say(
            f"{refusal.placement}: {refusal.reason}" + (" (optional)" if missing else ""),
            "" if missing else _colour(refusal.reason.state),
            indent=2,
        )
        say(f"{refusal.where}: {refusal.message}", indent=6)
        say(refusal.remedy, "dim", indent=6)
        if refusal.origin is not None:
            say(str(refusal.origin), "dim", indent=6)
    say()


def _colour(state: State) -> str:
    return "red" if state is State.REFUSED else "yellow"


def _summary(report: Report) -> str:
    verbs = Counter(row.verb for row in report.rows)
    words = [
        f"{count} {_PAST[verb] if report.done or verb == 'exists' else 'to ' + verb}"
        for verb, count in sorted(verbs.items())
    ]
    words.append(f"{report.unchanged} unchanged")
    held = len({refusal.placement for refusal in report.refusals})
    words += [f"{held} held back"] if held else []
    words += [f"{len(report.leftovers)} no longer in the mapping"] if report.leftovers else []
    return f"{'Sync' if report.done else 'Plan'}: {', '.join(words)}"


def _public_outcome(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "credential": str(outcome.placement.credential),
        "namespace": outcome.placement.namespace,
        "state": outcome.state.value,
        "reasons": [reason.value for reason in outcome.reasons],
        "version": outcome.version,
        "previous": outcome.previous,
        "changed": list(outcome.changed),
    }
