"""Who else controls an object, as far as the object says so, and how to make it let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncd.kube.transport import FIELD_MANAGER
from syncd.model.objects import Owner

ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE: Final = "argocd.argoproj.io/instance"
HELM_RELEASE: Final = "meta.helm.sh/release-name"
RECENT: Final = timedelta(days=7)
_EXTERNAL_SECRETS: Final = "external-secrets.io/"
_BY_HAND: Final = "kubectl"


def owner_of(metadata: dict[str, Any], *, now: datetime) -> Owner | None:
    """Return who controls the object, None for nobody.

    In this order: a controller ownerReference, Argo CD's tracking, Helm's release annotation, and a field
    manager of the last 7 days that is neither kubectl nor syncd.
    """
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return _controller(reference)
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    for mark, value in (
        (f"annotation {ARGO_TRACKING}", annotations.get(ARGO_TRACKING)),
        (f"label {ARGO_INSTANCE}", labels.get(ARGO_INSTANCE)),
    ):
        if value:
            release = f"take it out of the Application with Prune=false, then remove the {mark}"
            return Owner(f"Argo CD ({str(value).partition(':')[0]})", release)
    if release_name := annotations.get(HELM_RELEASE):
        release = f"take it out of the chart with helm.sh/resource-policy: keep, then remove {HELM_RELEASE}"
        return Owner(f"Helm release {release_name}", release)
    return _recent_manager(metadata, now)


def _controller(reference: dict[str, Any]) -> Owner:
    who = f"{reference.get('kind')} {reference.get('name')}"
    release = f"have {who} give up its ownerReference before it is deleted, since the Secret goes with it"
    if str(reference.get("apiVersion")).startswith(_EXTERNAL_SECRETS):
        release = f"set creationPolicy: Orphan on {who}, and delete that once the ownerReference is gone"
    return Owner(f"{who} (controller ownerReference)", release)


def _recent_manager(metadata: dict[str, Any], now: datetime) -> Owner | None:
    for entry in metadata.get("managedFields") or ():
        manager, when = entry.get("manager") or "", _time(entry.get("time"))
        if not manager or manager == FIELD_MANAGER or manager.startswith(_BY_HAND) or when is None:
            continue
        if now - when <= RECENT:
            release = (
                f"have {manager} stop writing it, then wait for {RECENT.days} days or set"
                " metadata.managedFields to [{}]"
            )
            return Owner(f"{manager} (wrote it on {when:%Y-%m-%d %H:%M} UTC)", release, marked=False)
    return None


def _time(text: object) -> datetime | None:
    """Read an RFC 3339 time in UTC, as `metav1.Time` has it; None when it is none."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
