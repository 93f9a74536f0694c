"""Which event makes which log line, and how often."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.events import (
    ApiRequest,
    Freshness,
    ListenerFailed,
    MappingRead,
    ObjectWritten,
    PlacementGone,
    PlanHeld,
    StoreHealth,
    StoreNotice,
    StoreRequest,
    SweepFailed,
    SweepFinished,
)
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason, State
from syncd.telemetry.repeat import HOUR
from tests.unit.telemetry.samples import CANARY, PLACEMENT, STORE, changed, outcome, refusal

if TYPE_CHECKING:
    from syncd.model.events import Event
    from tests.unit.telemetry.samples import Clock, Tell

SWEEP = SweepFinished("platform every 5m", 0.25, 1, 0, 0, 1)
DOWN = StoreHealth(STORE, up=False, reason=Reason.STORE_UNAVAILABLE, message="no answer", next_try=34.0)
UP = StoreHealth(STORE, up=True, reason=None, message="", next_try=None)
WHO = {"credential": "models-s3", "namespace": "team-a", "secret": "models-s3"}
BROKEN = MappingRead(
    valid=False, accepted=True, credentials=299, refused=1, problems=("credentials.yaml:9:7: typo",)
)
VALID = MappingRead(valid=True, accepted=True, credentials=300, refused=0, problems=())


def above_debug(lines: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    """Return the words of the lines that are seen by default."""
    return [words for level, words, _ in lines if level != "debug"]


def test_a_rotation_is_one_line_with_versions_and_names(tell: Tell) -> None:
    """A rotation tells credential, namespace, Secret, both versions, names of what changed, and the lag."""
    after = outcome(Reason.ROTATED, version="7", previous="6", changed=("AWS_ACCESS_KEY_ID",))
    assert tell(changed(after, outcome(Reason.PUBLISHED), lag=41.2)) == [
        (
            "info",
            "rotated",
            WHO
            | {
                "version": "7",
                "previous": "6",
                "changed": ["AWS_ACCESS_KEY_ID"],
                "shape": False,
                "lag": "41s",
            },
        )
    ]


@pytest.mark.parametrize(
    ("reason", "level", "words"),
    [
        (Reason.PUBLISHED, "info", "published"),
        (Reason.ADOPTED, "info", "adopted"),
        (Reason.DRIFT_REPAIRED, "warning", "drift repaired"),
    ],
)
def test_every_kind_of_write_has_its_words(tell: Tell, reason: Reason, level: str, words: str) -> None:
    """First publication, adoption and repair are told apart."""
    lines = tell(changed(outcome(reason, changed=("token",))))
    assert [line[:2] for line in lines] == [(level, words)]


def test_a_restart_with_nothing_to_do_is_silent(tell: Tell) -> None:
    """A placement that is first seen in sync and was not written makes no line."""
    assert tell(changed(outcome(Reason.PUBLISHED))) == []


def test_a_refusal_tells_reason_place_and_remedy(tell: Tell) -> None:
    """A refusal is an error with its reason, where, what is wrong, what to do, and which version stays."""
    after = outcome(Reason.EMPTY_VALUE, refusals=(refusal(Reason.EMPTY_VALUE),), version="7")
    assert tell(changed(after, remote="8", fields=("secretAccessKey",))) == [
        (
            "error",
            "refused",
            WHO
            | {
                "reason": Reason.EMPTY_VALUE,
                "kept": "7",
                "remote": "8",
                "fields": ["secretAccessKey"],
                "where": CANARY,
                "problem": "its value is empty",
                "remedy": f"fix {CANARY}",
            },
        )
    ]


def test_further_refusals_stand_in_the_same_line(tell: Tell) -> None:
    """Two things that are wrong with one placement are one line that names both."""
    both = (Reason.EMPTY_VALUE, Reason.CONFLICT)
    ((_, _, fields),) = tell(changed(outcome(*both, refusals=tuple(refusal(reason) for reason in both))))
    assert fields["reasons"] == list(both)
    assert fields["also"] == [refusal(Reason.CONFLICT).text]


@pytest.mark.parametrize(
    ("reason", "level", "words"),
    [
        (Reason.SECRET_NOT_FOUND, "warning", "stale"),
        (Reason.NAMESPACE_MISSING, "warning", "pending"),
        (Reason.SUSPENDED, "info", "suspended"),
        (Reason.UNMAPPED, "info", "retained"),
    ],
)
def test_every_state_has_its_words(tell: Tell, reason: Reason, level: str, words: str) -> None:
    """The words of a line are those of the state."""
    assert [line[:2] for line in tell(changed(outcome(reason)))] == [(level, words)]


def test_a_written_secret_with_a_refused_binding_is_two_lines(tell: Tell) -> None:
    """A rotation is told even if something else of the placement is refused."""
    after = outcome(Reason.ROTATED, Reason.CONFLICT, state=State.REFUSED, changed=("token",))
    assert above_debug(tell(changed(after))) == ["rotated", "refused"]


def test_a_lasting_refusal_is_told_once_an_hour(tell: Tell, clock: Clock) -> None:
    """Sweeps do not repeat a refusal before an hour has passed, and then do so once."""
    tell(changed(outcome(Reason.EMPTY_VALUE)))
    clock.time += HOUR - 1
    assert above_debug(tell(SWEEP, SWEEP)) == []
    clock.time += 1
    assert above_debug(tell(SWEEP, SWEEP)) == ["refused"]


def test_a_recovery_is_told_and_ends_the_reminders(tell: Tell, clock: Clock) -> None:
    """A placement whose refusal was told is reported back in sync, once."""
    refused = outcome(Reason.EMPTY_VALUE)
    tell(changed(refused))
    assert above_debug(tell(changed(outcome(Reason.PUBLISHED, version="8"), refused))) == ["recovered"]
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == []


@pytest.mark.parametrize("reason", [Reason.SUSPENDED, Reason.UNMAPPED])
def test_what_is_left_alone_on_purpose_is_told_once(tell: Tell, clock: Clock, reason: Reason) -> None:
    """Suspended and retained placements are no reason for reminders."""
    tell(changed(outcome(reason)))
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == []


def test_a_missing_optional_secret_is_no_line(tell: Tell, clock: Clock) -> None:
    """A secret that may be missing is told at debug only, and never again."""
    missing = outcome(Reason.SECRET_NOT_FOUND, state=State.PENDING)
    assert [line[0] for line in tell(changed(missing, optional=True))] == ["debug"]
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == []


def test_a_notice_is_a_warning(tell: Tell) -> None:
    """What somebody should know of a store that works is a warning with the store's name."""
    lines = tell(StoreNotice(STORE, "read one by one"))
    assert lines == [("warning", "store notice", {"store": STORE, "notice": "read one by one"})]


