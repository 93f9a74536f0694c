"""Nothing of a plan that is carried out in part makes a mixture, or a claim to what is not ours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.detect import ROLE_ARN
from syncd.model.errors import SecretNotFound
from syncd.model.names import CredentialId, PlacementId, annotations_annotation
from syncd.model.objects import AccountAnnotation, Binding, DesiredAccount
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef
from syncd.sync.action import PatchAccount, Plan, WriteSecret
from syncd.sync.checks import Circumstances
from syncd.sync.guard import guard
from syncd.sync.leftovers import Mapped, leftovers
from syncd.sync.plan import plan
from syncd.sync.records import sources
from syncd.sync.render import render
from syncd.sync.sources import with_edited_sources
from tests.unit.sync.builders import (
    KEY,
    ME,
    STORE,
    account,
    as_written,
    binding,
    credential,
    desired,
    foreign,
    observed,
    placement,
    ref,
    remote,
    state,
    wanted_account,
)

if TYPE_CHECKING:
    from syncd.mapping.credential import Credential
    from syncd.model.objects import DesiredSecret, ObservedAccount

CONFIG = KServeConfig()
NAMES = (CONFIG.storage_spec_secret_name,)
S3 = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
ENDPOINT = "serving.kserve.io/s3-endpoint"
SOURCE = SecretRef(STORE, "kv/hub")


def guarded(want: tuple[DesiredSecret | DesiredAccount, ...], *have: Any) -> Plan:
    """Plan and guard for these objects."""
    seen = observed(*have)
    return guard(plan(state(*want), seen, instance=ME, digest_key=KEY), seen, Circumstances(ME, CONFIG))


def record(**annotations: str) -> dict[str, str]:
    """Return the annotation that records these annotations of `models` as ours."""
    return {annotations_annotation(ME): json.dumps({"name": "models", "annotations": annotations})}


def by_role(name: str, role: str, **settings: str) -> Credential:
    """Return a keyless S3 credential."""
    return replace(
        credential(
            "s3", sources={}, settings={"roleArn": f"arn:aws:iam::111122223333:role/{role}", **settings}
        ),
        id=CredentialId(name),
    )


def test_a_refused_annotation_is_not_recorded_as_ours() -> None:
    """Or the next sweep would take somebody else's annotation for its own, and overwrite it."""
    have = account(annotations={"a/b": "theirs"})
    want = wanted_account(annotations={"a/b": "c", "d/e": "f"})
    (patch,) = guarded((want,), have).actions
    assert isinstance(patch, PatchAccount)
    assert json.loads(patch.record or "") == {"annotations": {"d/e": "hub"}, "name": "models"}


@pytest.mark.parametrize("theirs", [ROLE_ARN, ENDPOINT])
def test_a_role_and_its_settings_are_set_together_or_not_at_all(theirs: str) -> None:
    """One of them is somebody else's: KServe would use their role with our endpoint, or the other way."""
    have = account(annotations={theirs: "theirs"})
    result = guarded((wanted_account(annotations={ROLE_ARN: "ours", ENDPOINT: "ours", "d/e": "f"}),), have)
    (patch,) = result.actions
    assert isinstance(patch, PatchAccount)
    assert sorted(patch.annotations) == ["d/e"]
    assert {refusal.reason for refusal in result.refused} == {Reason.CONFLICT}


@pytest.mark.parametrize("owner", [None, "other"])
def test_no_settings_are_set_beside_the_role_of_somebody_else(owner: str | None) -> None:
    """Though the role is the one that we want: their workloads would go to our endpoint."""
    have = account(annotations={ROLE_ARN: "same", **(record(**{ROLE_ARN: owner}) if owner else {})})
    result = guarded((wanted_account(annotations={ROLE_ARN: "same", ENDPOINT: "ours"}),), have)
    assert result.actions == ()
    assert [refusal.reason for refusal in result.refused] == [Reason.CONFLICT]


