"""What is left over goes only after what takes its place is there, and not for something refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.reasons import Reason
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

RETAIN = "deletionPolicy: {whenUnmapped: Retain}"
DELETE = "deletionPolicy: {whenUnmapped: Delete}"
ROLE = "arn:aws:iam::111122223333:role/reader"
RECORD = "syncd.dev/entries.syncd"


def credential(
    name: str, target: str, policy: str = DELETE, form: str = "huggingFace: {}", more: str = ""
) -> str:
    """Return a credential of one target, from the secret of its name or of what it was called."""
    source = "" if "roleArn" in form else "from: {store: vault, secret: hub}, "
    return f"{name}: {{{source}{form}, {policy}, {more} to: [{{namespaces: [nlp], {target}}}]}}"


def s3(target: str, policy: str = DELETE, **more: str) -> str:
    """Return S3 keys."""
    return credential("s3", target, policy, form="s3: {}", **more).replace("hub", "s3")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with the secrets that the mappings here want."""
    one = World(tmp_path)
    one.shelf.put("hub", token="hf_one")
    one.shelf.put("s3", access_key="AKIA", secret_key="sk")
    return one


def foreign(world: World, name: str, data: dict[str, str]) -> None:
    """Write a Secret of somebody else."""
    metadata = {"name": name, "namespace": "nlp"}
    world.write("secrets", "Secret", metadata, {"type": "Opaque", "data": data})


def notes(world: World, name: str) -> dict[str, str]:
    """Return the annotations of a Secret."""
    found = world.secret(name)
    assert found is not None
    return dict(found["metadata"]["annotations"])


def entry_records(world: World) -> dict[str, Any]:
    """Return our record on storage-config."""
    return dict(json.loads(notes(world, "storage-config")[RECORD]))


def test_a_secret_whose_new_name_is_taken_stays(world: World) -> None:
    """The new name is somebody else's: what is published is not deleted for it."""
    world.sync(credential("hub", "secret: old"))
    foreign(world, "new", {"x": "eA=="})
    refused = world.sync(credential("hub", "secret: new")).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.FOREIGN_SECRET]
    assert world.secret("old") is not None


def test_a_secret_whose_new_content_is_not_there_stays(world: World) -> None:
    """The store has no answer for the new one yet: the old one goes on."""
    world.sync(credential("hub", "secret: old"))
    world.shelf.take("hub")
    world.sync(credential("hub", "secret: new"))
    assert world.secret("old") is not None


def test_names_that_are_swapped_are_refused_after_a_restart_too(world: World) -> None:
    """Neither can go first, and nothing is deleted to make room."""
    one, other = credential("one", "secret: a"), credential("other", "secret: b")
    world.sync(f"{one}\n{other}")
    before = (world.secret("a"), world.secret("b"))
    world.again()
    world.document = None
    swapped = f"{one.replace('secret: a}', 'secret: b}')}\n{other.replace('secret: b}', 'secret: a}')}"
    refused = world.sync(swapped).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.CLAIMED_BY] * 2
    assert (world.secret("a"), world.secret("b")) == before


@pytest.mark.parametrize("policy", [RETAIN, DELETE])
def test_a_credential_and_its_secret_get_other_names_at_once(world: World, policy: str) -> None:
    """The place on the list goes from name to name in one patch, whoever the credential is by now."""
    world.account("nlp", "models", secrets=[{"name": "first"}])
    world.sync(s3("secret: old, serviceAccounts: [models]", policy))
    renamed = s3("secret: new, serviceAccounts: [models]", policy, more="renamedFrom: s3,")
    renamed = renamed.replace("s3: {from", "keys: {from", 1)
    swept = world.sync(renamed)
    assert swept.plan.refused == ()
    assert world.listed() == ["first", "new"]
    assert (world.secret("old") is None) is (policy == DELETE)
    assert not world.sync(renamed).plan


@pytest.mark.parametrize("policy", [RETAIN, DELETE])
def test_a_secret_and_its_service_account_change_at_once(world: World, policy: str) -> None:
    """The ServiceAccount that is no longer asked for follows the policy, and nothing waits for it."""
    world.account("nlp", "later")
    world.sync(s3("secret: old, serviceAccounts: [models]", policy))
    changed = s3("secret: new, serviceAccounts: [later]", policy)
    world.sync(changed)
    assert world.listed("later") == ["new"]
    assert world.listed() == ([] if policy == DELETE else ["old"])
    assert (world.secret("old") is None) is (policy == DELETE)
    assert not world.sync(changed).plan


def test_a_renamed_credential_with_a_typo_loses_nothing(world: World) -> None:
    """What was written under the old name is not left over while the new one is refused."""
    world.sync(credential("hub", "serviceAccounts: [models]"))
    world.again()
    world.document = None
    renamed = credential(
        "model-hub", "secret: hub, serviceAccounts: [models]", more="renamedFrom: hub, oops: 1,"
    )
    swept = world.sync(f"{renamed}\n{s3('secret: s3')}")
    assert swept.plan.leftovers == ()
    assert world.listed() == ["hub"]
    assert world.secret("hub") is not None


