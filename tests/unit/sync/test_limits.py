"""A mistake has a limit: what is over it waits as a whole class, and everything else goes on."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from syncd.cluster.interface import Rejected
from syncd.model.events import PlanHeld
from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from syncd.sync.ledger import HOUR
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sync.action import Held
    from syncd.sync.sweep import Swept

TEAMS = tuple(f"team-{number:02}" for number in range(30))
OTHER = "other: {from: {store: vault, secret: hub}, modelScope: {}, to: [{namespaces: [search]}]}"
SELECTOR = "{matchLabels: {syncd.dev/models: 'true'}}"


def hub(policy: str = "Retain", teams: tuple[str, ...] = TEAMS, more: str = "") -> str:
    """Return a credential in each of these namespaces, bound in each."""
    target = f"{{namespaces: [{', '.join(teams)}], serviceAccounts: [models]}}"
    kept = f"deletionPolicy: {{whenUnmapped: {policy}}}"
    return f"hub: {{from: {{store: vault, secret: hub}}, {more}huggingFace: {{}}, {kept}, to: [{target}]}}"


def s3(name: str, teams: tuple[str, ...]) -> str:
    """Return an S3 credential in each of these namespaces."""
    target = f"{{namespaces: [{', '.join(teams)}], serviceAccounts: [models]}}"
    return f"{name}: {{from: {{store: vault, secret: s3}}, s3: {{}}, to: [{target}]}}"


def tree(world: World) -> dict[str, bytes]:
    """Return every file of the cluster but syncd's own memory."""
    files = (path for path in world.root.rglob("*.yaml") if path.name != "syncd-state.yaml")
    return {str(path): path.read_bytes() for path in files}


def state(world: World) -> dict[str, Any]:
    """Return what syncd remembers."""
    manifest = world.get("configmaps", "syncd", "syncd-state")
    return {} if manifest is None else {key: json.loads(text) for key, text in manifest["data"].items()}


def confirm(world: World, *ids: str) -> None:
    """Confirm ids as `syncd confirm` does."""
    manifest = world.get("configmaps", "syncd", "syncd-state")
    assert manifest is not None
    data = {**manifest["data"], "confirmed": json.dumps(ids)}
    world.write("configmaps", "ConfigMap", manifest["metadata"], {"data": data})


def held(swept: Swept) -> Held:
    """Return the one class that is held."""
    (one,) = swept.plan.held
    return one


def label(world: World, namespace: str, **labels: str) -> None:
    """Give a namespace exactly these labels."""
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace,
                "labels": {f"syncd.dev/{key}": value for key, value in labels.items()},
            },
        }
    )
    (world.root / namespace / "namespace.yaml").write_text(text)