def test_settings_beside_our_own_role_change() -> None:
    """The endpoint of a role of ours follows the mapping."""
    mine = record(**{ROLE_ARN: "hub", ENDPOINT: "hub"})
    have = account(annotations={ROLE_ARN: "same", ENDPOINT: "old", **mine})
    result = guarded((wanted_account(annotations={ROLE_ARN: "same", ENDPOINT: "new"}),), have)
    assert result.refused == ()
    assert len(result.actions) == 1


def test_a_role_that_is_refused_beside_keys_leaves_no_settings_behind() -> None:
    """An S3 Secret holds the place: neither the role nor its endpoint is set."""
    have = account(items=({"name": "theirs"},))
    want = wanted_account(annotations={ROLE_ARN: "ours", ENDPOINT: "ours"})
    result = guarded((want,), have, foreign("theirs", S3))
    assert result.actions == ()
    assert [refusal.reason for refusal in result.refused] == [Reason.CONFLICT]


@pytest.mark.parametrize("second", ["reader", "writer"])
def test_two_roles_on_one_service_account_do_not_mix(second: str) -> None:
    """The second one's settings would be read with the first one's role, be it the same or another."""
    first = placement(by_role("first", "reader"))
    other = placement(by_role("second", second, endpoint="https://elsewhere:9000"))
    wanted, refused = render([first, other], {}, CONFIG, addresses={})
    annotations = wanted.accounts[ref("models")].annotations
    assert {one.credential for one in annotations.values()} == {"first"}
    assert ENDPOINT not in annotations
    assert {(one.placement.credential, one.reason) for one in refused} == {("second", Reason.CONFLICT)}


def models(*names: str) -> ObservedAccount:
    """Return ServiceAccount `models` with these Secrets on its list."""
    return account(items=tuple({"name": name} for name in names))


def test_a_listed_secret_does_not_become_a_second_s3() -> None:
    """Its binding is old, and the clash with the Secret beside it would be new."""
    have = as_written(desired(bound_to=frozenset({"secrets/models"})))
    want = desired(S3, detects_as="s3")
    result = guarded((want,), have, foreign("theirs", S3), models("theirs", "hub"))
    assert result.actions == ()
    assert [refusal.reason for refusal in result.refused] == [Reason.CONFLICT]


def test_a_secret_that_is_awaited_beside_another_s3_is_not_created() -> None:
    """Somebody listed its name already: creating it would let one's keys go to the other's endpoint."""
    result = guarded((desired(S3, detects_as="s3"),), foreign("theirs", S3), models("theirs", "hub"))
    assert result.actions == ()
    assert [refusal.reason for refusal in result.refused] == [Reason.CONFLICT]


def test_of_two_that_become_s3_at_once_the_first_does() -> None:
    """Both are listed and neither is S3 yet; only one of them may become it."""
    pair = [desired(name=name, credential=name) for name in ("one", "two")]
    have = [as_written(want) for want in pair]
    want = tuple(desired(S3, name=name, credential=name, detects_as="s3") for name in ("one", "two"))
    result = guarded(want, *have, models("one", "two"))
    assert [action.ref.name for action in result.actions] == ["one"]


def test_a_binding_waits_for_a_neighbour_that_becomes_s3() -> None:
    """One listed Secret becomes S3 in this very plan: no other S3 is bound beside it."""
    have = as_written(desired(name="one", credential="one"))
    want = (
        desired(S3, name="one", credential="one", detects_as="s3"),
        desired(S3, detects_as="s3"),
        wanted_account(binding("hub", "hub", "s3")),
    )
    result = guarded(want, have, models("one"))
    assert all(isinstance(action, WriteSecret) for action in result.actions)
    assert [refusal.placement.credential for refusal in result.refused] == ["hub"]


