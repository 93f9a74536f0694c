"""What a Kubernetes Event says: words of ours, names of fields and versions; no text of a refusal.

Everyone who may read a team's namespace may read its Events, and the texts of refusals may hold a store's
paths and addresses. So a note is made from the reason, and says what is wrong and what to do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.model.reasons import Reason
from syncd.model.times import utc
from syncd.telemetry.words import leading_reason

if TYPE_CHECKING:
    from syncd.model.events import PlanHeld, StateChanged

LIMIT: Final = 1024
"""Bytes, as UTF-8, in the note of an Event: one more is a 422 (kube-apiserver 1.36.3)."""

_MORE: Final = "…"
# What is no plain name could be a path, and is left out.
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")

_PLATFORM: Final = "Ask the platform team"
_WRONG: Final = {
    Reason.STORE_UNAVAILABLE: ("the secret store does not answer", "syncd goes on trying"),
    Reason.RATE_LIMITED: ("the secret store asks to be asked less often", "syncd goes on trying"),
    Reason.AUTHENTICATION_FAILED: ("the secret store does not accept syncd's login", _PLATFORM),
    Reason.ACCESS_DENIED: ("the secret store does not let syncd read the secret", _PLATFORM),
    Reason.STORE_MISCONFIGURED: ("the store or the path of the secret is set up wrongly", _PLATFORM),
    Reason.SECRET_NOT_FOUND: ("the secret does not exist in the store", "Create it there, or unmap it"),
    Reason.SOURCE_NOT_FOUND: ("the edited source does not exist in the store", "Correct the mapping"),
    Reason.VERSION_UNAVAILABLE: ("the version is deleted, disabled or not there", "Pin another version"),
    Reason.CLUSTER_UNAVAILABLE: ("the API server did not take the change", "syncd goes on trying"),
    Reason.PROPERTY_NOT_FOUND: ("the secret lacks {fields}", "Add it in the store, or correct the mapping"),
    Reason.EMPTY_VALUE: ("{remote} has an empty {fields}", "Fix the secret, or pin a version"),
    Reason.INVALID_VALUE: ("{remote} has an invalid {fields}", "Fix the secret, or pin a version"),
    Reason.INVALID_PAYLOAD: ("{remote} does not have the expected form", "Fix the secret, or pin a version"),
    Reason.EXPIRED: ("the secret has expired in the store", "Renew it there"),
    Reason.TEMPORARY_CREDENTIAL: (
        "the credential is temporary, and KServe cannot use a session token",
        "Store a lasting one",
    ),
    Reason.FOREIGN_SECRET: (
        "a Secret of this name exists, and syncd does not own it",
        "Rename one of the two, or set adopt in the mapping",
    ),
    Reason.FOREIGN_CONTROLLER: ("another controller owns this Secret", "Make it let go first"),
    Reason.FOREIGN_ENTRY: (
        "storage-config has an entry of this name that syncd does not own",
        "Rename one of the two, or set adopt in the mapping",
    ),
    Reason.COPY_OF_OURS: (
        "this Secret is a copy of one of syncd's",
        "Remove the labels of syncd from the copy",
    ),
    Reason.CLAIMED_BY: ("another credential of the mapping has this already", "Rename one, or use one only"),
    Reason.OWNERSHIP_LOST: ("somebody took syncd's marks off this object", "Put them back, or unmap it"),
    Reason.TYPE_MISMATCH: ("this Secret has another type, which cannot be changed", "Rename one of the two"),
    Reason.SECRET_IMMUTABLE: ("this Secret is immutable", "Delete it, and syncd writes it anew"),
    Reason.OBJECT_TOO_LARGE: ("the object would be larger than the API server takes", "Store less in it"),
    Reason.CONFLICT: (
        "it conflicts with another credential of the ServiceAccount",
        "Use another ServiceAccount",
    ),
    Reason.MANAGED_BY_ODH: ("Open Data Hub rewrites this object", "Let one of the two manage it"),
    Reason.MAPPING_INVALID: ("the mapping's entry is invalid", "Correct the mapping"),
    Reason.FORBIDDEN: ("the cluster's rules do not let syncd write this", _PLATFORM),
    Reason.ADMISSION_DENIED: ("an admission policy refused the change", _PLATFORM),
    Reason.QUOTA_EXCEEDED: ("the namespace's quota is used up", "Raise it, or remove something"),
    Reason.SERVICE_ACCOUNT_NOT_FOUND: ("a ServiceAccount of the mapping does not exist", "Create it"),
    Reason.BEING_DELETED: ("the object is being deleted", "syncd writes it anew when it is gone"),
    Reason.HALF_ROTATED: (
        "only some of the secrets that this is made of have changed",
        "Rotate the others too; after the time in from.settle it is published as it is",
    ),
    Reason.HELD: ("the change is held, as it touches very many objects", "Confirm it with syncd confirm"),
    Reason.KSERVE_CONFIG_INVALID: ("inferenceservice-config cannot be read", "Correct that ConfigMap"),
}
_RUNNING: Final = "running pods keep what they have, new pods get"


def written(change: StateChanged, reason: Reason) -> str:
    """Return what to say of a write."""
    after = change.after
    now = after.version and f"version {after.version}"
    if reason is Reason.ROTATED and now and after.previous:
        return cut(f"version {after.previous} → {after.version}; {_RUNNING} {after.version}")
    if reason is Reason.ROTATED:
        return f"new values were published; {_RUNNING} the new ones"
    if reason is Reason.DRIFT_REPAIRED:
        return cut(f"somebody changed this; syncd put back {now or 'what the store has'}")
    return cut(f"{now or 'what the store has'} was published")


def recovered(change: StateChanged) -> str:
    """Return what to say when a warning no longer holds."""
    version = change.after.version
    return cut(f"in sync again{f'; version {version} is in use' if version else ''}")


def resting(reason: Reason) -> str:
    """Return what to say of what syncd leaves alone from now on."""
    if reason is Reason.SUSPENDED:
        return "suspended in the mapping; syncd leaves this as it is"
    return "no longer in the mapping; syncd leaves this as it is"


def wrong(change: StateChanged) -> str:
    """Return what is wrong, what stays in use, and what to do."""
    reason = leading_reason(change.after)
    problem, remedy = _WRONG.get(reason, ("it cannot be synced now", _PLATFORM)) if reason else ("", "")
    remote = f"version {change.remote}" if change.remote else "the secret"
    fields = ", ".join(name for name in change.fields if _NAME.fullmatch(name)) or "field"
    said = problem.format(fields=fields, remote=remote)
    kept = change.after.version
    stays = f"version {kept} stays in use" if kept else "what was published, if anything, stays in use"
    return cut(f"{said}; {stays}. {remedy}")


def expires(at: float) -> str:
    """Return what to say of a secret that expires soon; `at` in Unix seconds."""
    return (
        f"the secret in the store expires at {utc(at)}; after that it is published no more, and what was"
        " published stays in use. Renew it in the store"
    )


def held(plan: PlanHeld) -> str:
    """Return what to say of a class of changes that waits."""
    return (
        f"{plan.count} {plan.kind} wait: more than limits.{plan.kind} ({plan.limit}) lets happen in an hour."
        f" Everything else goes on. See syncd plan --prune; if all of it is meant: syncd confirm {plan.id}"
    )


def cut(text: str) -> str:
    """Return at most LIMIT bytes of a text; an ellipsis says that there was more."""
    raw = text.encode()
    if len(raw) <= LIMIT:
        return text
    return raw[: LIMIT - len(_MORE.encode())].decode(errors="ignore") + _MORE
