"""plan: a pure comparison of what should be with what is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.names import (
    LABEL_INSTANCE,
    VERSION,
    annotations_annotation,
    entries_annotation,
)
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue
from syncd.sync.action import PatchAccount, Plan, WriteEntry, WriteSecret
from syncd.sync.plan import plan
from tests.unit.sync.builders import (
    KEY,
    ME,
    account,
    as_written,
    binding,
    desired,
    entry,
    observed,
    ref,
    state,
    wanted_account,
)

if TYPE_CHECKING:
    from syncd.model.objects import DesiredAccount, DesiredEntry, DesiredSecret


def planned(want: tuple[DesiredSecret | DesiredAccount | DesiredEntry, ...], have: tuple[Any, ...]) -> Plan:
    """Plan for these objects."""
    return plan(state(*want), observed(*have), instance=ME, digest_key=KEY)


def test_an_absent_secret_is_created() -> None:
    """What is not there is created, and every key counts as shape."""
    (action,) = planned((desired(),), ()).actions
    assert isinstance(action, WriteSecret)
    assert action.verb == "create"
    assert action.difference.shape == {"data.HF_TOKEN"}


def test_what_is_equal_is_only_counted() -> None:
    """Equal Secrets, ServiceAccounts and entries make no action."""
    secret = replace(desired(), bound_to=frozenset({"secrets/models"}))
    config = replace(
        as_written(desired({"hub": "{}"}, name="storage-config")),
        annotations={entries_annotation(ME): json.dumps({"hub": {"credential": "hub"}})},
    )
    sa = account(items=({"name": "hub"},), annotations={"a/b": "c"})
    result = planned(
        (desired(), wanted_account(binding(), annotations={"a/b": "c"}), entry()),
        (as_written(secret), sa, config),
    )
    assert result == Plan(unchanged=3)
    assert not result


@pytest.mark.parametrize(
    ("want", "values", "shape", "records"),
    [
        (desired({"HF_TOKEN": "u"}), {"HF_TOKEN"}, set(), set()),
        (desired({"HF_TOKEN": "t", "X": "y"}), set(), {"data.X"}, set()),
        (desired({"X": "y"}), set(), {"data.X", "data.HF_TOKEN"}, set()),
        (desired(annotations={"a": "b"}), set(), {"annotations.a"}, set()),
        (desired(labels={"a": "b"}), set(), {"labels.a"}, set()),
        (desired(kind="kubernetes.io/dockerconfigjson"), set(), {"type"}, set()),
        (desired(records={"syncd.dev/source": "s"}), set(), set(), {"syncd.dev/source"}),
    ],
)
def test_an_update_says_what_differs(
    want: DesiredSecret, values: set[str], shape: set[str], records: set[str]
) -> None:
    """Values, shape and records are told apart, by name only."""
    (action,) = planned((want,), (as_written(desired()),)).actions
    assert isinstance(action, WriteSecret)
    found = action.difference
    assert [found.values, found.shape, found.records] == [values, shape, records]


def test_an_annotation_of_kserve_that_is_not_wanted_goes() -> None:
    """A setting that the mapping no longer has is a difference of shape; other annotations are not ours."""
    have = as_written(desired(), annotations={"serving.kserve.io/s3-region": "x", "team": "nlp"})
    (action,) = planned((desired(),), (have,)).actions
    assert isinstance(action, WriteSecret)
    assert action.difference.shape == {"annotations.serving.kserve.io/s3-region"}


def test_another_version_with_equal_values_is_no_write() -> None:
    """A write is skipped because all digests are equal; a version alone is no reason for one."""
    have = as_written(desired(records={VERSION: '{"*":"1"}'}))
    assert not planned((desired(records={VERSION: '{"*":"2"}'}),), (have,))


def test_a_binding_is_announced_on_the_secret_before_it_is_made() -> None:
    """`bound-to` is extended in the Secret's write, which comes before the ServiceAccount's patch."""
    first, second = planned(
        (desired(), wanted_account(binding())), (as_written(desired()), account())
    ).actions
    assert isinstance(first, WriteSecret)
    assert first.difference.records == {"syncd.dev/bound-to"}
    assert first.want.bound_to == {"secrets/models"}
    assert isinstance(second, PatchAccount)
    assert second.needs == {ref()}


def test_what_somebody_else_bound_is_not_claimed() -> None:
    """A ServiceAccount that lists the Secret already changes no record."""
    have = (as_written(desired()), account(items=({"name": "hub"},)))
    assert not planned((desired(), wanted_account(binding())), have)


def test_a_missing_service_account_holds_back_only_its_binding() -> None:
    """The Secret is written, and the binding waits with a remedy."""
    result = planned((desired(), wanted_account(binding(), annotations={"a/b": "c"})), ())
    assert [type(action) for action in result.actions] == [WriteSecret]
    (refusal,) = result.refused
    assert refusal.reason is Reason.SERVICE_ACCOUNT_NOT_FOUND
    assert "createServiceAccounts" in refusal.text


def test_a_service_account_is_created_where_the_mapping_says_so() -> None:
    """`createServiceAccounts` makes one action that creates and binds at once."""
    _, action = planned((desired(), wanted_account(binding(), create=True)), ()).actions
    assert isinstance(action, PatchAccount)
    assert (action.verb, action.record) == ("create", None)


def test_annotations_of_a_service_account_are_recorded_with_its_name() -> None:
    """The record names the annotation, its credential and the ServiceAccount itself."""
    (action,) = planned((wanted_account(annotations={"a/b": "c"}),), (account(),)).actions
    assert isinstance(action, PatchAccount)
    assert action.record == '{"annotations":{"a/b":"hub"},"name":"models"}'
    assert [str(placement) for placement in action.placements] == ["hub in nlp"]


@pytest.mark.parametrize(
    "record",
    ["no json", "[]", '{"name":"other","annotations":{"x":"y"}}', '{"name":"models","annotations":[]}'],
)
def test_a_record_that_is_not_this_accounts_says_nothing(record: str) -> None:
    """KServe copies annotations to the ServiceAccounts that it generates: a copied record is ignored."""
    have = account(annotations={annotations_annotation(ME): record})
    (action,) = planned((wanted_account(annotations={"a/b": "c"}),), (have,)).actions
    assert isinstance(action, PatchAccount)
    assert action.record == '{"annotations":{"a/b":"hub"},"name":"models"}'


def test_entries_are_created_and_updated_one_by_one() -> None:
    """Without storage-config each entry is created; in it, only the one that differs is written."""
    (created,) = planned((entry(),), ()).actions
    assert isinstance(created, WriteEntry)
    assert created.verb == "create"
    assert created.difference.shape == {"hub"}
    have = replace(
        as_written(desired({"hub": "{}", "other": "{}"}, name="storage-config")),
        annotations={entries_annotation(ME): json.dumps({"hub": {"credential": "hub"}, "bad": 1})},
    )
    (updated,) = planned((entry('{"a":"b"}'),), (have,)).actions
    assert isinstance(updated, WriteEntry)
    assert updated.verb == "update"
    assert updated.difference.values == {"hub"}
    (added,) = planned((entry(key="new"),), (have,)).actions
    assert isinstance(added, WriteEntry)
    assert added.verb == "create"
    assert added.difference.shape == {"new"}


def test_an_entrys_record_is_kept_true() -> None:
    """Another source under an equal value is written to the record; another version is not."""
    have = replace(
        as_written(desired({"hub": "{}"}, name="storage-config")),
        annotations={
            entries_annotation(ME): json.dumps({"hub": {"credential": "hub", "source": "a", "version": "1"}})
        },
    )
    assert not planned((entry(source="a", version="2"),), (have,))
    (action,) = planned((entry(source="b", version="2"),), (have,)).actions
    assert isinstance(action, WriteEntry)
    assert action.difference.records == {"hub.source"}


def test_a_plan_can_be_printed_without_values() -> None:
    """`public` has names, verbs and reasons, and neither a value nor a digest."""
    secret = desired({"HF_TOKEN": "canary-value"})
    result = planned(
        (
            secret,
            wanted_account(binding(), create=True),
            entry("canary-value"),
            wanted_account(binding(), name="x"),
        ),
        (),
    )
    public: Any = result.public()
    text = json.dumps(public) + repr(result)
    assert "canary-value" not in text
    assert SecretValue(b"canary-value").digest(KEY) not in text
    assert [action["kind"] for action in public["actions"]] == [
        "Secret",
        "storage-config entry",
        "ServiceAccount",
    ]


def test_a_secret_without_our_label_differs_even_when_all_else_is_equal() -> None:
    """The missing label is a difference, so that guard gets to see a foreign Secret."""
    (action,) = planned((desired(),), (as_written(desired(), labels={}),)).actions
    assert isinstance(action, WriteSecret)
    assert action.difference.records == {LABEL_INSTANCE}


def test_unreadable_records_are_no_records() -> None:
    """Anybody can edit an annotation: what is no list in `bound-to` binds nothing."""
    for text in ("no json", "{}", "[1]"):
        have = as_written(desired(), annotations={**desired().records, "syncd.dev/bound-to": text})
        assert not planned((desired(),), (have,))
    config = as_written(
        desired({"hub": "{}"}, name="storage-config"), annotations={entries_annotation(ME): "["}
    )
    (action,) = planned((entry(),), (config,)).actions
    assert isinstance(action, WriteEntry)
    assert action.difference.records == {"hub.credential"}