def test_an_outage_is_one_line_for_the_store(tell: Tell) -> None:
    """When a store goes down there is one line with the placements that wait, and none for each of them."""
    good, stale = outcome(Reason.PUBLISHED), outcome(Reason.STORE_UNAVAILABLE)
    tell(changed(good))
    assert tell(DOWN, changed(stale, good), DOWN) == [
        (
            "error",
            "store unavailable",
            {
                "store": STORE,
                "reason": Reason.STORE_UNAVAILABLE,
                "problem": "no answer",
                "placements": 1,
                "next_try": "34s",
                "effect": "what was published stays in place",
            },
        )
    ]


def test_the_end_of_an_outage_is_one_line(tell: Tell, clock: Clock) -> None:
    """When a store is back that is one line with the length of the outage, and none for each placement."""
    good, stale = outcome(Reason.PUBLISHED), outcome(Reason.STORE_UNAVAILABLE)
    tell(DOWN, changed(stale))
    clock.time += 90
    assert tell(UP, changed(good, stale), UP) == [
        ("info", "store available", {"store": STORE, "down": "90s"})
    ]


def test_an_outage_that_lasts_is_told_once_an_hour(tell: Tell, clock: Clock) -> None:
    """After an hour the store has its line again, and the placements still have none."""
    tell(DOWN, changed(outcome(Reason.STORE_UNAVAILABLE)))
    clock.time += HOUR
    assert above_debug(tell(SWEEP, SWEEP)) == ["store unavailable"]


