"""What leaves the mapping: released by default, undone step by step on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

DELETE = "deletionPolicy: {whenUnmapped: Delete}"
RETAIN = "deletionPolicy: {whenUnmapped: Retain}"
OTHER = "other: {from: {store: vault, secret: hub}, modelScope: {}, to: [{namespaces: [search]}]}"


def hub(policy: str = RETAIN, namespaces: str = "nlp") -> str:
    """Return a credential `hub`."""
    target = f"{{namespaces: [{namespaces}], serviceAccounts: [models]}}"
    return f"hub: {{from: {{store: vault, secret: hub}}, huggingFace: {{}}, {policy}, to: [{target}]}}"


def s3(policy: str, secret: str, key: str) -> str:
    """Return an S3 credential with this Secret's name and this entry."""
    entry = f"storageConfig: {{key: {key}, bucket: b}}"
    target = f"{{namespaces: [nlp], secret: {secret}, serviceAccounts: [models], {entry}}}"
    return f"s3: {{from: {{store: vault, secret: s3}}, s3: {{}}, {policy}, to: [{target}]}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with the secrets that the mappings here want."""
    one = World(tmp_path)
    one.shelf.put("hub", token="hf_one")
    one.shelf.put("s3", access_key="AKIA", secret_key="sk")
    return one


def test_retain_releases_and_leaves_everything_in_place(world: World) -> None:
    """The Secret and its binding stay, our label becomes `released`, and nothing is written again."""
    world.sync(hub())
    swept = world.sync(OTHER)
    secret = world.secret("hub")
    assert secret is not None
    assert secret["metadata"]["labels"]["syncd.dev/released"] == "syncd"
    assert "syncd.dev/instance" not in secret["metadata"]["labels"]
    assert world.listed() == ["hub"]
    assert swept.outcomes.keys() == {PlacementId(CredentialId("other"), "search")}
    world.shelf.put("hub", token="hf_two")
    world.sync(OTHER)
    assert world.secret("hub") == secret


def test_what_was_released_is_taken_back_by_its_own_credential(world: World) -> None:
    """The same credential on the same target needs no `adopt`; another one is refused."""
    world.sync(hub())
    world.sync(OTHER)
    taker = (
        hub()
        .replace("hub: {from", "taker: {from")
        .replace("namespaces: [nlp]", "namespaces: [nlp], secret: hub")
    )
    refused = world.sync(taker).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.FOREIGN_SECRET]
    world.shelf.put("hub", token="hf_two")
    world.sync(hub())
    secret = world.secret("hub")
    assert secret is not None
    assert secret["metadata"]["labels"]["syncd.dev/instance"] == "syncd"
    assert "syncd.dev/released" not in secret["metadata"]["labels"]
    assert not world.sync(hub()).plan


def test_delete_unbinds_first_and_then_deletes(world: World) -> None:
    """With whenUnmapped: Delete nothing is left, and nothing ever dangles."""
    world.sync(hub(DELETE))
    world.sync(OTHER)
    assert world.secret("hub") is None
    assert world.listed() == []
    assert not world.sync(OTHER).plan


def test_a_secret_that_somebody_else_bound_is_not_deleted(world: World) -> None:
    """A ServiceAccount that still names it would lose every pod: refused, with its name."""
    world.sync(hub(DELETE))
    world.account("nlp", "theirs", secrets=[{"name": "hub"}])
    swept = world.sync(OTHER)
    assert world.secret("hub") is not None
    (refusal,) = swept.plan.refused
    assert refusal.reason is Reason.STILL_REFERENCED
    assert "theirs" in refusal.message
    world.account("nlp", "theirs")
    world.sync(OTHER)
    assert world.secret("hub") is None


def test_a_namespace_that_leaves_is_dealt_with_alone(world: World) -> None:
    """The other namespace of the same credential goes on rotating."""
    world.sync(hub(DELETE, "nlp, search"))
    world.sync(hub(DELETE, "search"))
    assert world.secret("hub") is None
    assert world.secret("hub", "search") is not None
    assert world.listed(namespace="search") == ["hub"]


@pytest.mark.parametrize(("policy", "listed"), [(RETAIN, ["hub"]), (DELETE, [])])
def test_a_service_account_that_leaves(world: World, policy: str, listed: list[str]) -> None:
    """Delete unbinds it; Retain leaves the binding to whoever wants it, and both forget it on the record."""
    world.sync(hub(policy))
    world.account("nlp", "later")
    world.sync(hub(policy).replace("[models]", "[later]"))
    assert world.listed() == listed
    assert world.listed("later") == ["hub"]
    secret = world.secret("hub")
    assert secret is not None
    assert secret["metadata"]["annotations"]["syncd.dev/bound-to"] == '["secrets/later"]'
    assert not world.sync(hub(policy).replace("[models]", "[later]")).plan