def rename_key(world: World) -> None:
    """Let KServe look for the secret key of S3 under another name from now on."""
    metadata = {"name": "inferenceservice-config", "namespace": "kserve"}
    s3 = {"s3AccessKeyIDName": "AWS_ACCESS_KEY_ID", "s3SecretAccessKeyName": "OTHER_SECRET_KEY"}
    text = json.dumps({"s3": s3})
    world.write("configmaps", "ConfigMap", metadata, {"data": {"credentials": text}})


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with thirty teams."""
    one = World(tmp_path)
    for team in TEAMS:
        one.account(team, "models")
    one.shelf.put("hub", token="hf_one")
    one.shelf.put("s3", access_key="AKIA", secret_key="sk")
    return one


@pytest.mark.parametrize(("policy", "count"), [("Retain", 30), ("Delete", 60)])
def test_a_mapping_that_is_suddenly_empty_removes_nothing(world: World, policy: str, count: int) -> None:
    """All of it is held under one id, with the placements Pending, until somebody confirms that id."""
    world.sync(hub(policy))
    before = tree(world)
    swept = world.sync("")
    one = held(swept)
    assert (one.kind, one.count, one.limit, one.most, one.used) == ("removals", count, "10%", 6, 0)
    assert tree(world) == before
    states = {(outcome.state, outcome.reasons) for outcome in swept.outcomes.values()}
    assert states == {(State.PENDING, (Reason.HELD,))}
    assert f"syncd confirm {one.id}" in swept.plan.refused[0].remedy
    confirm(world, one.id)
    after = world.sync("")
    assert after.plan.held == ()
    assert state(world)["confirmed"] == []
    if policy == "Delete":
        assert all(world.secret("hub", team) is None and not world.listed(namespace=team) for team in TEAMS)
    else:
        secrets = [world.secret("hub", team) for team in TEAMS]
        assert all(one and "syncd.dev/released" in one["metadata"]["labels"] for one in secrets)
    assert not world.sync("").plan


def test_a_restart_forgets_nothing_of_it(world: World) -> None:
    """The held set has the same id afterwards, a confirmation works, and nothing is written meanwhile."""
    world.sync(hub("Delete"))
    one = held(world.sync(""))
    before, remembered = tree(world), state(world)
    world.again()
    assert held(world.sync("")).id == one.id
    assert (tree(world), state(world)) == (before, remembered)
    confirm(world, one.id)
    world.again()
    assert world.sync("").plan.held == ()
    assert world.secret("hub", TEAMS[0]) is None


def test_a_label_removed_from_thirty_namespaces_by_mistake(world: World) -> None:
    """Everything waits, and is as before once the labels are back."""
    mapping = hub().replace(f"namespaces: [{', '.join(TEAMS)}]", f"namespaceSelector: {SELECTOR}")
    for team in TEAMS:
        label(world, team, models="true")
    world.sync(mapping)
    before = tree(world)
    for team in TEAMS:
        label(world, team)
    assert held(world.sync(mapping)).count == 30
    for team in TEAMS:
        label(world, team, models="true")
    swept = world.sync(mapping)
    assert (swept.plan.held, swept.plan.actions) == ((), ())
    assert tree(world) == before
    assert state(world)["held"] == {}


def test_a_detection_key_that_is_renamed_changes_no_shapes_unconfirmed(world: World) -> None:
    """Many bound Secrets would be written in another form: held in both classes, both can be confirmed."""
    mapping = s3("s3", TEAMS[:12]) + "\n" + OTHER
    world.sync(mapping)
    before = tree(world)
    rename_key(world)
    world.shelf.put("hub", token="hf_two")
    swept = world.sync(mapping)
    assert {one.kind: one.count for one in swept.plan.held} == {"removals": 12, "reshapes": 12}
    after = tree(world)
    changed = {path for path in after if before.get(path) != after[path]}
    assert {path.removeprefix(str(world.root)) for path in changed} == {
        "/search/secrets/other.yaml",
        "/kserve/configmaps/inferenceservice-config.yaml",
    }
    confirm(world, *(one.id for one in swept.plan.held))
    assert world.sync(mapping).plan.held == ()
    secret = world.secret("s3", TEAMS[0])
    assert secret is not None
    assert sorted(secret["data"]) == ["AWS_ACCESS_KEY_ID", "OTHER_SECRET_KEY"]


def test_what_is_within_the_limit_goes_at_once(world: World) -> None:
    """A few placements leave, and their number is remembered."""
    world.sync(hub())
    assert world.sync(hub(teams=TEAMS[5:])).plan.held == ()
    (charge,) = state(world)["history"]
    assert (charge["class"], len(charge["names"])) == ("removals", 5)


def test_many_small_removals_add_up_within_the_hour(world: World) -> None:
    """What went counts for an hour, over a restart too; after that more may go."""
    world.sync(hub())
    world.sync(hub(teams=TEAMS[4:]))
    world.again()
    world.time += HOUR - 1
    one = held(world.sync(hub(teams=TEAMS[8:])))
    assert (one.count, one.used, one.most) == (4, 4, 5)
    assert "4 of them done already" in one.sentence
    world.time += 1
    assert world.sync(hub(teams=TEAMS[8:])).plan.held == ()
    assert len(state(world)["history"]) == 1


def test_an_absolute_limit_counts_as_it_is_written(world: World) -> None:
    """`removals: 0` holds everything that would go."""
    world.sync(hub(teams=TEAMS[:1]))
    one = held(world.sync("", settings="limits: {removals: 0}\n"))
    assert (one.count, one.limit, one.most) == (1, "0", 0)
    assert "%" not in one.sentence


def test_rotations_go_on_and_the_id_stays(world: World) -> None:
    """Values rotate beside what is held, and the id names the same set all the time."""
    world.sync(hub() + "\n" + OTHER)
    one = held(world.sync(OTHER))
    world.shelf.put("hub", token="hf_two")
    before = world.secret("other", "search")
    assert held(world.sync(OTHER)).id == one.id
    assert world.secret("other", "search") != before


def test_a_confirmation_is_for_that_very_set(world: World) -> None:
    """Another placement left meanwhile: what was confirmed is not what would go, so nothing goes."""
    world.sync(hub() + "\n" + OTHER)
    one = held(world.sync(OTHER))
    confirm(world, one.id)
    before = tree(world)
    again = held(world.sync(""))
    assert again.id != one.id
    assert tree(world) == before
    assert state(world)["confirmed"] == []
    assert state(world)["held"]["removals"]["id"] == again.id


def test_a_sweep_of_others_keeps_what_it_does_not_see(world: World) -> None:
    """Reshapes of two groups, swept one after the other, are one set with one id."""
    mapping = s3("first", TEAMS[:8]) + "\n" + s3("second", TEAMS[8:16])
    world.sync(mapping)
    rename_key(world)
    world.sync(mapping, due=frozenset({CredentialId("first")}))
    swept = world.sync(mapping, due=frozenset({CredentialId("second")}))
    counts = {one.kind: one.count for one in swept.plan.held}
    assert counts == {"removals": 16, "reshapes": 16}
    confirm(world, *(one.id for one in swept.plan.held))
    world.sync(mapping, due=frozenset({CredentialId("first")}))
    assert world.sync(mapping, due=frozenset({CredentialId("second")})).plan.held == ()
    assert all(
        sorted((world.secret(name, team) or {})["data"])[1] == "OTHER_SECRET_KEY"
        for name, teams in (("first", TEAMS[:8]), ("second", TEAMS[8:16]))
        for team in teams
    )


def test_what_is_reported_only_stays_held(world: World) -> None:
    """`syncd sync` without --prune sees no removal, and takes none off the list of the daemon."""
    world.sync(hub())
    one = held(world.sync(""))
    assert held(world.sync("", "report")).id == one.id
    confirm(world, one.id)
    assert held(world.sync("", "report")).id == one.id
    assert state(world)["confirmed"] == [one.id]
    assert world.sync("").plan.held == ()


def test_a_preview_holds_and_writes_nothing(world: World) -> None:
    """`syncd plan --prune` shows what would be held and why."""
    world.sync(hub())
    world.sync(hub(), settings="mode: observe\n")
    assert world.document is not None
    before = state(world)
    empty = world.document.__class__(world.document.stores, {})
    swept = world.engine.preview(empty, "act", deadline=time.monotonic() + 30)
    assert held(swept).count == 30
    assert "limits.removals lets 6 (10% of what syncd owns)" in swept.plan.refused[0].message
    assert swept.plan.public()["held"] == [held(swept).public()]
    assert state(world) == before


def test_nothing_goes_uncounted_where_the_memory_cannot_be_read(world: World) -> None:
    """With a broken ConfigMap a single removal waits, and rotations go on."""
    world.sync(hub(teams=TEAMS[:1]) + "\n" + OTHER)
    path = world.root / "syncd" / "configmaps" / "syncd-state.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("kind: Pod")
    world.shelf.put("hub", token="hf_two")
    other, before = world.secret("other", "search"), world.secret("hub", TEAMS[0])
    swept = world.sync(OTHER)
    assert world.secret("hub", TEAMS[0]) == before
    assert world.secret("other", "search") != other
    (refusal,) = swept.plan.refused
    assert refusal.placement == PlacementId(CredentialId("hub"), TEAMS[0])
    assert "syncd-state" in refusal.message


@pytest.mark.parametrize("again", [False, True])
def test_nothing_goes_uncounted_where_the_memory_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """A write that is refused, or always too late, lets no removal through."""
    world.sync(hub(teams=TEAMS[:1]))
    refused = Rejected(Reason.FORBIDDEN, "ConfigMap syncd/syncd-state: RBAC", "grant it", again=again)
    monkeypatch.setattr(world.cluster, "write_config_map", lambda *_: refused)
    before = tree(world)
    swept = world.sync(OTHER)
    assert [refusal.reason for refusal in swept.plan.refused] == [Reason.CLUSTER_UNAVAILABLE]
    assert tree(world).items() >= before.items()


def test_without_a_namespace_of_its_own_the_limit_holds_for_each_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`syncd sync` into a cluster without syncd's namespace removes a little and nothing over the limit."""
    world.sync(hub("Delete"))
    nowhere = Rejected(Reason.NAMESPACE_MISSING, "namespace syncd is missing", "create it")
    monkeypatch.setattr(world.cluster, "write_config_map", lambda *_: nowhere)
    assert world.sync(hub("Delete", teams=TEAMS[3:])).plan.held == ()
    assert world.secret("hub", TEAMS[0]) is None
    assert held(world.sync("")).count == 54


