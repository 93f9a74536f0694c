"""guard: each check refuses what would break its rule, and takes along what needs it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.detect import ROLE_ARN
from syncd.model.names import (
    LABEL_INSTANCE,
    LABEL_RELEASED,
    TARGET,
    annotations_annotation,
    entries_annotation,
)
from syncd.model.objects import Owner
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue
from syncd.model.sizes import LARGEST_ANNOTATIONS, LARGEST_SECRET
from syncd.sync.action import PatchAccount, Plan, WriteSecret
from syncd.sync.checks import Circumstances
from syncd.sync.guard import guard
from syncd.sync.plan import plan
from tests.unit.sync.builders import (
    KEY,
    ME,
    account,
    as_written,
    binding,
    desired,
    entry,
    foreign,
    namespace,
    observed,
    state,
    wanted_account,
)

if TYPE_CHECKING:
    from syncd.model.objects import DesiredAccount, DesiredEntry, DesiredSecret, ObservedSecret

AROUND = Circumstances(ME, KServeConfig())
WEB = Owner("Deployment web", "end it")
S3 = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


def guarded(
    want: tuple[DesiredSecret | DesiredAccount | DesiredEntry, ...],
    have: tuple[Any, ...],
    around: Circumstances = AROUND,
) -> Plan:
    """Plan and guard for these objects."""
    seen = observed(*have)
    return guard(plan(state(*want), seen, instance=ME, digest_key=KEY), seen, around)


def reasons(result: Plan) -> list[Reason]:
    """Return the reasons of a plan's refusals."""
    return [refusal.reason for refusal in result.refused]


def test_what_nobody_objects_to_passes() -> None:
    """A plan within the rules comes out as it went in."""
    want = (desired(), wanted_account(binding()), entry())
    seen = observed(account())
    proposed = plan(state(*want), seen, instance=ME, digest_key=KEY)
    assert guard(proposed, seen, AROUND) == proposed


@pytest.mark.parametrize(
    ("have", "reason"),
    [
        (foreign("hub", {"HF_TOKEN": "x"}), Reason.FOREIGN_SECRET),
        (foreign("hub", {"HF_TOKEN": "t"}), Reason.FOREIGN_SECRET),
        (foreign("hub", {}, owner=WEB), Reason.FOREIGN_SECRET),
        (as_written(desired({"HF_TOKEN": "x"}, credential="other")), Reason.CLAIMED_BY),
        (as_written(desired(), annotations={TARGET: "other/hub"}), Reason.COPY_OF_OURS),
        (as_written(desired(), annotations={}), Reason.COPY_OF_OURS),
        (as_written(desired(), labels={LABEL_INSTANCE: "another-install"}), Reason.FOREIGN_SECRET),
        (as_written(desired({"HF_TOKEN": "x"}), type="kubernetes.io/tls"), Reason.TYPE_MISMATCH),
        (as_written(desired({"HF_TOKEN": "x"}), immutable=True), Reason.SECRET_IMMUTABLE),
        (as_written(desired({"HF_TOKEN": "x"}), deleting=True), Reason.BEING_DELETED),
    ],
)
def test_a_secret_that_may_not_be_written_is_left_alone(have: ObservedSecret, reason: Reason) -> None:
    """Foreign, copied, claimed, immutable, of another type or going away: refused, and not bound."""
    result = guarded((desired(), wanted_account(binding())), (have, account()))
    assert result.actions == ()
    assert reason in reasons(result)
    assert all(refusal.remedy for refusal in result.refused)


def test_an_immutable_secret_may_get_annotations() -> None:
    """The API server takes labels and annotations of an immutable Secret."""
    have = as_written(desired(), immutable=True)
    assert len(guarded((desired(annotations={"a": "b"}),), (have,)).actions) == 1


def test_a_refused_secret_does_not_stop_its_neighbour() -> None:
    """One foreign Secret, one of ours: only ours is written and bound."""
    other = desired(name="other", credential="other")
    result = guarded(
        (desired(), other, wanted_account(binding(), binding("other", "other"))),
        (foreign("hub", {"a": "b"}), account()),
    )
    write, patch = result.actions
    assert isinstance(write, WriteSecret)
    assert write.ref.name == "other"
    assert isinstance(patch, PatchAccount)
    assert [one.secret for one in patch.bind] == ["other"]


def config_with(record: dict[str, object], **changes: Any) -> ObservedSecret:
    """Return a storage-config that has the key `hub` and this record of ours."""
    have = as_written(desired({"hub": "{}"}, name="storage-config"))
    return replace(have, annotations={entries_annotation(ME): json.dumps(record)}, **changes)


