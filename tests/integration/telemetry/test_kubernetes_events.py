"""The API server takes our Events, and shows them where people look."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from syncd.model.events import MappingRead, StateChanged
from syncd.model.names import CredentialId, ObjectRef, PlacementId
from syncd.model.objects import Outcome
from syncd.model.reasons import Reason, State
from syncd.telemetry.events import API_VERSION, EventListener, Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.apiserver import ControlPlane

DEADLINE = 60.0


def test_events_are_accepted_and_found_by_what_they_are_about(
    control_plane: ControlPlane, namespace: str
) -> None:
    """Every kind of Event of ours is created, and found by the Secret's uid as kubectl describe asks."""
    admin = control_plane.admin
    answers: list[int] = []
    counted: list[str] = []
    lock = threading.Lock()

    def post(where: str, body: Mapping[str, Any]) -> None:
        status, _ = admin.post(f"/apis/{API_VERSION}/namespaces/{where}/events", dict(body))
        with lock:
            answers.append(status)

    outbox = Outbox(post, counted.append)
    listener = EventListener(
        outbox.put, time.time, instance="syncd-0", mapping=ObjectRef(namespace, "mapping")
    )
    placement = PlacementId(CredentialId("models-s3"), namespace)
    good = Outcome(placement, State.SYNCED, (Reason.ROTATED,), version="7", previous="6", changed=("token",))
    bad = Outcome(placement, State.REFUSED, (Reason.EMPTY_VALUE,), version="7")
    secret = ObjectRef(namespace, "models-s3")
    listener(StateChanged(None, good, secret=secret, uid="11111111-2222-3333-4444-555555555555"))
    listener(StateChanged(good, bad, secret=secret, fields=("x" * 5000,), remote="8"))
    listener(MappingRead(valid=False, accepted=True, credentials=1, refused=1, problems=("é" * 5000,)))
    outbox.close(DEADLINE)
    assert (answers, counted) == ([201] * 3, ["posted"] * 3)

    query = "fieldSelector=involvedObject.uid=11111111-2222-3333-4444-555555555555"
    _, found = admin.get(f"/api/v1/namespaces/{namespace}/events?{query}")
    (event,) = found["items"]
    assert (event["reason"], event["involvedObject"]["name"]) == ("Rotated", "models-s3")
    assert event["message"] == "version 6 → 7; running pods keep what they have, new pods get 7"