@pytest.mark.parametrize("policy", [RETAIN, DELETE])
def test_another_secret_name_takes_the_same_place_on_the_list(world: World, policy: str) -> None:
    """One patch swaps the name at its index; the old Secret then follows its policy."""
    world.account("nlp", "models", secrets=[{"name": "first"}])
    world.sync(s3(policy, "old", "k"))
    world.account("nlp", "models", secrets=[{"name": "first"}, {"name": "old"}, {}, {"name": "last"}])
    world.sync(s3(policy, "new", "k"))
    assert world.listed() == ["first", "new", "", "last"]
    old = world.secret("old")
    assert (old is None) is (policy == DELETE)
    assert old is None or "syncd.dev/released" in old["metadata"]["labels"]
    assert not world.sync(s3(policy, "new", "k")).plan


def test_another_entry_leaves_the_old_one_to_its_policy(world: World) -> None:
    """Retain keeps the key and marks the record; Delete takes both away in one patch."""
    world.sync(s3(RETAIN, "s3", "one"))
    world.sync(s3(RETAIN, "s3", "two"))
    config = world.secret("storage-config")
    assert config is not None
    assert sorted(config["data"]) == ["one", "two"]
    assert '"released":"true"' in config["metadata"]["annotations"]["syncd.dev/entries.syncd"]
    world.sync(s3(DELETE, "s3", "two"))
    world.sync(s3(DELETE, "s3", "three"))
    config = world.secret("storage-config")
    assert config is not None
    assert sorted(config["data"]) == ["one", "three"]
    assert not world.sync(s3(DELETE, "s3", "three")).plan


def test_a_renamed_credential_changes_one_annotation(world: World) -> None:
    """With renamedFrom the Secret, its data and its binding stay; without it the name is taken."""
    world.sync(hub())
    before = world.secret("hub")
    renamed = hub().replace("hub: {from", "model-hub: {renamedFrom: hub, from", 1)
    renamed = renamed.replace("namespaces: [nlp]", "namespaces: [nlp], secret: hub")
    refused = world.sync(renamed.replace("renamedFrom: hub, ", ""), "report").plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.CLAIMED_BY]
    world.sync(renamed)
    after = world.secret("hub")
    assert before is not None
    assert after is not None
    changed = {
        name
        for name, text in after["metadata"]["annotations"].items()
        if before["metadata"]["annotations"].get(name) != text
    }
    assert changed == {"syncd.dev/credential"}
    assert after["data"] == before["data"]
    assert not world.sync(renamed).plan


def test_annotations_of_a_role_leave_with_their_credential(world: World) -> None:
    """A keyless credential has no Secret, so its policy stands on the ServiceAccount."""
    arn = "arn:aws:iam::111122223333:role/r"
    role = f"role: {{s3: {{roleArn: '{arn}', region: eu-west-1}}, {DELETE}, to: [{{namespaces: [nlp],"
    role += " serviceAccounts: [models]}]}"
    world.sync(role)
    world.sync(role.replace(", region: eu-west-1", ""))
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert "serving.kserve.io/s3-region" not in account["metadata"]["annotations"]
    world.sync(OTHER)
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert account["metadata"].get("annotations", {}) == {}
    assert "syncd.dev/instance" not in account["metadata"].get("labels", {})


def test_a_refused_credential_loses_nothing(world: World) -> None:
    """A typo in an entry, even after a restart, is no removal."""
    world.sync(hub(DELETE))
    world.again()
    world.document = None
    swept = world.sync(hub(DELETE).replace("huggingFace: {}", "huggingFce: {}") + "\n" + OTHER)
    assert world.secret("hub") is not None
    assert world.listed() == ["hub"]
    assert swept.plan.leftovers == ()


def test_without_prune_nothing_leaves(world: World) -> None:
    """`syncd sync` only reports what left the mapping."""
    world.sync(hub(DELETE))
    before = world.secret("hub")
    swept = world.sync(OTHER, "report")
    assert world.secret("hub") == before
    assert [left.ref.name for left in swept.plan.leftovers] == ["hub"]


def test_a_suspended_credential_is_left_alone_and_resumes(world: World) -> None:
    """Suspend writes and removes nothing; resuming publishes what the store has by then."""
    world.sync(hub(DELETE))
    before = world.secret("hub")
    world.shelf.put("hub", token="hf_two")
    swept = world.sync(hub("suspend: true, " + DELETE))
    assert world.secret("hub") == before
    assert {outcome.state for outcome in swept.outcomes.values()} == {State.SUSPENDED}
    world.sync(hub(DELETE))
    assert world.secret("hub") != before


def test_nothing_is_left_over_where_an_included_file_could_not_be_read(world: World) -> None:
    """Whatever is in the namespaces of a file that is not known may be that file's: it stays as it is."""
    include = "include: [{configMap: nlp/c, namespaces: [nlp], secrets: {vault: [kv/*]}}]\n"
    world.sync(hub(DELETE))
    before = world.secret("hub")
    swept = world.sync(OTHER, settings=include)
    assert swept.plan.leftovers == ()
    assert world.secret("hub") == before
    world.sync(OTHER)
    assert world.secret("hub") is None
