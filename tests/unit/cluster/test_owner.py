"""Who else controls an object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from syncd.cluster.owner import owner_of

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def field(manager: str, time: object = "2026-03-19T12:00:00Z") -> dict[str, Any]:
    """Return one entry of managedFields."""
    return {"manager": manager, "operation": "Update", "time": time}


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({}, None),
        ({"ownerReferences": None, "annotations": None, "labels": None, "managedFields": None}, None),
        ({"ownerReferences": [{"kind": "Pod", "name": "p"}]}, None),
        (
            {"ownerReferences": [{"kind": "SealedSecret", "name": "s", "controller": True}]},
            "SealedSecret s (controller ownerReference)",
        ),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:/Secret:x/y"}}, "Argo CD (shop)"),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "Argo CD (shop)"),
        ({"annotations": {"meta.helm.sh/release-name": "minio"}}, "Helm release minio"),
        (
            {"managedFields": [field("kubectl-edit"), field("syncd"), field("operator")]},
            "operator (wrote it on 2026-03-19 12:00 UTC)",
        ),
        ({"managedFields": [field("kubectl"), field("syncd")]}, None),
        ({"managedFields": [field("operator", "2026-03-13T11:59:59Z")]}, None),
        (
            {"managedFields": [field("operator", "2026-03-13T12:00:00Z")]},
            "operator (wrote it on 2026-03-13 12:00 UTC)",
        ),
        ({"managedFields": [field("operator", None), field("", "2026-03-19T12:00:00Z"), {}]}, None),
    ],
)
def test_owner(metadata: dict[str, Any], owner: str | None) -> None:
    """A controller, Argo CD, Helm, or a manager of the last seven days that is neither kubectl nor us."""
    found = owner_of(metadata, now=NOW)
    assert (found.name if found else None) == owner


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {
                "ownerReferences": [
                    {
                        "apiVersion": "external-secrets.io/v1",
                        "kind": "ExternalSecret",
                        "name": "s",
                        "controller": True,
                    }
                ]
            },
            "set creationPolicy: Orphan on ExternalSecret s",
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "controller": True}]},
            "have Pod p give up",
        ),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "a"}},
            "annotation argocd.argoproj.io/tracking-id",
        ),
        ({"labels": {"argocd.argoproj.io/instance": "a"}}, "label argocd.argoproj.io/instance"),
        ({"annotations": {"meta.helm.sh/release-name": "a"}}, "remove meta.helm.sh/release-name"),
        ({"managedFields": [field("operator")]}, "have operator stop writing it, then wait for 7 days"),
    ],
)
def test_how_it_lets_go(metadata: dict[str, Any], words: str) -> None:
    """Each kind of owner comes with what makes it let go."""
    owner = owner_of(metadata, now=NOW)
    assert owner is not None
    assert words in owner.release
    assert owner.marked is ("managedFields" not in metadata)
