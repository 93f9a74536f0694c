"""apply and outcome: the order of writes, what an error takes along, and what is said of each placement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncd.cluster.interface import AccountPatch, EntryDrop, Rejected, WriteResult, Written
from syncd.model.errors import NotLeader
from syncd.model.events import ObjectWritten
from syncd.model.names import CredentialId, PlacementId
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason, State
from syncd.sync.action import PatchAccount, Plan
from syncd.sync.apply import Applied, apply
from syncd.sync.outcome import outcomes
from syncd.sync.plan import plan
from tests.unit.sync.builders import (
    HUB,
    KEY,
    ME,
    account,
    as_written,
    binding,
    credential,
    desired,
    entry,
    observed,
    placement,
    state,
    wanted_account,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from syncd.model.events import Event
    from syncd.model.names import ObjectRef
    from syncd.model.objects import (
        DesiredEntry,
        DesiredSecret,
        ObservedAccount,
        ObservedConfigMap,
        ObservedSecret,
    )

MINE = PlacementId(HUB, "nlp")
NO = Rejected(Reason.FORBIDDEN, "403 Forbidden", "Grant it")
VERSIONS = ('{"*":"1"}', '{"*":"2"}')


class Recorder:
    """A writer that writes down what it is asked for, and answers as it is told."""

    def __init__(self, answer: Callable[[str], WriteResult] = lambda _: Written("u", "1")) -> None:
        """Answer each request by what `answer` says of its text."""
        self.asked: list[str] = []
        self._answer = answer

    def _note(self, text: str) -> WriteResult:
        self.asked.append(text)
        return self._answer(text)

    def create_secret(self, want: DesiredSecret) -> WriteResult:
        """Note a creation."""
        return self._note(f"create {want.ref.name}")

    def update_secret(self, want: DesiredSecret, have: ObservedSecret) -> WriteResult:
        """Note an update."""
        return self._note(f"update {have.ref.name}")

    def patch_account(self, ref: ObjectRef, patch: AccountPatch, have: ObservedAccount | None) -> WriteResult:
        """Note a patch of a ServiceAccount."""
        return self._note(f"bind {','.join(one.secret for one in patch.bind)} to {ref.name}")

    def patch_entries(
        self,
        where: ObjectRef,
        want: Sequence[DesiredEntry],
        have: ObservedSecret | None,
        drop: Sequence[EntryDrop] = (),
    ) -> WriteResult:
        """Note a patch of storage-config."""
        return self._note(f"entries {','.join([one.key for one in want] + [f'-{one.key}' for one in drop])}")

    def patch_records(
        self,
        have: ObservedSecret,
        labels: Mapping[str, str | None],
        annotations: Mapping[str, str | None],
    ) -> WriteResult:
        """Note a patch of our records."""
        return self._note(f"records {','.join(sorted({**labels, **annotations}))} of {have.ref.name}")

    def delete_secret(self, have: ObservedSecret) -> WriteResult:
        """Note a deletion."""
        return self._note(f"delete {have.ref.name}")

    def write_config_map(
        self, ref: ObjectRef, data: Mapping[str, str | None], have: ObservedConfigMap | None
    ) -> WriteResult:
        """Note a write of our memory."""
        verb = "remember" if have is not None else "begin to remember"
        return self._note(f"{verb} {','.join(sorted(data))} in {ref.name}")


def full_plan() -> Plan:
    """Return a plan with a Secret to create, one to update, two entries and a ServiceAccount."""
    return plan(
        state(
            desired(),
            desired({"HF_TOKEN": "u"}, name="old", credential="old"),
            entry(key="b"),
            entry(key="a"),
            wanted_account(binding(), binding("old", "old"), annotations={"a/b": "c"}),
        ),
        observed(as_written(desired(name="old", credential="old")), account()),
        instance=ME,
        digest_key=KEY,
    )


def run(writer: Recorder, proposed: Plan) -> tuple[tuple[Applied, ...], list[Event]]:
    """Apply, and return what became of it with the events."""
    events: list[Event] = []
    return apply(proposed, writer, lambda: None, events.append), events


def test_secrets_come_before_entries_before_service_accounts() -> None:
    """Rule 4, and all entries of one storage-config in one request; each success is an event."""
    writer = Recorder()
    applied, events = run(writer, full_plan())
    assert set(writer.asked[:2]) == {"create hub", "update old"}
    assert writer.asked[2:] == ["entries a,b", "bind hub,old to models"]
    assert len(applied) == 5
    verbs = [event.verb for event in events if isinstance(event, ObjectWritten)]
    assert sorted(verbs) == ["bind", "create", "entries", "entries", "update"]


def test_a_secret_that_was_not_written_is_not_bound() -> None:
    """The other binding and the annotation of the same ServiceAccount go on."""
    writer = Recorder(lambda text: NO if text == "create hub" else Written("u", "1"))
    _, events = run(writer, full_plan())
    assert writer.asked[-1] == "bind old to models"
    assert len(events) == 4


def test_a_service_account_with_nothing_left_to_do_is_not_patched() -> None:
    """When its only Secret was not written, no request is sent."""
    writer = Recorder(lambda _: NO)
    proposed = plan(
        state(desired(), wanted_account(binding())), observed(account()), instance=ME, digest_key=KEY
    )
    applied, events = run(writer, proposed)
    assert writer.asked == ["create hub"]
    assert not any(isinstance(done.action, PatchAccount) for done in applied)
    assert events == []


def test_who_may_not_write_sends_nothing() -> None:
    """The fence is asked before each request."""
    writer = Recorder()

    def closed() -> None:
        raise NotLeader("the lease is gone")

    with pytest.raises(NotLeader):
        apply(full_plan(), writer, closed, lambda _: None)
    assert writer.asked == []


def refusal(reason: Reason) -> Refusal:
    """Return a refusal of the placement."""
    return Refusal(MINE, reason, "x", "y", "z")


@pytest.mark.parametrize(
    ("reason", "published", "optional", "expected"),
    [
        (Reason.STORE_UNAVAILABLE, True, False, State.STALE),
        (Reason.STORE_UNAVAILABLE, False, False, State.PENDING),
        (Reason.SECRET_NOT_FOUND, True, True, State.PENDING),
        (Reason.EMPTY_VALUE, True, False, State.REFUSED),
        (Reason.SERVICE_ACCOUNT_NOT_FOUND, True, False, State.PENDING),
    ],
)
def test_a_refusal_is_the_state_of_its_reason(
    reason: Reason, published: bool, optional: bool, expected: State
) -> None:
    """Stale with nothing published yet is Pending, and so is a missing optional secret."""
    seen = observed(as_written(desired())) if published else observed()
    one = placement(credential(optional=optional))
    found = outcomes([one], [refusal(reason)], [], state(), seen)[MINE]
    assert (found.state, found.reasons) == (expected, (reason,))


def swept(want: DesiredSecret, have: ObservedSecret | None) -> tuple[State, Reason, str | None, str | None]:
    """Return state, first reason, version and version before of a sweep that wrote what it wanted."""
    seen = observed(have) if have else observed()
    proposed = plan(state(want), seen, instance=ME, digest_key=KEY)
    applied, _ = run(Recorder(), proposed)
    found = outcomes([placement()], [], applied, state(want), seen)[MINE]
    return found.state, found.reasons[0], found.version, found.previous


def with_version(token: str, index: int) -> DesiredSecret:
    """Return the Secret with this value at this version."""
    return desired({"HF_TOKEN": token}, records={"syncd.dev/version": VERSIONS[index]})


def test_what_was_written_says_why() -> None:
    """First publication, rotation, repaired drift and no change at all are told apart."""
    first, second = with_version("a", 0), with_version("b", 1)
    assert swept(first, None) == (State.SYNCED, Reason.PUBLISHED, "1", None)
    assert swept(second, as_written(first)) == (State.SYNCED, Reason.ROTATED, "2", "1")
    assert swept(first, as_written(with_version("drift", 0))) == (
        State.SYNCED,
        Reason.DRIFT_REPAIRED,
        "1",
        "1",
    )
    assert swept(first, as_written(first)) == (State.SYNCED, Reason.PUBLISHED, "1", "1")


def test_without_versions_other_bytes_are_a_rotation() -> None:
    """KV1 and files have no versions, so drift cannot be told from a rotation."""
    state_, reason, *_ = swept(desired({"HF_TOKEN": "b"}), as_written(desired({"HF_TOKEN": "a"})))
    assert (state_, reason) == (State.SYNCED, Reason.ROTATED)


def test_the_api_servers_no_is_a_refusal_with_its_remedy() -> None:
    """A rejected write keeps the version that is in place."""
    first, second = with_version("a", 0), with_version("b", 1)
    seen = observed(as_written(first), account())
    proposed = plan(state(second, wanted_account(binding())), seen, instance=ME, digest_key=KEY)
    applied = apply(proposed, Recorder(lambda _: NO), lambda: None, lambda _: None)
    found = outcomes([placement()], [], applied, state(second), seen)[MINE]
    assert (found.state, found.reasons, found.version) == (State.REFUSED, (Reason.FORBIDDEN,), "1")
    assert found.refusals[0].remedy == "Grant it"


def test_a_rejected_binding_names_the_service_account() -> None:
    """The Secret's new version is in place; only the binding is refused."""
    seen = observed(account())
    want = with_version("a", 0)
    proposed = plan(state(want, wanted_account(binding())), seen, instance=ME, digest_key=KEY)
    writer = Recorder(lambda text: NO if text.startswith("bind") else Written("u", "1"))
    applied = apply(proposed, writer, lambda: None, lambda _: None)
    found = outcomes([placement()], [], applied, state(want), seen)[MINE]
    assert (found.state, found.version) == (State.REFUSED, "1")
    assert found.refusals[0].where == "ServiceAccount nlp/models"


def test_suspended_and_unplaced_have_outcomes_too() -> None:
    """A suspended placement says so; one that could not be made has the reason alone."""
    one = placement(suspended=True)
    other = PlacementId(CredentialId("hub"), "gone")
    refused = replace(refusal(Reason.NAMESPACE_MISSING), placement=other)
    found = outcomes([one], [refused], [], state(), observed())
    assert found[MINE].state is State.SUSPENDED
    assert found[other].state is State.PENDING