def test_another_cause_of_the_same_outage_is_told(tell: Tell) -> None:
    """A store that is down for another reason than before has another line."""
    tell(DOWN)
    assert above_debug(tell(replace(DOWN, reason=Reason.AUTHENTICATION_FAILED))) == ["store unavailable"]


def test_one_failed_read_of_a_store_that_is_up_is_told(tell: Tell) -> None:
    """As long as no line of the store speaks for it, a placement has its own."""
    assert above_debug(tell(changed(outcome(Reason.STORE_UNAVAILABLE)))) == ["stale"]


def test_what_is_still_wrong_after_the_outage_is_told_in_the_end(tell: Tell, clock: Clock) -> None:
    """A placement that stays stale although its store is back is told after an hour."""
    tell(DOWN, changed(outcome(Reason.STORE_UNAVAILABLE)), UP)
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == ["stale"]


def test_a_refused_entry_of_the_mapping_tells_what_stays_in_force(tell: Tell) -> None:
    """A typo is an error with its place, and says that nothing else is affected."""
    assert tell(BROKEN, BROKEN) == [
        (
            "error",
            "mapping entry refused",
            {
                "reason": "MappingInvalid",
                "problem": "credentials.yaml:9:7: typo",
                "effect": "its last accepted form stays in force; 299 others unaffected",
            },
        )
    ]


def test_a_mapping_that_is_refused_as_a_whole_says_so(tell: Tell) -> None:
    """A file that is not accepted at all has other words."""
    ((_, words, fields),) = tell(replace(BROKEN, accepted=False))
    assert words == "mapping refused"
    assert fields["effect"] == "nothing of it: its last accepted form stays in force"


def test_mapping_problems_are_told_once_an_hour_until_mended(tell: Tell, clock: Clock) -> None:
    """A broken mapping is repeated hourly; mended, that is one line."""
    tell(BROKEN)
    clock.time += HOUR
    assert above_debug(tell(SWEEP, SWEEP)) == ["mapping entry refused"]
    assert above_debug(tell(VALID, VALID)) == ["mapping accepted"]


def test_warnings_of_a_valid_mapping_are_warnings(tell: Tell) -> None:
    """What is only worth a warning is not called refused."""
    lines = tell(replace(VALID, warnings=("credentials.yaml:3:1: limits are not acted on yet",)))
    assert [line[:2] for line in lines] == [("warning", "mapping warning")]


def test_a_store_that_left_the_mapping_is_not_reminded_of(tell: Tell, clock: Clock) -> None:
    """A dead store that is no longer mapped makes no more lines."""
    tell(DOWN, replace(VALID, stores=frozenset()))
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == []


def test_a_sweep_is_a_line_only_if_it_wrote(tell: Tell) -> None:
    """In the steady state sweeps are told at debug, those that wrote at info, with their numbers."""
    assert [line[0] for line in tell(SWEEP)] == ["debug"]
    assert tell(replace(SWEEP, writes=2)) == [
        (
            "info",
            "sweep finished",
            {
                "group": "platform every 5m",
                "seconds": 0.25,
                "placements": 1,
                "refused": 0,
                "writes": 2,
                "unchanged": 1,
            },
        )
    ]


