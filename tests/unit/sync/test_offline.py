"""plan --offline: what can be said without asking any store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.kserve.cluster_config import KServeConfig
from syncd.mapping.credential import AccountChoice
from syncd.model.names import CredentialId, PlacementId, entries_annotation
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.sync.action import PatchAccount, WriteEntry, WriteSecret
from syncd.sync.kserve_config import ConfigSeen
from syncd.sync.offline import plan_offline
from syncd.sync.place import Placed
from tests.unit.sync.builders import (
    HUB,
    ME,
    account,
    as_written,
    binding,
    credential,
    desired,
    entry_settings,
    foreign,
    observed,
    placement,
    ref,
    target,
)

if TYPE_CHECKING:
    from syncd.mapping.credential import Placement
    from syncd.model.objects import ObservedAccount, ObservedSecret
    from syncd.sync.offline import OfflinePlan

OURS = as_written(desired())
BOUND = account(items=({"name": "hub"},))
LISTED = replace(OURS, annotations={**OURS.annotations, "syncd.dev/bound-to": '["secrets/models"]'})


def look(*placements: Placement, at: tuple[ObservedSecret | ObservedAccount, ...] = ()) -> OfflinePlan:
    """Plan these placements."""
    return plan_offline(Placed(placements, ()), observed(*at), ConfigSeen(KServeConfig()), ME)


def test_nothing_is_there() -> None:
    """What is missing would be created and bound; its keys are not known."""
    found = look(placement(), at=(account(),))
    secret, patch = found.plan.actions
    assert isinstance(secret, WriteSecret)
    assert (secret.verb, secret.ref, dict(secret.want.data)) == ("create", ref(), {})
    assert isinstance(patch, PatchAccount)
    assert patch.bind == (binding(),)
    assert (found.unread, found.plan.refused) == ((), ())


def test_ours_is_there() -> None:
    """What is ours and bound is no difference: its values were not compared, and that is said."""
    found = look(placement(), at=(LISTED, BOUND))
    assert not found.plan
    assert [(item.ref, item.placement.credential) for item in found.unread] == [(ref(), HUB)]


def test_binding_is_missing() -> None:
    """A binding that is missing is a difference, though nobody read the values."""
    found = look(placement(), at=(OURS, account()))
    assert [type(action) for action in found.plan.actions] == [PatchAccount]
    assert [item.ref for item in found.unread] == [ref()]


def test_foreign_secret() -> None:
    """A Secret of somebody else is refused, and not bound."""
    found = look(placement(), at=(foreign("hub", {"HF_TOKEN": "x"}), account()))
    assert [refusal.reason for refusal in found.plan.refused] == [Reason.FOREIGN_SECRET]
    assert (found.plan.actions, found.unread) == ((), ())


def test_clash_on_a_service_account() -> None:
    """A second S3 Secret on one ServiceAccount is refused there; the Secret itself is created."""
    other = foreign("other", {"AWS_SECRET_ACCESS_KEY": "x"})
    found = look(placement(credential("s3")), at=(other, account(items=({"name": "other"},))))
    assert [type(action) for action in found.plan.actions] == [WriteSecret]
    assert [refusal.reason for refusal in found.plan.refused] == [Reason.CONFLICT]


def test_missing_service_account() -> None:
    """A ServiceAccount that is missing is told; one that may be created is planned."""
    assert [refusal.reason for refusal in look(placement()).plan.refused] == [
        Reason.SERVICE_ACCOUNT_NOT_FOUND
    ]
    creating = credential(targets=(target(accounts=AccountChoice(("models",), create=True)),))
    found = look(placement(creating))
    assert [action.verb for action in found.plan.actions] == ["create", "create"]


def test_image_pulls_and_opaque() -> None:
    """An image pull secret goes to imagePullSecrets, and an opaque one is bound to nothing."""
    registry = look(placement(credential("dockerConfig")), at=(account(),))
    patch = registry.plan.actions[-1]
    assert isinstance(patch, PatchAccount)
    assert [one.list_name for one in patch.bind] == ["imagePullSecrets"]
    opaque = look(placement(credential("opaque")), at=(account(),))
    assert [type(action) for action in opaque.plan.actions] == [WriteSecret]


def test_entries() -> None:
    """An entry that is missing would be made, ours is not compared, and a foreign one is refused."""
    one = placement(credential("s3"), entry=entry_settings("models"), accounts=())
    missing = look(one, at=(OURS,)).plan.actions
    assert [action.want.key for action in missing if isinstance(action, WriteEntry)] == ["models"]
    record = {entries_annotation(ME): '{"models":{"credential":"hub"}}'}
    ours = foreign("storage-config", {"models": "{}"}, annotations=record)
    assert [item.key for item in look(one, at=(OURS, ours)).unread] == [None, "models"]
    theirs = foreign("storage-config", {"models": "{}"})
    refused = look(one, at=(OURS, theirs)).plan.refused
    assert [refusal.reason for refusal in refused] == [Reason.FOREIGN_ENTRY]


def test_keyless() -> None:
    """A credential that needs no secret is planned as always, with what it holds."""
    keyless = credential("s3", sources={}, settings={"useAnonymousCredential": "true"})
    found = look(placement(keyless), at=(account(),))
    secret = found.plan.actions[0]
    assert isinstance(secret, WriteSecret)
    assert set(secret.want.data) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_two_credentials_on_one_account() -> None:
    """All that happens to one ServiceAccount is one action."""
    other = replace(credential(), id=CredentialId("other"), targets=(target(secret="other"),))
    second = placement(other, id=PlacementId(other.id, "nlp"))
    found = look(placement(), second, at=(account(),))
    patches = [action for action in found.plan.actions if isinstance(action, PatchAccount)]
    assert [[one.secret for one in patch.bind] for patch in patches] == [["hub", "other"]]


def test_suspended_is_left_out() -> None:
    """A suspended placement is not planned, and what it has is no leftover."""
    found = look(placement(suspended=True), at=(LISTED, BOUND))
    assert (found.plan.actions, found.unread, found.plan.leftovers) == ((), (), ())


def test_what_left_the_mapping() -> None:
    """What is ours and not mapped any more is a leftover."""
    assert [left.ref for left in look(at=(LISTED, BOUND)).plan.leftovers] == [ref()]


def test_what_cannot_be_placed() -> None:
    """Placements that cannot be made are refused in the plan."""
    refusal = Refusal(PlacementId(HUB, "gone"), Reason.NAMESPACE_MISSING, "namespace gone", "x", "y")
    found = plan_offline(Placed((), (refusal,)), observed(), ConfigSeen(KServeConfig()), ME)
    assert found.plan.refused == (refusal,)