def test_the_place_of_a_secret_is_free_for_its_successor_alone() -> None:
    """The successor is refused, so the old one stays: no other S3 comes beside it, whatever the order."""
    old = as_written(desired(S3, name="old", detects_as="s3"))
    third = replace(binding("third", "third", "s3"))
    successor = replace(binding("hub", "hub", "s3"), replaces="old")
    want = (
        desired(S3, detects_as="s3"),
        desired(S3, name="third", credential="third", detects_as="s3"),
        wanted_account(third, successor),
    )
    seen = observed(old, foreign("hub", S3), models("old"))
    proposed = plan(state(*want), seen, instance=ME, digest_key=KEY)
    proposed = replace(
        proposed,
        actions=tuple(
            replace(action, bind=(third, successor)) if isinstance(action, PatchAccount) else action
            for action in proposed.actions
        ),
    )
    result = guard(proposed, seen, Circumstances(ME, CONFIG))
    assert [action.ref.name for action in result.actions] == ["third"]
    assert (Reason.CONFLICT, "third") in {(one.reason, one.placement.credential) for one in result.refused}


def test_a_secret_may_change_its_kind_where_it_is_alone() -> None:
    """From a hub token to S3 keys, in one patch."""
    have = as_written(desired())
    result = guarded((desired(S3, detects_as="s3"),), have, models("hub"))
    assert [action.verb for action in result.actions] == ["update"]


def test_a_secret_never_takes_the_place_of_storage_config() -> None:
    """All keys of a Secret are ours, so the entries of everybody would go."""
    one = placement(secret=ref("storage-config"))
    wanted, refused = render([one], {SOURCE: remote('{"token":"t"}')}, CONFIG, addresses={})
    assert not wanted.secrets
    assert [refusal.reason for refusal in refused] == [Reason.CONFLICT]


def test_annotations_of_a_credential_that_left_are_reported() -> None:
    """Of those on our record, the ones whose credential has no target there any more."""
    have = account(
        annotations={"a/b": "c", "d/e": "f", **record(**{"a/b": "gone", "d/e": "hub", "x/y": "gone"})}
    )
    found = leftovers(Mapped((placement(),)), observed(have), NAMES, ME)
    assert [(one.where, one.detail, one.placement.credential) for one in found] == [
        ("ServiceAccount", "still has annotation a/b", "gone")
    ]


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        ("vault https://v kv/hub", Reason.SECRET_NOT_FOUND),
        ("vault https://v kv/old", Reason.SOURCE_NOT_FOUND),
    ],
)
def test_a_source_that_was_edited_and_is_not_there_is_told_apart(recorded: str, reason: Reason) -> None:
    """What is published came from another source: a typo in the mapping is no deletion in the store."""
    one = placement()
    addresses = {STORE: "vault https://v"}
    _, refused = render([one], {SOURCE: SecretNotFound("gone")}, CONFIG, addresses=addresses)
    have = as_written(
        desired(records={"syncd.dev/source": json.dumps({"*": recorded}, separators=(",", ":"))})
    )
    assert sources(one, addresses) == '{"*":"vault https://v kv/hub"}'
    (told,) = with_edited_sources(refused, [one], observed(have), instance=ME, addresses=addresses)
    assert (told.placement, told.reason) == (PlacementId(CredentialId("hub"), "nlp"), reason)


def test_nothing_is_told_apart_where_nothing_is_published() -> None:
    """A secret that was never there is simply not found."""
    one = placement()
    _, refused = render([one], {SOURCE: SecretNotFound("gone")}, CONFIG, addresses={})
    assert with_edited_sources(refused, [one], observed(), instance=ME, addresses={}) == refused


def test_a_record_of_two_credentials_keeps_what_is_set() -> None:
    """Two credentials, one annotation each, one refused: the other stands on the record alone."""
    annotations = {
        "a/b": AccountAnnotation("x", CredentialId("one")),
        "d/e": AccountAnnotation("y", CredentialId("two")),
    }
    want = DesiredAccount(ref("models"), (Binding("secrets", "hub", CredentialId("hub"), None),), annotations)
    patch = guarded((desired(), want), account(annotations={"a/b": "theirs"})).actions[-1]
    assert isinstance(patch, PatchAccount)
    assert json.loads(patch.record or "")["annotations"] == {"d/e": "two"}
