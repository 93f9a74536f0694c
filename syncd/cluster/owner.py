"""Who else controls an object, as far as the object says so; text for messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncd.kube.transport import FIELD_MANAGER

ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE: Final = "argocd.argoproj.io/instance"
HELM_RELEASE: Final = "meta.helm.sh/release-name"
RECENT: Final = timedelta(days=7)
_BY_HAND: Final = "kubectl"


def owner_of(metadata: dict[str, Any], *, now: datetime) -> str | None:
    """Return who controls the object, None for nobody.

    In this order: a controller ownerReference, Argo CD's tracking, Helm's release annotation, and a field
    manager of the last 7 days that is neither kubectl nor syncd.
    """
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return f"{reference.get('kind')} {reference.get('name')} (controller ownerReference)"
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    if tracking := annotations.get(ARGO_TRACKING) or labels.get(ARGO_INSTANCE):
        return f"Argo CD ({str(tracking).partition(':')[0]})"
    if release := annotations.get(HELM_RELEASE):
        return f"Helm release {release}"
    return _recent_manager(metadata, now)


def _recent_manager(metadata: dict[str, Any], now: datetime) -> str | None:
    for entry in metadata.get("managedFields") or ():
        manager, when = entry.get("manager") or "", _time(entry.get("time"))
        if not manager or manager == FIELD_MANAGER or manager.startswith(_BY_HAND) or when is None:
            continue
        if now - when <= RECENT:
            return f"{manager} (wrote it on {when:%Y-%m-%d %H:%M} UTC)"
    return None


def _time(text: object) -> datetime | None:
    """Read an RFC 3339 time in UTC, as `metav1.Time` has it; None when it is none."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