@pytest.mark.parametrize(
    ("have", "reason"),
    [
        (config_with({}), Reason.FOREIGN_ENTRY),
        (config_with({"hub": {"credential": "hub", "namespace": "other"}}), Reason.FOREIGN_ENTRY),
        (config_with({}, owner=WEB), Reason.FOREIGN_ENTRY),
        (config_with({"hub": {"credential": "other"}}), Reason.CLAIMED_BY),
        (config_with({"hub": {"credential": "hub"}}, immutable=True), Reason.SECRET_IMMUTABLE),
        (config_with({}, labels={"opendatahub.io/managed": "true"}), Reason.MANAGED_BY_ODH),
        (config_with({"hub": {"credential": "hub"}}, deleting=True), Reason.BEING_DELETED),
    ],
)
def test_an_entry_that_may_not_be_written_is_left_alone(have: ObservedSecret, reason: Reason) -> None:
    """Foreign or claimed keys, and an object that somebody else manages, are refused."""
    result = guarded((entry('{"a":"b"}'),), (have,))
    assert result.actions == ()
    assert reason in reasons(result)


@pytest.mark.parametrize("adopt", [True, False])
def test_what_somebody_keeps_is_not_adopted(adopt: bool) -> None:
    """Secret and entry with an owner stay; the remedy says how it lets go, and what the mapping lacks."""
    result = guarded(
        (replace(desired(), adopt=adopt), replace(entry(), adopt=adopt)),
        (foreign("hub", {}, owner=WEB), config_with({}, owner=WEB)),
    )
    foreign_to_us = [Reason.FOREIGN_SECRET, Reason.FOREIGN_ENTRY]
    assert reasons(result) == ([Reason.FOREIGN_CONTROLLER] * 2 if adopt else foreign_to_us)
    assert result.actions == ()
    remedies = [refusal.remedy for refusal in result.refused]
    assert all("end it" in remedy and ("adopt: true" in remedy) is not adopt for remedy in remedies)


def test_what_nobody_keeps_is_adopted() -> None:
    """Secret and entry that have no owner are taken over when the target says so, and not otherwise."""
    have = (foreign("hub", {}), config_with({}))
    want = (replace(desired(), adopt=True), replace(entry(), adopt=True))
    assert len(guarded(want, have).actions) == 2


@pytest.mark.parametrize(("marked", "written"), [(True, 0), (False, 2)])
def test_what_was_released_and_taken_by_somebody_is_theirs(marked: bool, written: int) -> None:
    """A mark that somebody put on what we released counts; that somebody wrote it lately does not."""
    owner = replace(WEB, marked=marked)
    released = as_written(desired({"HF_TOKEN": "x"}), labels={LABEL_RELEASED: ME}, owner=owner)
    config = config_with({"hub": {"credential": "hub", "released": "true"}}, owner=owner)
    result = guarded((desired(), entry('{"a":"b"}')), (released, config))
    assert len(result.actions) == written
    assert reasons(result) == ([] if written else [Reason.FOREIGN_SECRET, Reason.FOREIGN_ENTRY])


def test_a_new_entry_beside_foreign_ones_is_written() -> None:
    """We own entries, not the object."""
    assert len(guarded((entry(key="mine"),), (config_with({}),)).actions) == 1


def test_annotations_of_others_stay() -> None:
    """An annotation with another value is refused by name; the binding beside it goes on."""
    have = account(annotations={"a/b": "theirs"})
    result = guarded((desired(), wanted_account(binding(), annotations={"a/b": "c", "d/e": "f"})), (have,))
    patch = result.actions[-1]
    assert isinstance(patch, PatchAccount)
    assert sorted(patch.annotations) == ["d/e"]
    assert reasons(result) == [Reason.CONFLICT]


@pytest.mark.parametrize(("owner", "refused"), [("hub", []), ("other", [Reason.CLAIMED_BY])])
def test_an_annotation_on_our_record_belongs_to_its_credential(owner: str, refused: list[Reason]) -> None:
    """Drift of our own annotation is repaired; one of another credential is not taken over."""
    record = json.dumps({"name": "models", "annotations": {"a/b": owner}})
    have = account(annotations={"a/b": "old", annotations_annotation(ME): record})
    result = guarded((wanted_account(annotations={"a/b": "c"}),), (have,))
    assert reasons(result) == refused
    assert bool(result.actions) is not bool(refused)


def test_nothing_is_written_into_a_terminating_namespace() -> None:
    """Secret, entry and ServiceAccount are all refused, each with the reason."""
    result = guarded(
        (desired(), wanted_account(binding()), entry()), (account(), namespace(terminating=True))
    )
    assert result.actions == ()
    assert set(reasons(result)) == {Reason.NAMESPACE_TERMINATING}


