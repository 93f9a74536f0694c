"""whenSecretNotFound: Delete acts on a secret that is gone for good, and on nothing that looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    RateLimited,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.names import SOURCE, CredentialId, Instance
from syncd.model.reasons import Reason, State
from syncd.model.secret import StoreName
from syncd.sync.ledger import HOUR
from syncd.sync.not_found import missing_secrets
from syncd.sync.records import sources
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.mapping.credential import Placement
    from syncd.model.errors import StoreError
    from syncd.model.names import PlacementId
    from syncd.model.objects import ObservedState
    from syncd.sync.sweep import Swept
    from syncd.sync.want import Removal

OTHER = "other: {from: {store: vault, secret: hub}, modelScope: {}, to: [{namespaces: [search]}]}"
MINUTES = 60.0


def gone(secret: str = "s3", policy: str = "Delete", more: str = "") -> str:
    """Return an S3 credential that follows its secret out of the cluster, beside one that stays."""
    entry = "storageConfig: {key: k, bucket: b}"
    target = f"{{namespaces: [nlp], secret: models, serviceAccounts: [models], {entry}}}"
    return (
        f"s3: {{from: {{store: vault, secret: {secret}{more}}}, s3: {{}},"
        f" deletionPolicy: {{whenSecretNotFound: {policy}}}, to: [{target}]}}\n{OTHER}"
    )


def there(world: World) -> bool:
    """Tell whether Secret, binding and entry are all in place; fails when only some are."""
    config = world.secret("storage-config") or {}
    found = [
        world.secret("models") is not None,
        world.listed() == ["models"],
        "k" in config.get("data", {}),
    ]
    assert len(set(found)) == 1, found
    return found[0]


def sweeps(
    world: World, count: int, mapping: str | None = None, apart: float = 5 * MINUTES, removal: Removal = "act"
) -> Swept:
    """Sweep so many times, so far apart, and return the last."""
    for _ in range(count - 1):
        world.time += apart
        world.sync(mapping or gone(), removal)
    world.time += apart
    return world.sync(mapping or gone(), removal)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world where the credential is published."""
    one = World(tmp_path)
    one.shelf.put("hub", token="hf_one")
    one.shelf.put("s3", access_key="AKIA", secret_key="sk")
    one.sync(gone())
    assert there(one)
    return one


def test_three_sweeps_in_ten_minutes_take_everything_away(world: World) -> None:
    """Two do not; with the third the Secret, its binding and its entry go, and nothing dangles."""
    world.shelf.take("s3")
    sweeps(world, 2)
    assert there(world)
    swept = sweeps(world, 1)
    assert not there(world)
    outcome = next(one for key, one in swept.outcomes.items() if key.credential == "s3")
    assert Reason.SECRET_NOT_FOUND in outcome.reasons
    after = sweeps(world, 1)
    (outcome,) = [one for key, one in after.outcomes.items() if key.credential == "s3"]
    assert outcome.state is State.PENDING
    assert not after.plan


def test_a_secret_that_is_back_is_published_again(world: World) -> None:
    """After the deletion the placement is still mapped."""
    world.shelf.take("s3")
    sweeps(world, 3)
    world.shelf.put("s3", access_key="AKIB", secret_key="sl")
    sweeps(world, 1)
    assert there(world)


def test_three_sweeps_within_less_than_ten_minutes_are_not_enough(world: World) -> None:
    """However often the store says so, ten minutes have to pass."""
    world.shelf.take("s3")
    sweeps(world, 60, apart=9.0)
    assert there(world)


def test_one_long_gap_is_not_enough(world: World) -> None:
    """Ten minutes alone do not count either: three sweeps have to see it."""
    world.shelf.take("s3")
    sweeps(world, 2, apart=60 * MINUTES)
    assert there(world)


def test_a_reappearance_begins_anew(world: World) -> None:
    """A secret that was there in between was not gone."""
    world.shelf.take("s3")
    sweeps(world, 2)
    world.shelf.put("s3", access_key="AKIA", secret_key="sk")
    sweeps(world, 1)
    world.shelf.take("s3")
    sweeps(world, 2)
    assert there(world)


def test_a_restart_begins_anew(world: World) -> None:
    """The count is in memory only."""
    world.shelf.take("s3")
    sweeps(world, 2)
    world.again()
    sweeps(world, 2)
    assert there(world)


def test_the_count_is_of_the_credentials_own_sweeps(world: World) -> None:
    """Sweeps of other schedules say nothing about it."""
    world.shelf.take("s3")
    for _ in range(6):
        world.time += 5 * MINUTES
        world.sync(gone(), due=frozenset({CredentialId("other")}))
    assert there(world)


def test_a_sync_without_prune_never_deletes(world: World) -> None:
    """`syncd sync` sees one moment, and counts nothing."""
    world.shelf.take("s3")
    sweeps(world, 5, removal="report")
    assert there(world)


def test_retain_never_deletes(world: World) -> None:
    """The default policy keeps the last good one, and says that the secret is gone."""
    sweeps(world, 1, gone(policy="Retain"))
    world.shelf.take("s3")
    swept = sweeps(world, 5, gone(policy="Retain"))
    assert there(world)
    outcome = next(one for key, one in swept.outcomes.items() if key.credential == "s3")
    assert (outcome.state, outcome.reasons) == (State.STALE, (Reason.SECRET_NOT_FOUND,))