def test_an_entry_whose_new_key_is_taken_stays(world: World) -> None:
    """The new key is somebody else's: the old entry is what workloads have."""
    world.sync(s3("storageConfig: {key: one, bucket: b}"))
    config = world.secret("storage-config")
    assert config is not None
    config["data"]["two"] = "e30="
    world.write("secrets", "Secret", config["metadata"], {"type": "Opaque", "data": config["data"]})
    refused = world.sync(s3("storageConfig: {key: two, bucket: b}")).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.FOREIGN_ENTRY]
    assert "one" in entry_records(world)
    after = world.secret("storage-config")
    assert after is not None
    assert after["data"].keys() == {"one", "two"}


def test_a_policy_that_is_changed_to_retain_counts_for_entries(world: World) -> None:
    """Delete does not stay on the record when the mapping says Retain."""
    world.sync(s3("storageConfig: {key: one, bucket: b}", DELETE))
    world.sync(s3("storageConfig: {key: one, bucket: b}", RETAIN))
    world.sync(credential("hub", "secret: hub"))
    assert entry_records(world)["one"]["released"] == "true"


def test_an_entry_that_is_taken_back_is_released_no_more(world: World) -> None:
    """The same credential wants it again, with equal values: the record says so, and it can go again."""
    mapped = s3("storageConfig: {key: one, bucket: b}", RETAIN)
    world.sync(mapped)
    world.sync(credential("hub", "secret: hub"))
    world.sync(mapped)
    assert "released" not in entry_records(world)["one"]
    assert not world.sync(mapped).plan


def test_annotations_that_are_retained_are_ours_no_more(world: World) -> None:
    """They stay, the record forgets them, and no sweep comes back to it."""
    role = credential("role", "serviceAccounts: [models]", RETAIN, f"s3: {{roleArn: '{ROLE}'}}")
    world.sync(role)
    world.sync(credential("hub", "secret: hub"))
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert account["metadata"].get("labels", {}) == {}
    assert not world.sync(credential("hub", "secret: hub")).plan


@pytest.mark.parametrize("policy", [RETAIN, DELETE])
def test_keys_that_become_a_role_make_room_for_it_in_one_patch(world: World, policy: str) -> None:
    """The place of the Secret goes to the annotation; the Secret follows its policy."""
    world.sync(s3("serviceAccounts: [models]", policy))
    role = credential("s3", "serviceAccounts: [models]", policy, f"s3: {{roleArn: '{ROLE}'}}")
    swept = world.sync(role)
    assert swept.plan.refused == ()
    assert world.listed() == []
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE
    assert (world.secret("s3") is None) is (policy == DELETE)
    assert not world.sync(role).plan


def test_keys_stay_while_their_role_is_refused(world: World) -> None:
    """A pod would be anonymous without them."""
    world.sync(s3("serviceAccounts: [models]"))
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    theirs = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/theirs"}
    world.account("nlp", "models", metadata={"annotations": theirs}, secrets=account["secrets"])
    role = credential("s3", "serviceAccounts: [models]", form=f"s3: {{roleArn: '{ROLE}'}}")
    assert world.sync(role).plan.refused
    assert world.listed() == ["s3"]
    assert world.secret("s3") is not None


@pytest.mark.parametrize("how", ["credential", "namespace"])
def test_what_is_suspended_loses_nothing(world: World, how: str) -> None:
    """Told to leave it: neither a binding nor a Secret goes until it is resumed."""
    world.account("nlp", "later")
    world.sync(credential("hub", "serviceAccounts: [models]"))
    suspended = "suspend: true," if how == "credential" else ""
    if how == "namespace":
        metadata = {"name": "nlp", "annotations": {"syncd.dev/paused": "true"}}
        text = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        (world.root / "nlp" / "namespace.yaml").write_text(text)
    world.sync(credential("hub", "secret: other, serviceAccounts: [later]", more=suspended))
    assert world.listed() == ["hub"]
    assert world.secret("hub") is not None


def test_without_prune_a_record_forgets_no_binding(world: World) -> None:
    """`syncd sync` releases nothing, though it writes the Secret for another reason."""
    world.account("nlp", "later")
    world.sync(credential("hub", "serviceAccounts: [models, later]", RETAIN))
    world.shelf.put("hub", token="hf_two")
    world.sync(credential("hub", "serviceAccounts: [later]", RETAIN), "report")
    assert notes(world, "hub")["syncd.dev/bound-to"] == '["secrets/later","secrets/models"]'


