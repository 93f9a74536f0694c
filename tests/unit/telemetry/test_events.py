"""Which event makes which Kubernetes Event, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from syncd.model.events import (
    Event,
    Freshness,
    MappingRead,
    PlacementGone,
    PlanHeld,
    StateChanged,
    StoreHealth,
    SweepFinished,
)
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason, State
from syncd.telemetry.events import EventListener, Outbox
from syncd.telemetry.notes import LIMIT
from syncd.telemetry.repeat import HOUR
from tests.unit.telemetry.samples import CANARY, PLACEMENT, STORE, changed, outcome, refusal

if TYPE_CHECKING:
    from tests.unit.telemetry.samples import Clock

Tell: TypeAlias = Callable[..., list[dict[str, Any]]]

SWEEP = SweepFinished("platform every 5m", 0.25, 1, 0, 0, 1)
BROKEN = MappingRead(
    valid=False, accepted=True, credentials=299, refused=1, problems=("credentials.yaml:9:7: typo",)
)
HELD = PlanHeld("removals", "kqzvmrtb", 212, "10%")
DEADLINE = 30.0


@pytest.fixture
def tell(clock: Clock) -> Tell:
    """Return a way to tell events to one listener, which returns the Events that it made."""
    posted: list[dict[str, Any]] = []

    def put(namespace: str, body: Mapping[str, Any]) -> None:
        assert body["metadata"]["namespace"] == namespace == body["regarding"]["namespace"]
        posted.append(dict(body))

    listener = EventListener(put, clock, instance="syncd-0", mapping=ObjectRef("syncd", "mapping"))

    def told(*events: Event) -> list[dict[str, Any]]:
        posted.clear()
        for event in events:
            listener(event)
        return posted.copy()

    return told


def short(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return type and reason of each Event."""
    return [(event["type"], event["reason"]) for event in events]


def test_an_event_is_a_complete_object(tell: Tell) -> None:
    """A rotation is a Normal Event of events.k8s.io/v1 about the Secret, with both versions in its note."""
    after = outcome(Reason.ROTATED, version="7", previous="6", changed=("token",))
    assert tell(changed(after, uid="42")) == [
        {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": "syncd-", "namespace": "team-a"},
            "eventTime": "2023-11-14T22:13:20.000000Z",
            "reportingController": "syncd.dev/syncd",
            "reportingInstance": "syncd-0",
            "action": "Sync",
            "reason": "Rotated",
            "type": "Normal",
            "regarding": {
                "apiVersion": "v1",
                "kind": "Secret",
                "namespace": "team-a",
                "name": "models-s3",
                "uid": "42",
            },
            "note": "version 6 → 7; running pods keep what they have, new pods get 7",
        }
    ]


@pytest.mark.parametrize(
    ("reason", "note"),
    [
        (
            Reason.ROTATED,
            "new values were published; running pods keep what they have, new pods get the new ones",
        ),
        (Reason.PUBLISHED, "what the store has was published"),
        (Reason.ADOPTED, "what the store has was published"),
        (Reason.DRIFT_REPAIRED, "somebody changed this; syncd put back what the store has"),
    ],
)
def test_writes_without_a_version_have_notes_too(tell: Tell, reason: Reason, note: str) -> None:
    """Stores that name no version still give a note that makes sense."""
    (event,) = tell(changed(outcome(reason, changed=("token",))))
    assert (event["reason"], event["note"]) == (reason, note)


def test_an_empty_value_says_which_field_and_what_stays(tell: Tell) -> None:
    """A refusal names the field, the refused version, the version in use, and the remedy."""
    change = changed(outcome(Reason.EMPTY_VALUE, version="7"), fields=("secretAccessKey",), remote="8")
    (event,) = tell(change)
    assert event["type"] == "Warning"
    assert event["note"] == (
        "version 8 has an empty secretAccessKey; version 7 stays in use. Fix the secret, or pin a version"
    )


def test_what_is_no_plain_name_is_not_quoted_as_a_field(tell: Tell) -> None:
    """A path that stands where the name of a field should is left out of the note."""
    (event,) = tell(changed(outcome(Reason.EMPTY_VALUE), fields=(f"kv/teams/{CANARY}",)))
    assert event["note"].startswith("the secret has an empty field;")


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason.state in (State.STALE, State.REFUSED, State.PENDING)]
)
def test_no_note_holds_a_path_or_is_too_long(tell: Tell, clock: Clock, reason: Reason) -> None:
    """Whatever is wrong, the note says something of its own, and quotes no text of the refusal."""
    change = changed(
        outcome(reason, refusals=(refusal(reason),), version="7"), fields=("f" * 2000,), remote="8"
    )
    events = tell(Freshness(PLACEMENT, None, clock.time - 1), change)
    expected = [] if "Namespace" in reason else [("Warning", str(reason))]
    assert short(events) == expected
    assert all(CANARY not in str(event) and len(event["note"].encode()) <= LIMIT for event in events)
    assert all("cannot be synced now" not in event["note"] for event in events)


