"""What `syncd check` found, and its form for machines; no value is ever in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from syncd.model.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from syncd.mapping.settings import Problem, StoreSettings
    from syncd.model.names import Origin
    from syncd.model.objects import Refusal
    from syncd.model.secret import StoreName
    from syncd.stores.interface import Finding
    from syncd.sync.look import Seen
    from syncd.sync.needs import Unnamed
    from syncd.sync.verdicts import Use, Verdict

FieldsState = Literal["ok", "refused", "unknown"]
"""Whether the kind has what it needs; unknown where a secret that it needs was not read."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Stores, secrets, and what could not be asked for.

    `cluster` is why it could not be asked, or empty. `expiry_warning` is how many seconds before its expiry
    a secret is warned about.
    """

    stores: Mapping[StoreName, StoreSettings]
    seen: Mapping[StoreName, Seen]
    verdicts: tuple[Verdict, ...]
    unnamed: tuple[Unnamed, ...]
    cluster: str
    now: datetime
    expiry_warning: float

    def age(self, moment: datetime | None) -> float | None:
        """Return how many seconds ago that was, negative for what is to come."""
        return None if moment is None else (self.now - moment).total_seconds()

    def expires_soon(self, verdict: Verdict) -> bool:
        """Tell whether a version that can be read will not be valid for long."""
        age = self.age(verdict.expires)
        return age is not None and age > -self.expiry_warning


def status_of_store(seen: Seen) -> str:
    """Return `ok`, the reason of what is wrong first, or `-` when nothing was asked."""
    error = next((finding.error for finding in seen.findings if finding.error is not None), seen.outage)
    if error is not None:
        return error.reason.value
    return "ok" if seen.findings or seen.fetched else "-"


def fields_of(verdict: Verdict) -> FieldsState:
    """Return whether the kinds that read this secret find what they need."""
    if verdict.refusals:
        return "refused"
    rendered = all(use.credential in verdict.rendered for use in verdict.uses)
    return "ok" if verdict.reason is None and rendered else "unknown"


def public(found: Checked, problems: Iterable[Problem]) -> dict[str, Any]:
    """Return what `-o json` prints."""
    return {
        "stores": [_store(found, name) for name in found.stores],
        "secrets": [_secret(found, verdict) for verdict in found.verdicts],
        "notChecked": [_unnamed(one) for one in found.unnamed],
        "cluster": found.cluster or None,
        "problems": [str(problem) for problem in problems],
    }


def _store(found: Checked, name: StoreName) -> dict[str, Any]:
    settings, seen = found.stores[name], found.seen[name]
    mine = [answer for answer in seen.fetched.values() if not isinstance(answer, StoreError)]
    return {
        "name": name,
        "type": settings.type,
        "address": settings.settings.identity(),
        "status": status_of_store(seen),
        "steps": [_step(finding) for finding in seen.findings],
        "secretsRead": len(mine),
    }


def _step(finding: Finding) -> dict[str, Any]:
    error = finding.error
    return {
        "step": finding.step,
        "status": "ok" if error is None else error.reason.value,
        "detail": finding.detail if error is None else error.message,
    }


def _secret(found: Checked, verdict: Verdict) -> dict[str, Any]:
    age = found.age(verdict.created)
    return {
        "store": verdict.ref.store,
        "secret": verdict.ref.secret,
        "pinned": verdict.ref.version,
        "status": verdict.worst.value if verdict.worst is not None else "ok",
        "readable": verdict.reason is None,
        "message": verdict.message or None,
        "remedy": verdict.remedy or None,
        "version": verdict.version,
        "created": _moment(verdict.created),
        "ageSeconds": None if age is None else max(0, int(age)),
        "expires": _moment(verdict.expires),
        "expiresSoon": found.expires_soon(verdict),
        "fields": fields_of(verdict),
        "refusals": [_refusal(refusal) for refusal in verdict.refusals],
        "usedBy": [_use(use) for use in verdict.uses],
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "credential": refusal.placement.credential,
        "field": refusal.field,
        "reason": refusal.reason.value,
        "message": refusal.message,
        "remedy": refusal.remedy,
        "origin": _place(refusal.origin),
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        "credential": use.credential,
        "namespaces": list(use.namespaces),
        "suspended": use.suspended,
        "optional": use.optional,
        "origin": _place(use.origin),
    }


def _unnamed(one: Unnamed) -> dict[str, Any]:
    return {
        "credential": one.credential,
        "secrets": [str(ref) for ref in one.secrets],
        "reason": one.reason.value if one.reason is not None else None,
        "message": one.message,
        "origin": _place(one.origin),
    }


def _place(origin: Origin | None) -> str | None:
    return str(origin) if origin is not None else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
