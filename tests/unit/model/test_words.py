"""Reasons and states are one vocabulary; names and refusals are shown in one way."""

from __future__ import annotations

from syncd.model.errors import RateLimited
from syncd.model.names import CredentialId, Instance, ObjectRef, Origin, PlacementId, entries_annotation
from syncd.model.objects import ObservedAccount, Refusal
from syncd.model.reasons import Reason, State, worst


def test_every_reason_has_one_state() -> None:
    """No reason is without a state, and the states of the page have their reasons."""
    assert {reason.state for reason in Reason} == set(State)
    assert Reason.EMPTY_VALUE.state is State.REFUSED
    assert Reason.HELD.state is State.PENDING


def test_the_worst_state_wins() -> None:
    """Refused > Pending > Stale > Synced; of nothing it is Synced."""
    assert worst([State.SYNCED, State.REFUSED, State.PENDING]) is State.REFUSED
    assert worst([State.STALE, State.SYNCED]) is State.STALE
    assert worst([]) is State.SYNCED


def test_a_refusal_fits_into_an_event() -> None:
    """Where, what and what to do, in 1,024 characters at most."""
    long = Refusal(PlacementId(CredentialId("a"), "n"), Reason.CONFLICT, "w" * 600, "m" * 600, "r")
    assert len(long.text) == 1024


def test_names_are_shown_as_kubernetes_shows_them() -> None:
    """namespace/name, file:line:column: path, credential in namespace."""
    assert str(ObjectRef("n", "a")) == "n/a"
    assert str(Origin("f.yaml", 2, 3, "credentials.a")) == "f.yaml:2:3: credentials.a"
    assert str(PlacementId(CredentialId("a"), "n")) == "a in n"
    assert entries_annotation(Instance("team")) == "syncd.dev/entries.team"


def test_nameless_items_of_a_list_have_no_name() -> None:
    """They are legal, and are passed over where names are asked for."""
    items: tuple[dict[str, str], ...] = ({"name": "a"}, {}, {"name": ""}, {"name": "b"})
    account = ObservedAccount(ObjectRef("n", "s"), "u", "1", False, {}, {}, {"secrets": items})
    assert account.names("secrets") == ("a", "b")
    assert account.names("imagePullSecrets") == ()


def test_a_stores_error_knows_when_to_come_back() -> None:
    """The delay that a store asks for stays with the error."""
    error = RateLimited("slow down", retry_after=3.5)
    assert (error.reason, error.retry_after, error.retryable) == (Reason.RATE_LIMITED, 3.5, True)