def test_a_lasting_refusal_is_told_once_an_hour(tell: Tell, clock: Clock) -> None:
    """Sweeps do not repeat an Event before an hour has passed, and then do so once."""
    assert len(tell(changed(outcome(Reason.EMPTY_VALUE)))) == 1
    clock.time += HOUR - 1
    assert tell(SWEEP) == []
    clock.time += 1
    assert short(tell(SWEEP, SWEEP)) == [("Warning", "EmptyValue")]


def test_a_recovery_is_told_to_whoever_was_warned(tell: Tell, clock: Clock) -> None:
    """After a warning, being in sync again without a new value is a Normal Event, and reminders end."""
    refused = outcome(Reason.EMPTY_VALUE)
    tell(changed(refused))
    (event,) = tell(changed(outcome(Reason.PUBLISHED, version="8"), refused))
    assert (event["type"], event["note"]) == ("Normal", "in sync again; version 8 is in use")
    clock.time += HOUR
    assert tell(SWEEP) == []


def test_in_sync_from_the_start_is_no_event(tell: Tell) -> None:
    """A restart that finds everything as it should be makes no Events."""
    assert tell(changed(outcome(Reason.PUBLISHED)), SWEEP) == []


@pytest.mark.parametrize(
    "reason", [Reason.STORE_UNAVAILABLE, Reason.RATE_LIMITED, Reason.AUTHENTICATION_FAILED]
)
def test_an_outage_is_no_event_until_it_matters(tell: Tell, clock: Clock, reason: Reason) -> None:
    """What is wrong with a whole store is told per Secret only when that was not synced in time."""
    down = StoreHealth(STORE, up=False, reason=reason, message=CANARY, next_try=1.0)
    fresh = Freshness(PLACEMENT, clock.time, clock.time + 960)
    assert tell(fresh, down, changed(outcome(reason)), SWEEP) == []
    clock.time += 961
    assert short(tell(SWEEP, SWEEP)) == [("Warning", str(reason))]


def test_an_outage_that_ends_in_time_is_no_event(tell: Tell, clock: Clock) -> None:
    """Nobody who was not warned is told that all is well."""
    stale = outcome(Reason.STORE_UNAVAILABLE)
    tell(Freshness(PLACEMENT, clock.time, clock.time + 960), changed(stale))
    assert tell(changed(outcome(Reason.PUBLISHED), stale)) == []


def test_a_missing_optional_secret_is_no_event(tell: Tell, clock: Clock) -> None:
    """A secret that may be missing makes none, now or later."""
    change = changed(outcome(Reason.SECRET_NOT_FOUND, state=State.PENDING), optional=True)
    assert tell(change) == []
    clock.time += HOUR
    assert tell(SWEEP) == []


@pytest.mark.parametrize(
    ("reason", "note"),
    [
        (Reason.SUSPENDED, "suspended in the mapping; syncd leaves this as it is"),
        (Reason.UNMAPPED, "no longer in the mapping; syncd leaves this as it is"),
    ],
)
def test_what_is_left_alone_is_told_when_it_happens(tell: Tell, reason: Reason, note: str) -> None:
    """Suspended and retained are Normal, on change only: a restart does not repeat them."""
    (event,) = tell(changed(outcome(reason), outcome(Reason.PUBLISHED)))
    assert (event["type"], event["reason"], event["note"]) == ("Normal", reason, note)
    assert tell(changed(outcome(reason))) == []


def test_a_placement_that_is_gone_is_not_reminded_of(tell: Tell, clock: Clock) -> None:
    """Reminders end with the placement."""
    tell(changed(outcome(Reason.EMPTY_VALUE)))
    clock.time += HOUR
    assert tell(PlacementGone(PLACEMENT), SWEEP) == []


def test_without_a_secret_the_name_is_the_credential(tell: Tell) -> None:
    """A keyless credential has no Secret; its Events stand under its name in the team's namespace."""
    (event,) = tell(StateChanged(None, outcome(Reason.CONFLICT)))
    assert (event["regarding"]["namespace"], event["regarding"]["name"]) == ("team-a", "models-s3")
    assert "uid" not in event["regarding"]


