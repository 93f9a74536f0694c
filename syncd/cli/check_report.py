"""What `syncd check` prints: stores, secrets, what is wrong and what to do, one line that sums up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from syncd.cli.ages import age
from syncd.cli.checked import fields_of, public, status_of_store
from syncd.cli.console import say, table
from syncd.model.reasons import Reason, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from syncd.cli.checked import Checked
    from syncd.cli.flags import Format
    from syncd.mapping.settings import Problem
    from syncd.model.names import Origin
    from syncd.model.secret import SecretRef, StoreName
    from syncd.sync.verdicts import Use, Verdict

_OK: Final = "ok"
_NAMES_SHOWN: Final = 3
_LONG: Final = 12
_BEGINNING: Final = 8
_DEEP: Final = 6


def show(found: Checked, output: Format | None, problems: Sequence[Problem]) -> None:
    """Print it in the form that was asked for."""
    match output:
        case "json":
            print(json.dumps(public(found, problems), indent=2))
        case "yaml":
            print(yaml.safe_dump(public(found, problems), sort_keys=False), end="")
        case "name":
            for name in found.stores:
                print(f"store/{name}")
            for verdict in found.verdicts:
                print(f"secret/{verdict.ref}")
        case _:
            _show(found, wide=output == "wide")


def _show(found: Checked, *, wide: bool) -> None:
    _show_stores(found)
    if found.verdicts:
        _show_secrets(found, wide=wide)
    _show_wrong(found)
    _show_expiring(found)
    _show_unnamed(found)
    say(_summary(found), "bold")


def _show_stores(found: Checked) -> None:
    rows = [row for name in found.stores for row in _steps(found, name)]
    if rows:
        table(("store", "status", "step", "detail"), rows, [_colour(row[1]) for row in rows])
        say()


def _steps(found: Checked, name: StoreName) -> Iterator[tuple[str, str, str, str]]:
    address = found.stores[name].settings.identity()
    seen = found.seen[name]
    if not seen.findings:
        yield name, status_of_store(seen), "read", address
    for finding in seen.findings:
        status = _OK if finding.error is None else finding.error.reason.value
        detail = f"{address}: {finding.detail}" if finding.detail else address
        yield name, status, finding.step, detail if finding.step == "reachable" else finding.detail


def _show_secrets(found: Checked, *, wide: bool) -> None:
    expiring = wide or any(verdict.expires is not None for verdict in found.verdicts)
    columns = ["store", "status", "secret", "version", "age"]
    columns += (["expires"] if expiring else []) + (["fields"] if wide else []) + ["used by"]
    rows = [
        (
            verdict.ref.store,
            _status(verdict),
            _secret(verdict.ref),
            (verdict.version or "-") if wide else _short(verdict.version),
            _ago(found, verdict.created),
        )
        + ((_until(found, verdict.expires),) if expiring else ())
        + ((fields_of(verdict),) if wide else ())
        + (", ".join(_use(use) for use in verdict.uses),)
        for verdict in found.verdicts
    ]
    styles = ["dim" if verdict.may_be_missing else _colour(_status(verdict)) for verdict in found.verdicts]
    table(columns, rows, styles)
    say()


def _show_wrong(found: Checked) -> None:
    wrong = [*_wrong_stores(found), *_wrong_secrets(found), *_wrong_fields(found)]
    if not wrong:
        return
    say("What is wrong:", "bold")
    for one in wrong:
        say(f"{one.what}: {one.status}", one.style, indent=2)
        say(one.message.removeprefix(f"{one.what}: "), indent=_DEEP)
        for line in one.more:
            say(line, "dim", indent=_DEEP)
    say()


@dataclass(frozen=True, slots=True)
class _Wrong:
    """One thing that is wrong: with what, how it is called, what it is; and what to do, and where."""

    what: str
    status: str
    style: str
    message: str
    more: tuple[str, ...]


def _wrong_stores(found: Checked) -> Iterator[_Wrong]:
    for name, seen in found.seen.items():
        errors = [finding.error for finding in seen.findings if finding.error is not None]
        # A store without a check of its own is known by its secrets.
        for error in errors or [error for error in [seen.outage] if error is not None]:
            more = _lines("", found.stores[name].origin)
            yield _Wrong(
                f"store {name}", error.reason.value, _colour(error.reason.value), error.message, more
            )


def _wrong_secrets(found: Checked) -> Iterator[_Wrong]:
    """Yield what cannot be read, secrets that a store says the same of together."""
    told = {wrong.message for wrong in _wrong_stores(found)}
    unread = [one for one in found.verdicts if one.reason and not one.well and one.message not in told]
    by_message: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in unread:
        by_message.setdefault((_status(verdict), verdict.message), []).append(verdict)
    for (status, message), verdicts in by_message.items():
        first = verdicts[0]
        yield _Wrong(
            _listed(str(verdict.ref) for verdict in verdicts),
            status,
            _colour(status),
            message,
            _lines(first.remedy, *(use.origin for use in first.uses[:_NAMES_SHOWN])),
        )


def _wrong_fields(found: Checked) -> Iterator[_Wrong]:
    for verdict in found.verdicts:
        for refusal in verdict.refusals:
            reason = refusal.reason.value
            more = _lines(refusal.remedy, refusal.origin)
            yield _Wrong(
                str(verdict.ref), reason, _colour(reason), f"{refusal.where}: {refusal.message}", more
            )


def _show_expiring(found: Checked) -> None:
    expiring = [verdict for verdict in found.verdicts if found.expires_soon(verdict)]
    if not expiring:
        return
    say("Expires soon:", "bold")
    for verdict in expiring:
        say(f"{verdict.ref}: {_until(found, verdict.expires)}", "yellow", indent=2)
    say()


def _show_unnamed(found: Checked) -> None:
    if not found.unnamed:
        return
    say("Not checked:", "bold")
    for one in found.unnamed:
        names = _listed(str(ref) for ref in one.secrets)
        say(
            f"{names} (for {one.credential}): {one.message}", "" if one.reason is None else "yellow", indent=2
        )
    if found.cluster:
        say(f"The cluster could not be asked: {found.cluster}", "yellow", indent=2)
    say()


def _summary(found: Checked) -> str:
    down = sum(status_of_store(seen) not in {_OK, "-"} for seen in found.seen.values())
    stores = _number(len(found.seen), "store") + (f" ({down} not well)" if down else "")
    counts = {
        "ok": sum(verdict.worst is None for verdict in found.verdicts),
        "not": sum(not verdict.well for verdict in found.verdicts),
        "optional and missing": sum(verdict.may_be_missing for verdict in found.verdicts),
    }
    counted = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    secrets = _number(len(found.verdicts), "secret") + (f" ({counted})" if counted else "")
    unnamed = sum(one.reason is not None for one in found.unnamed)
    return f"Check: {stores}, {secrets}" + (f", {unnamed} not checked" if unnamed else "")


def _lines(remedy: str, *origins: Origin | None) -> tuple[str, ...]:
    lines = (remedy, *(str(origin) for origin in origins if origin is not None))
    return tuple(line for line in lines if line)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _NAMES_SHOWN
    return ", ".join(every[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _status(verdict: Verdict) -> str:
    return verdict.worst.value if verdict.worst is not None else _OK


def _colour(status: str) -> str:
    if status in {_OK, "-"}:
        return "green" if status == _OK else "dim"
    return "red" if Reason(status).state is State.REFUSED else "yellow"


def _secret(ref: SecretRef) -> str:
    return f"{ref.secret}@{ref.version}" if ref.version else ref.secret


def _use(use: Use) -> str:
    notes = [word for word, is_so in (("suspended", use.suspended), ("optional", use.optional)) if is_so]
    return use.credential + (f" ({', '.join(notes)})" if notes else "")


def _short(version: str | None) -> str:
    """Return the last part of a version, and of a long one its beginning: `-o wide` has the whole."""
    last = (version or "-").rpartition("/")[2]
    return last if len(last) <= _LONG else f"{last[:_BEGINNING]}…"


def _ago(found: Checked, moment: datetime | None) -> str:
    seconds = found.age(moment)
    return "-" if seconds is None else age(seconds)


def _until(found: Checked, moment: datetime | None) -> str:
    seconds = found.age(moment)
    if seconds is None:
        return "-"
    return f"in {age(-seconds)}" if seconds < 0 else f"{age(seconds)} ago"