def test_a_placement_that_is_gone_is_told_and_forgotten(tell: Tell, clock: Clock) -> None:
    """A placement that is no longer mapped has a last line and no reminders."""
    tell(changed(outcome(Reason.EMPTY_VALUE)))
    assert above_debug(tell(PlacementGone(PLACEMENT))) == ["no longer mapped"]
    clock.time += HOUR
    assert above_debug(tell(SWEEP)) == []


def test_a_listener_that_fails_is_told_once_an_hour(tell: Tell, clock: Clock) -> None:
    """A bug in telemetry does not fill the log."""
    failed = ListenerFailed("metrics", "ValueError")
    assert tell(failed, failed) == [
        ("error", "telemetry failed", {"listener": "metrics", "error": "ValueError"})
    ]
    clock.time += HOUR
    assert above_debug(tell(SWEEP, failed)) == ["telemetry failed"]


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (StoreRequest(STORE, "fetch", "ok", 0.1), "debug", "store request"),
        (ApiRequest("get", "secrets", 200, 0.1), "debug", "api request"),
        (
            ObjectWritten("update", "Secret", ObjectRef("a", "b"), (PLACEMENT,), ("token",), ()),
            "debug",
            "object written",
        ),
        (
            ObjectWritten("bind", "ServiceAccount", ObjectRef("a", "b"), (PLACEMENT,), (), ("secrets",)),
            "info",
            "object written",
        ),
    ],
)
def test_details_are_for_debugging(tell: Tell, event: Event, level: str, words: str) -> None:
    """Single requests are told at debug; changes of a ServiceAccount, which have no other line, at info."""
    assert [line[:2] for line in tell(event)] == [(level, words)]


def test_freshness_is_no_line(tell: Tell) -> None:
    """That a placement was synced in time is a metric only."""
    assert tell(Freshness(PLACEMENT, 1.0, 2.0)) == []


def test_an_absent_cluster_is_one_line_until_it_is_back(tell: Tell) -> None:
    """While no API server answers there is one line, none for each placement, and one when it is back."""
    lost = SweepFailed("platform every 300s", "cluster", "https://cluster: no connection")
    stale = changed(outcome(Reason.CLUSTER_UNAVAILABLE), outcome(Reason.PUBLISHED))
    back = changed(outcome(Reason.PUBLISHED), outcome(Reason.CLUSTER_UNAVAILABLE))
    words = [(level, word) for level, word, _ in tell(lost, stale, replace(lost, group="other"), back, SWEEP)]
    assert words == [
        ("error", "cluster unavailable"),
        ("info", "cluster available"),
        ("debug", "sweep finished"),
    ]


def test_a_bug_in_a_sweep_is_told_once_for_its_group(tell: Tell) -> None:
    """The same bug in the same group is not told again before the group's sweep succeeded."""
    failed = SweepFailed(SWEEP.group, "bug", "KeyError")
    lines = tell(failed, failed, SWEEP, failed)
    assert [(word, fields.get("error")) for _, word, fields in lines] == [
        ("sweep failed", "KeyError"),
        ("sweep finished", None),
        ("sweep failed", "KeyError"),
    ]


def test_what_is_held_is_one_line_with_the_command(tell: Tell, clock: Clock) -> None:
    """How many, over which limit, and what to type; again each hour until nothing is held."""
    (line,) = tell(PlanHeld("removals", "kqzvmrtb", 212, "10%"))
    level, word, fields = line
    assert (level, word, fields["reason"]) == ("warning", "held", "Held")
    assert (fields["id"], fields["removals"], fields["limit"]) == ("kqzvmrtb", 212, "10%")
    assert fields["confirm"] == "syncd confirm kqzvmrtb"
    clock.time += HOUR
    assert [word for _, word, _ in tell(SWEEP)][-1:] == ["held"]
    assert [word for _, word, _ in tell(PlanHeld("removals"))] == ["held no more"]
    clock.time += HOUR
    assert "held" not in [word for _, word, _ in tell(SWEEP)]