def test_a_broken_mapping_is_told_on_its_config_map(tell: Tell, clock: Clock) -> None:
    """Mapping errors are one Warning on the ConfigMap, on change and then hourly, until mended."""
    (event,) = tell(BROKEN, BROKEN)
    assert (event["type"], event["reason"]) == ("Warning", "MappingInvalid")
    assert event["regarding"] | {"apiVersion": ""} == {
        "apiVersion": "",
        "kind": "ConfigMap",
        "namespace": "syncd",
        "name": "mapping",
    }
    assert event["note"] == "1 problem; the last accepted form stays in force. credentials.yaml:9:7: typo"
    clock.time += HOUR
    assert len(tell(SWEEP, SWEEP)) == 1
    clock.time += HOUR
    assert tell(replace(BROKEN, valid=True, problems=()), SWEEP) == []


def test_many_mapping_errors_fit_into_one_note(tell: Tell) -> None:
    """A note is cut at the limit of the API."""
    (event,) = tell(replace(BROKEN, problems=("é" * 100,) * 100))
    assert LIMIT - 1 <= len(event["note"].encode()) <= LIMIT
    assert event["note"].startswith("100 problems;")


def test_what_is_held_is_told_on_the_config_map(tell: Tell, clock: Clock) -> None:
    """A held class is one Warning with the command, again each hour, until nothing is held any more."""
    (event,) = tell(HELD)
    assert (event["type"], event["reason"]) == ("Warning", "Held")
    assert (event["regarding"]["kind"], event["regarding"]["name"]) == ("ConfigMap", "mapping")
    assert event["note"].startswith("212 removals wait: more than limits.removals (10%) lets happen")
    assert event["note"].endswith("syncd confirm kqzvmrtb")
    clock.time += HOUR
    assert len(tell(SWEEP, SWEEP)) == 1
    clock.time += HOUR
    assert tell(PlanHeld("removals"), SWEEP) == []


def test_a_mapping_that_is_a_file_has_no_events(clock: Clock) -> None:
    """Without a ConfigMap nothing is posted about the mapping."""
    posted: list[str] = []
    listener = EventListener(lambda namespace, _: posted.append(namespace), clock, instance="x", mapping=None)
    listener(BROKEN)
    listener(HELD)
    listener(SWEEP)
    assert posted == []


class Tally:
    """Counts what became of Events, and lets a test wait for it."""

    def __init__(self) -> None:
        """Start with none."""
        self.outcomes: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, outcome: str) -> None:
        """Note one."""
        with self._changed:
            self.outcomes.append(outcome)
            self._changed.notify_all()

    def wait(self, count: int) -> list[str]:
        """Return the outcomes as soon as there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.outcomes) >= count, DEADLINE)
            return self.outcomes.copy()


def test_events_are_posted_in_order() -> None:
    """The outbox posts what it was given, and closing waits for it."""
    tally, seen = Tally(), list[str]()
    outbox = Outbox(lambda namespace, _: seen.append(namespace), tally)
    for namespace in ("a", "b", "c"):
        outbox.put(namespace, {})
    outbox.close(DEADLINE)
    assert (seen, tally.outcomes) == (["a", "b", "c"], ["posted"] * 3)


def test_a_post_that_fails_is_counted_and_the_next_is_posted() -> None:
    """An API server that refuses an Event stops nothing."""
    tally = Tally()

    def post(namespace: str, _body: Mapping[str, Any]) -> None:
        if namespace == "bad":
            raise ValueError(CANARY)

    outbox = Outbox(post, tally)
    outbox.put("bad", {})
    outbox.put("good", {})
    outbox.close(DEADLINE)
    assert tally.outcomes == ["failed", "posted"]


def test_a_full_outbox_drops_and_never_waits() -> None:
    """While the API server hangs, Events beyond the bound are dropped at once; closed, all are."""
    tally, posting, hang = Tally(), threading.Event(), threading.Event()

    def post(_namespace: str, _body: Mapping[str, Any]) -> None:
        posting.set()
        hang.wait(DEADLINE)

    outbox = Outbox(post, tally, waiting=1)
    outbox.put("posted now", {})
    assert posting.wait(DEADLINE)
    outbox.put("waits", {})
    outbox.put("is too much", {})
    assert tally.wait(1) == ["dropped"]
    hang.set()
    outbox.close(DEADLINE)
    outbox.put("too late", {})
    assert tally.outcomes == ["dropped", "posted", "posted", "dropped"]