def test_a_swap_that_is_held_leaves_the_old_name_in_place(world: World) -> None:
    """Another Secret name in many namespaces: the new ones are there, unbound, until it is confirmed."""
    world.sync(hub())
    renamed = hub().replace("serviceAccounts:", "secret: new, serviceAccounts:")
    one = held(world.sync(renamed))
    assert (one.kind, one.count) == ("reshapes", 30)
    new = world.secret("new", TEAMS[0])
    assert new is not None
    assert "syncd.dev/bound-to" not in new["metadata"]["annotations"]
    assert world.listed(namespace=TEAMS[0]) == ["hub"]
    confirm(world, one.id)
    # The old Secrets leave once the new ones stand in their places: so many that they are held in turn.
    second = held(world.sync(renamed))
    assert (second.kind, second.count) == ("removals", 30)
    assert world.listed(namespace=TEAMS[0]) == ["new"]


def test_what_is_held_is_told_once(world: World) -> None:
    """One event when a class is held, one when it is no more, none in between."""
    world.sync(hub())
    for _ in range(3):
        world.sync("")
    world.sync(hub())
    told = [event for event in world.events if isinstance(event, PlanHeld)]
    assert [(event.kind, event.count, event.limit) for event in told] == [
        ("removals", 30, "10%"),
        ("removals", 0, ""),
    ]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_annotations_of_accounts_count_too(world: World, policy: str) -> None:
    """A role that leaves many ServiceAccounts at once is held, and its parts stay together."""
    arn = "arn:aws:iam::111122223333:role/r"
    role = f"role: {{s3: {{roleArn: '{arn}', region: eu-west-1}}, deletionPolicy: {{whenUnmapped: {policy}}},"
    role += f" to: [{{namespaces: [{', '.join(TEAMS)}], serviceAccounts: [models]}}]}}"
    world.sync(role)
    before = tree(world)
    one = held(world.sync(OTHER))
    assert one.kind == "removals"
    assert one.count >= 60
    assert tree(world).items() >= before.items()


def test_entries_count_too(world: World) -> None:
    """Entries that leave storage-config are removals like Secrets."""
    target = "{namespaces: [nlp], secret: NAME, storageConfig: {key: NAME, bucket: b}}"
    mapping = "\n".join(
        f"c{number}: {{from: {{store: vault, secret: s3}}, s3: {{}},"
        f" to: [{target.replace('NAME', f'c{number}')}]}}"
        for number in range(4)
    )
    world.sync(mapping)
    before = tree(world)
    one = held(world.sync(OTHER))
    assert one.count == 8
    assert [name for name in one.listing if name.startswith("entry ")] == [
        f"entry c{number} of Secret nlp/storage-config" for number in range(4)
    ]
    assert tree(world).items() >= before.items()