def test_a_service_account_that_is_going_away_is_not_patched() -> None:
    """Its binding and the record that announces it are taken back; the Secret is written."""
    result = guarded((desired(), wanted_account(binding())), (account(deleting=True),))
    (write,) = result.actions
    assert isinstance(write, WriteSecret)
    assert write.want.bound_to == frozenset()
    assert reasons(result) == [Reason.BEING_DELETED]


@pytest.mark.parametrize(
    "want",
    [
        replace(desired(), data={"HF_TOKEN": SecretValue(b"x" * (LARGEST_SECRET + 1))}),
        desired(annotations={"a": "x" * LARGEST_ANNOTATIONS}),
        replace(entry(), value=SecretValue(b"x" * (LARGEST_SECRET + 1))),
    ],
)
def test_what_the_api_server_would_not_take_is_refused_before_the_write(
    want: DesiredSecret | DesiredEntry,
) -> None:
    """Sizes are checked first, with the limit in the message."""
    assert reasons(guarded((want,), ())) == [Reason.OBJECT_TOO_LARGE]


def test_an_entry_counts_what_stands_beside_it() -> None:
    """The limit is of the whole storage-config."""
    have = replace(config_with({}), sizes={"hub": LARGEST_SECRET - 10})
    assert reasons(guarded((entry("x" * 20, key="mine"),), (have,))) == [Reason.OBJECT_TOO_LARGE]


def test_only_values_change_while_kserves_config_is_unreadable() -> None:
    """A rotation goes on; creations, shapes and bindings wait."""
    around = replace(AROUND, unreadable="no JSON")
    have = as_written(desired())
    assert len(guarded((desired({"HF_TOKEN": "u"}),), (have,), around).actions) == 1
    for want, seen in (
        ((desired(),), ()),
        ((desired({"OTHER": "u"}),), (have,)),
        ((desired(), wanted_account(binding())), (have, account())),
    ):
        result = guarded(want, seen, around)
        assert result.actions == ()
        assert set(reasons(result)) == {Reason.KSERVE_CONFIG_INVALID}


def test_a_second_s3_secret_is_not_bound_beside_a_foreign_one() -> None:
    """The Secret is published and rotates; only the binding is refused, without a record of it."""
    want = desired(S3, detects_as="s3")
    have = (foreign("theirs", S3), account(items=({"name": "theirs"}, {"name": "gone"})))
    result = guarded((want, wanted_account(binding(kind="s3"))), have)
    (write,) = result.actions
    assert isinstance(write, WriteSecret)
    assert write.want.bound_to == frozenset()
    (refusal,) = result.refused
    assert refusal.reason is Reason.CONFLICT
    assert "theirs" in refusal.message


def test_what_is_bound_already_stays_bound_and_rotates() -> None:
    """Two S3 Secrets that are there already are nobody's newcomers."""
    old = as_written(replace(desired(S3, detects_as="s3"), bound_to=frozenset({"secrets/models"})))
    have = (old, foreign("theirs", S3), account(items=({"name": "theirs"}, {"name": "hub"})))
    want = desired({**S3, "AWS_ACCESS_KEY_ID": "new"}, detects_as="s3")
    result = guarded((want, wanted_account(binding(kind="s3"))), have)
    assert len(result.actions) == 1
    assert result.refused == ()


def test_a_refused_binding_alone_leaves_no_write_behind() -> None:
    """When nothing but `bound-to` would have changed, nothing is written."""
    want = desired(S3, detects_as="s3")
    have = (as_written(want), foreign("theirs", S3), account(items=({"name": "theirs"},)))
    assert guarded((want, wanted_account(binding(kind="s3"))), have).actions == ()


def test_a_role_and_an_s3_secret_exclude_each_other() -> None:
    """Whoever comes second is refused, be it the annotation or the binding; our own role is named as ours."""
    record = json.dumps({"name": "models", "annotations": {ROLE_ARN: "role"}})
    with_role = account(annotations={ROLE_ARN: "arn", annotations_annotation(ME): record})
    want = desired(S3, detects_as="s3")
    result = guarded((want, wanted_account(binding(kind="s3"))), (with_role,))
    assert "credential role" in result.refused[0].message
    bound = (as_written(want), account(items=({"name": "hub"},)))
    result = guarded((wanted_account(annotations={ROLE_ARN: "arn"}),), bound)
    assert reasons(result) == [Reason.CONFLICT]
    assert result.actions == ()


def test_image_pull_secrets_are_no_credentials_of_kserve() -> None:
    """KServe never reads imagePullSecrets, so nothing clashes there."""
    want = desired({".dockerconfigjson": "{}"}, kind="kubernetes.io/dockerconfigjson", detects_as=None)
    pull = replace(binding(kind=None), list_name="imagePullSecrets")
    assert len(guarded((want, wanted_account(pull)), (account(),)).actions) == 2