def test_opaque_keys_change_in_one_patch_and_a_type_never(world: World) -> None:
    """Opaque to Opaque is one patch; to dockerConfig is refused, and says what to do."""
    world.sync(credential("hub", "serviceAccounts: [models]"))
    world.shelf.put("hub", access_key="AKIA", secret_key="sk", token="t", username="u", password="p")
    swept = world.sync(credential("hub", "serviceAccounts: [models]", form="s3: {}"))
    assert [(done.action.ref.name, done.action.verb) for done in swept.applied] == [("hub", "update")]
    docker = credential("hub", "serviceAccounts: [models]", form="dockerConfig: {registry: r.example}")
    (refusal,) = world.sync(docker).plan.refused
    assert refusal.reason is Reason.TYPE_MISMATCH
    assert "Choose another Secret name" in refusal.remedy
    assert world.listed() == ["hub"]
    world.sync(docker.replace("[nlp], ", "[nlp], secret: pulls, "))
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert (account["secrets"], account["imagePullSecrets"]) == ([], [{"name": "pulls"}])
    assert world.secret("hub") is None


def test_adoption_is_one_request_and_says_what_it_drops(world: World) -> None:
    """Label and data together; the plan has the verb and every key of theirs that goes."""
    foreign(world, "hub", {"HF_TOKEN": "eA==", "more": "eA=="})
    adopting = credential("hub", "adopt: true")
    swept = world.sync(adopting)
    (done,) = swept.applied
    assert done.action.verb == "adopt"
    (action,) = json.loads(json.dumps(swept.plan.public()))["actions"]
    assert (action["verb"], action["drops"]) == ("adopt", ["more"])
    assert [outcome.reasons for outcome in swept.outcomes.values()] == [(Reason.ADOPTED,)]
    secret = world.secret("hub")
    assert secret is not None
    assert secret["data"].keys() == {"HF_TOKEN"}
    assert not world.sync(adopting).plan


def test_what_another_instance_has_is_never_adopted_and_a_copy_of_ours_is(world: World) -> None:
    """Its label says so, whatever the mapping says; a copy belongs to nobody."""
    labels = {"syncd.dev/instance": "another"}
    metadata = {"name": "hub", "namespace": "nlp", "labels": labels}
    world.write("secrets", "Secret", metadata, {"type": "Opaque", "data": {"HF_TOKEN": "eA=="}})
    refused = world.sync(credential("hub", "adopt: true")).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.FOREIGN_SECRET]
    world.sync(credential("other", "secret: other"))
    copy = world.secret("other")
    assert copy is not None
    metadata = {**copy["metadata"], "name": "copy"}
    world.write("secrets", "Secret", metadata, {"type": "Opaque", "data": copy["data"]})
    both = f"{credential('other', 'secret: other')}\n{credential('taker', 'secret: copy, adopt: true')}"
    (done,) = world.sync(both).applied
    assert (done.action.verb, done.action.ref.name) == ("adopt", "copy")
    assert notes(world, "copy")["syncd.dev/target"] == "nlp/copy"


def test_room_that_is_not_made_is_not_taken(world: World) -> None:
    """The keys that were to go are held by the limit: no others come beside them."""
    keys = s3("serviceAccounts: [models]")
    world.sync(keys)
    others = keys.replace("s3: {from", "other: {from", 1)
    swept = world.sync(others, settings="limits: {removals: 0, reshapes: 0}\n")
    assert {refusal.reason for refusal in swept.plan.refused} == {Reason.HELD, Reason.CONFLICT}
    assert world.listed() == ["s3"]
    world.sync(others)
    assert world.listed() == ["other"]


def test_a_place_that_somebody_else_gave_is_not_taken(world: World) -> None:
    """A ServiceAccount that lists our Secret and is not on its record keeps it, under another name too."""
    world.account("nlp", "theirs", secrets=[{"name": "old"}])
    world.sync(credential("hub", "secret: old, serviceAccounts: [models]", RETAIN))
    world.sync(credential("hub", "secret: new, serviceAccounts: [models, theirs]", RETAIN))
    assert world.listed() == ["new"]
    assert world.listed("theirs") == ["old", "new"]


def test_a_name_that_is_listed_twice_gives_its_place_once(world: World) -> None:
    """Lists may hold a name twice: none of them stays beside the new one, in the very same patch."""
    world.sync(s3("secret: old, serviceAccounts: [models]"))
    world.account("nlp", "models", secrets=[{"name": "old"}, {"name": "last"}, {"name": "old"}])
    swept = world.sync(s3("secret: new, serviceAccounts: [models]"))
    assert [done.action.ref.name for done in swept.applied] == ["new", "models", "old"]
    assert world.listed() == ["new", "last"]


def test_a_role_stays_while_its_keys_are_refused(world: World) -> None:
    """The Secret that is to take its place is another credential's, and is listed there already."""
    hub = credential("hub", "secret: taken, serviceAccounts: [models]", RETAIN)
    role = credential("s3", "serviceAccounts: [models]", form=f"s3: {{roleArn: '{ROLE}'}}")
    world.sync(f"{hub}\n{role}")
    world.again()
    world.document = None
    keys = s3("secret: taken, serviceAccounts: [models]")
    world.sync(f"{keys}\n{hub.replace('secret: taken', 'secret: other')}")
    account = world.get("serviceaccounts", "nlp", "models")
    assert account is not None
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE
