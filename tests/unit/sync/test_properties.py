"""Whatever is wanted and whatever is there: what a sweep never does, and where it comes to rest."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.cluster.writer import ObjectWriter
from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.conflicts import EXCLUSIVE
from syncd.kserve.detect import ROLE_ARN, detect
from syncd.model.names import (
    CREDENTIAL,
    LABEL_INSTANCE,
    TARGET,
    CredentialId,
    PlacementId,
    entries_annotation,
)
from syncd.model.objects import AccountAnnotation, Binding, DesiredAccount
from syncd.sync.action import PatchAccount, Plan, WriteEntry, WriteSecret
from syncd.sync.apply import apply
from syncd.sync.checks import Circumstances
from syncd.sync.guard import guard
from syncd.sync.ownership import account_record, entries_of, owner_of
from syncd.sync.plan import plan
from tests.unit.sync.builders import KEY, ME, desired, entry, ref, state, values
from tests.unit.sync.memory import Memory

if TYPE_CHECKING:
    from syncd.model.objects import DesiredEntry, DesiredSecret, DesiredState, ObservedState

EXAMPLES = 100
AROUND = Circumstances(ME, KServeConfig())
STORAGE = ref("storage-config")
SHAPES = {
    "s3": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "gcs": {"gcloud-application-credentials.json"},
    "hdfs": {"HDFS_NAMENODE"},
    "huggingFace": {"HF_TOKEN"},
    None: {"anything"},
}
NAMES = st.sampled_from(["a", "b", "c", "d"])
KINDS = st.sampled_from(list(SHAPES))
VALUES = st.sampled_from(["one", "two", ""])
NOTES = st.dictionaries(
    st.sampled_from([ROLE_ARN, "serving.kserve.io/s3-endpoint", "x.example/note"]),
    st.sampled_from("xy"),
    max_size=2,
)


@dataclass(frozen=True, slots=True)
class World:
    """What is wanted, and what is there before."""

    wanted: DesiredState
    memory: Memory


@st.composite
def wanted_states(draw: st.DrawFn) -> DesiredState:
    """Secrets, bindings, annotations and entries of up to four credentials and three ServiceAccounts."""
    things: list[DesiredSecret | DesiredAccount | DesiredEntry] = []
    kinds = {}
    for name in draw(st.lists(NAMES, unique=True)):
        kinds[name] = kind = draw(KINDS)
        data = {key: draw(st.sampled_from(["one", "two"])) for key in sorted(SHAPES[kind])}
        more = draw(
            st.dictionaries(st.just("serving.kserve.io/s3-region"), st.sampled_from("xy"), max_size=1)
        )
        things.append(desired(data, name=name, credential=name, detects_as=kind, annotations=more))
        if draw(st.booleans()):
            things.append(entry(draw(st.sampled_from(['{"a":"b"}', "{}"])), key=name, credential=name))
    for account in draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True)):
        names = draw(st.lists(st.sampled_from(sorted(kinds)), unique=True)) if kinds else []
        notes = {
            key: AccountAnnotation(value, CredentialId(draw(NAMES))) for key, value in draw(NOTES).items()
        }
        bindings = tuple(Binding("secrets", name, CredentialId(name), kinds[name]) for name in names)
        things.append(DesiredAccount(ref(account), bindings, notes, draw(st.booleans())))
    return state(*things)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A cluster in which others, and earlier processes of ours, have left all sorts of things."""
    memory = Memory()
    for name in draw(st.lists(st.sampled_from(["a", "b", "c", "d", "theirs", "gone"]), unique=True)):
        memory.put("secrets", ref(name), _secret(draw, name))
    if draw(st.booleans()):
        memory.put("secrets", STORAGE, _storage(draw))
    for name in draw(st.lists(st.sampled_from(["x", "y"]), unique=True)):
        memory.put("serviceaccounts", ref(name), _account(draw))
    return World(draw(wanted_states()), memory)


def _secret(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw a Secret: ours, a copy, another instance's or a stranger's; of some type, perhaps immutable."""
    owner = draw(st.sampled_from(["ours", "another credential", "copy", "instance", "stranger", "undone"]))
    labels = {"ours": ME, "another credential": ME, "copy": ME, "instance": "other"}.get(owner)
    target = "elsewhere/x" if owner == "copy" else f"nlp/{name}"
    credential = "other" if owner == "another credential" else name
    annotations = {} if owner == "stranger" else {TARGET: target, CREDENTIAL: credential}
    bound = draw(st.lists(st.sampled_from(["secrets/x", "secrets/z"]), unique=True))
    metadata = {
        "labels": {"team": "nlp"} | ({LABEL_INSTANCE: labels} if labels else {}),
        "annotations": annotations | ({"syncd.dev/bound-to": json.dumps(bound)} if bound else {}),
    }
    if draw(st.integers(0, 9)) == 0:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"  # type: ignore[assignment]
    return {
        "kind": "Secret",
        "metadata": metadata,
        "type": draw(st.sampled_from(["Opaque", "Opaque", "kubernetes.io/tls"])),
        "immutable": draw(st.integers(0, 9)) == 0,
        "data": values({key: draw(VALUES) for key in sorted(SHAPES[draw(KINDS)])}),
    }


def _storage(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(["a", "b", "theirs"]), unique=True))
    owners = {
        key: {"credential": draw(st.sampled_from([key, "other"]))} for key in keys if draw(st.booleans())
    }
    labels = {"opendatahub.io/managed": "true"} if draw(st.integers(0, 9)) == 0 else {}
    annotations = {entries_annotation(ME): json.dumps(owners)} if owners else {}
    data = values({key: draw(VALUES) for key in keys})
    return {"kind": "Secret", "metadata": {"labels": labels, "annotations": annotations}, "data": data}


def _account(draw: st.DrawFn) -> dict[str, Any]:
    names = st.sampled_from(["a", "b", "theirs", "missing"])
    items = draw(st.lists(st.one_of(st.builds(lambda name: {"name": name}, names), st.just({})), max_size=4))
    return {"kind": "ServiceAccount", "metadata": {"annotations": draw(NOTES)}, "secrets": items}


def proposed(world: World) -> tuple[Plan, ObservedState]:
    """Plan and guard for how the cluster is now."""
    seen = world.memory.observed()
    return guard(plan(world.wanted, seen, instance=ME, digest_key=KEY), seen, AROUND), seen


def carried_out(world: World) -> Plan:
    """Plan, guard and apply once; return what was done."""
    allowed, _ = proposed(world)
    writer = ObjectWriter(world.memory, instance=ME, digest_key=KEY)
    apply(allowed, writer, lambda: None, lambda _: None)
    return allowed


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_a_plan_that_was_applied_leaves_nothing_to_do(world: World) -> None:
    """The next plan is empty; what gave way to something that has since happened may need one more."""
    for _ in range(3):
        carried_out(world)
    writes = world.memory.writes
    allowed, _ = proposed(world)
    assert allowed.actions == ()
    carried_out(world)
    assert world.memory.writes == writes


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_nothing_foreign_is_in_an_allowed_plan(world: World) -> None:
    """No Secret, entry or annotation that is not ours is written, and none of another credential."""
    allowed, _ = proposed(world)
    for action in allowed.actions:
        if isinstance(action, WriteSecret) and action.have is not None:
            assert owner_of(action.have, ME) == action.want.credential
            assert not action.have.deleting
            assert action.have.type == action.want.type
        if isinstance(action, WriteEntry) and action.have is not None and action.key in action.have.data:
            assert entries_of(action.have, ME)[action.key]["credential"] == action.want.credential
        if isinstance(action, PatchAccount) and action.have is not None:
            record = account_record(action.have, ME)
            for name, annotation in action.annotations.items():
                assert name not in action.have.annotations or record[name] == annotation.credential


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_what_is_not_ours_is_as_it_was(world: World) -> None:
    """Foreign Secrets, entries, list items with their order, labels and annotations, sweep after sweep."""
    before = copy.deepcopy(world.memory.objects)
    seen = world.memory.observed()
    for _ in range(2):
        carried_out(world)
    after = world.memory.objects
    for (resource, where), had in before.items():
        has = after[resource, where]
        if resource == "serviceaccounts":
            assert has["secrets"][: len(had["secrets"])] == had["secrets"]
            assert had["metadata"]["annotations"].items() <= has["metadata"]["annotations"].items()
        elif where == STORAGE:
            ours = entries_of(seen.secrets[where], ME)
            assert {key: has["data"][key] for key in had["data"] if key not in ours} == {
                key: value for key, value in had["data"].items() if key not in ours
            }
        elif owner_of(seen.secrets[where], ME) is None:
            assert has == had
        else:
            assert has["metadata"]["labels"]["team"] == "nlp"


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_what_is_not_done_has_a_reason(world: World) -> None:
    """At rest, every Secret, binding, annotation and entry is as wanted, or its placement is told why not."""
    for _ in range(3):
        carried_out(world)
    last, seen = proposed(world)
    told = {refusal.placement for refusal in last.refused}
    assert all(refusal.message and refusal.remedy for refusal in last.refused)
    for where, secret in world.wanted.secrets.items():
        have = seen.secrets.get(where)
        right = have is not None and owner_of(have, ME) is not None
        right = right and world.memory.values(where) == dict(secret.data)
        assert right or PlacementId(secret.credential, "nlp") in told
    for (where, key), one in world.wanted.entries.items():
        have = seen.secrets.get(where)
        right = have is not None and key in have.data and have.data[key] == one.value.digest(KEY)
        assert right or PlacementId(one.credential, "nlp") in told
    for where, account in world.wanted.accounts.items():
        found = seen.survey.accounts.get(where)
        for binding in account.bindings:
            bound = found is not None and binding.secret in found.names("secrets")
            assert bound or PlacementId(binding.credential, "nlp") in told
        for name, annotation in account.annotations.items():
            right = found is not None and found.annotations.get(name) == annotation.value
            assert right or PlacementId(annotation.credential, "nlp") in told


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_no_clash_and_nothing_dangling_is_added(world: World) -> None:
    """Of a kind that a ServiceAccount can have once there are never more than before, nor missing Secrets."""
    before = world.memory.observed()
    for _ in range(3):
        carried_out(world)
        after = world.memory.observed()
        for where in after.survey.accounts:
            for kind in EXCLUSIVE:
                assert _count(after, where, kind) <= max(1, _count(before, where, kind))
            assert _dangling(after, where) <= _dangling(before, where)


def _count(seen: ObservedState, where: Any, kind: str) -> int:
    """Count the different Secrets of a kind on a ServiceAccount, a role among them."""
    account = seen.survey.accounts.get(where)
    if account is None:
        return 0
    found = [seen.secrets.get(ref(name)) for name in set(account.names("secrets"))]
    count = sum(one is not None and detect(one.data, AROUND.config) == kind for one in found)
    return count + (kind == "s3" and ROLE_ARN in account.annotations)


def _dangling(seen: ObservedState, where: Any) -> set[str]:
    account = seen.survey.accounts.get(where)
    names = account.names("secrets") if account is not None else ()
    return {name for name in names if ref(name) not in seen.secrets}


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_guarding_twice_is_guarding_once(world: World) -> None:
    """What was allowed is allowed: nothing of it is taken away, and nothing more is refused."""
    allowed, seen = proposed(world)
    again = guard(replace(allowed, refused=()), seen, AROUND)
    assert again.actions == allowed.actions
    assert again.refused == ()