def test_a_misspelt_path_never_deletes(world: World) -> None:
    """The source was edited, so what is published came from another one: SourceNotFound, and it stays."""
    swept = sweeps(world, 5, gone("s4"))
    assert there(world)
    outcome = next(one for key, one in swept.outcomes.items() if key.credential == "s3")
    assert outcome.reasons == (Reason.SOURCE_NOT_FOUND,)


def test_another_namespace_of_the_store_never_deletes(world: World) -> None:
    """A wrong Vault namespace that exists answers as if everything were destroyed."""
    world.address = "vault memory namespace other"
    world.again()
    world.shelf.take("s3")
    swept = sweeps(world, 5)
    assert there(world)
    outcome = next(one for key, one in swept.outcomes.items() if key.credential == "s3")
    assert outcome.reasons == (Reason.SOURCE_NOT_FOUND,)


def test_an_emptied_mount_never_deletes(world: World) -> None:
    """Where no other read of the store succeeds, something bigger is wrong."""
    world.shelf.take("s3")
    world.shelf.take("hub")
    sweeps(world, 5)
    assert there(world)


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("denied, or there is no such mount"),
        AuthenticationFailed("login refused"),
        RateLimited("slow down"),
        StoreMisconfigured("no such mount"),
        StoreUnavailable("HTTP 500"),
        VersionUnavailable("the version is deleted"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_no_not_found_never_deletes(world: World, error: StoreError) -> None:
    """A 403, a 5xx, a deleted version stay what they are, and begin the count anew."""
    world.shelf.take("s3")
    sweeps(world, 2)
    world.shelf.failing["s3"] = error
    sweeps(world, 5)
    assert there(world)
    del world.shelf.failing["s3"]
    sweeps(world, 2)
    assert there(world)
    sweeps(world, 1)
    assert not there(world)


def test_a_pinned_version_never_deletes(world: World) -> None:
    """A secret that lacks one version may have others."""
    world.shelf.take("s3")
    swept = sweeps(world, 1)
    (placement,) = [one for one in swept.wanted.due if one.id.credential == "s3"]
    pinned = replace(
        placement,
        sources={
            name: replace(source, ref=replace(source.ref, version="1"))
            for name, source in placement.sources.items()
        },
    )
    addresses = {StoreName("vault"): world.address}
    (old,) = placement.refs
    (new,) = pinned.refs
    fetched = {**swept.wanted.fetched, new: swept.wanted.fetched[old]}
    observed = swept.observed
    have = observed.secrets[placement.secret]
    recorded = replace(have, annotations={**have.annotations, SOURCE: sources(pinned, addresses)})
    observed = replace(observed, secrets={**observed.secrets, placement.secret: recorded})
    instance = Instance("syncd")

    def missing(one: Placement, seen: ObservedState) -> frozenset[PlacementId]:
        return missing_secrets([one], fetched, seen, instance=instance, addresses=addresses)

    assert missing(placement, swept.observed) == {placement.id}
    assert missing(pinned, observed) == frozenset()


def test_half_of_a_pair_never_deletes(world: World) -> None:
    """A credential from two secrets goes only when both are gone."""
    world.shelf.put("second", secret_key="sk")
    pair = gone().replace("s3: {}", "s3: {secretAccessKey: {secret: second, property: secret_key}}")
    sweeps(world, 1, pair)
    world.shelf.take("second")
    sweeps(world, 5, pair)
    assert there(world)
    world.shelf.take("s3")
    sweeps(world, 3, pair)
    assert not there(world)


def test_what_somebody_else_bound_stays(world: World) -> None:
    """A ServiceAccount that syncd did not bind would lose its pods: the Secret is kept, and that is said."""
    world.account("nlp", "theirs", secrets=[{"name": "models"}])
    world.shelf.take("s3")
    swept = sweeps(world, 3)
    assert world.secret("models") is not None
    assert Reason.STILL_REFERENCED in {refusal.reason for refusal in swept.plan.refused}


def test_many_at_once_are_held(world: World) -> None:
    """Secrets that vanish from a store together are a mistake until somebody confirms it."""
    names = [f"team-{number}" for number in range(8)]
    mapping = gone() + "".join(
        f"\nc-{name}: {{from: {{store: vault, secret: {name}}}, huggingFace: {{}},"
        " deletionPolicy: {whenSecretNotFound: Delete},"
        f" to: [{{namespaces: [nlp], secret: c-{name}, serviceAccounts: [models]}}]}}"
        for name in names
    )
    for name in names:
        world.shelf.put(name, token="hf_one")
    sweeps(world, 1, mapping)
    for name in names:
        world.shelf.take(name)
    swept = sweeps(world, 3, mapping)
    (one,) = swept.plan.held
    assert (one.kind, one.count) == ("removals", 16)
    assert all(world.secret(f"c-{name}") for name in names)
    # A sweep of others in between does not change what the id stands for.
    other = world.sync(mapping, due=frozenset({CredentialId("other")}))
    assert [held.id for held in other.plan.held] == [one.id]
    assert sweeps(world, 1, mapping, apart=HOUR + 1.0).plan.held[0].id == one.id
