"""The patch of a Secret: applying it leaves nothing to do, and touches nothing of others."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncd.cluster.merge_patch import merged
from syncd.cluster.secrets import merge_patch, new_secret, too_large
from syncd.model.difference import secret_difference
from syncd.model.names import (
    BOUND_TO,
    KSERVE_PREFIX,
    LABEL_INSTANCE,
    REFRESH_REQUESTED,
    TARGET,
    CredentialId,
    Instance,
    ObjectRef,
)
from syncd.model.objects import DesiredSecret, ObservedSecret
from syncd.model.secret import SecretValue
from syncd.model.sizes import LARGEST_ANNOTATIONS, LARGEST_SECRET

KEY = b"a key for digests"
REF = ObjectRef("ns", "models")
US = Instance("us")

names = st.sampled_from("abc")
values = st.binary(max_size=2).map(SecretValue)
foreign = st.dictionaries(st.sampled_from(["other/a", "other/b", REFRESH_REQUESTED]), st.sampled_from("12"))
kserve = st.dictionaries(names.map(lambda name: KSERVE_PREFIX + name), st.sampled_from("12"))
records = st.dictionaries(st.sampled_from([TARGET, "syncd.dev/source"]), st.sampled_from("12"))
bindings = st.frozensets(st.sampled_from(["secrets/a", "secrets/b"]))


@st.composite
def wanted(draw: st.DrawFn) -> DesiredSecret:
    """Return any Secret that somebody may want."""
    return DesiredSecret(
        ref=REF,
        credential=CredentialId("c"),
        type="Opaque",
        data=draw(st.dictionaries(names, values)),
        annotations=draw(kserve),
        labels=draw(st.dictionaries(st.just("team"), st.sampled_from("12"))),
        records=draw(records),
        detects_as=None,
        bound_to=draw(bindings),
    )


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Return any Secret that may be there: ours, as it was, or anybody's."""
    manifest = new_secret(draw(wanted()), US)
    metadata = manifest["metadata"]
    metadata["annotations"] |= draw(foreign)
    metadata["labels"] |= draw(st.dictionaries(st.sampled_from(["team", "cost"]), st.sampled_from("12")))
    if draw(st.booleans()):
        del metadata["labels"][LABEL_INSTANCE]
    return manifest


def observed(manifest: dict[str, Any]) -> ObservedSecret:
    """Return what is seen of a hidden manifest."""
    data: dict[str, SecretValue] = manifest["data"]
    return ObservedSecret(
        ref=REF,
        uid="u",
        resource_version="1",
        type=manifest["type"],
        immutable=False,
        deleting=False,
        labels=manifest["metadata"].get("labels", {}),
        annotations=manifest["metadata"].get("annotations", {}),
        data={key: value.digest(KEY) for key, value in data.items()},
        sizes={key: value.size() for key, value in data.items()},
    )


def patch_of(want: DesiredSecret, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the patch from what is there to what is wanted."""
    return merge_patch(want, observed(manifest), instance=US, digest_key=KEY)


def theirs(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the annotations that are not ours to change."""
    annotations: dict[str, str] = manifest["metadata"].get("annotations", {})
    return {
        name: text
        for name, text in annotations.items()
        if name.startswith("other/") or name == REFRESH_REQUESTED
    }


@given(wanted(), manifests())
def test_applying_the_patch_leaves_nothing_to_do(want: DesiredSecret, manifest: dict[str, Any]) -> None:
    """Afterwards nothing differs, and the next patch is empty."""
    after = merged(manifest, patch_of(want, manifest))
    assert not secret_difference(want, observed(after), instance=US, digest_key=KEY)
    assert patch_of(want, after) == {}


@given(wanted(), manifests())
def test_the_patch_touches_nothing_foreign(want: DesiredSecret, manifest: dict[str, Any]) -> None:
    """Others' annotations and labels are as they were."""
    after = merged(manifest, patch_of(want, manifest))
    assert theirs(after) == theirs(manifest)
    assert after["metadata"]["labels"].get("cost") == manifest["metadata"]["labels"].get("cost")


@given(wanted(), manifests())
def test_the_patch_holds_only_what_differs(want: DesiredSecret, manifest: dict[str, Any]) -> None:
    """A value that is there already is not sent."""
    have = observed(manifest)
    sent = {key for key, value in patch_of(want, manifest).get("data", {}).items() if value is not None}
    assert sent == {key for key, value in want.data.items() if have.data.get(key) != value.digest(KEY)}


@given(wanted())
def test_a_new_secret_is_what_is_wanted(want: DesiredSecret) -> None:
    """Creating leaves nothing to do; an empty `bound-to` is not written."""
    manifest = new_secret(want, US)
    assert patch_of(want, manifest) == {}
    assert (BOUND_TO in manifest["metadata"]["annotations"]) == bool(want.bound_to)


def test_limits_are_inclusive() -> None:
    """Exactly the limit is allowed, a byte more is not; names of keys count for annotations only."""
    assert too_large(REF, {"k" * 99: LARGEST_SECRET}, {"a": "x" * (LARGEST_ANNOTATIONS - 1)}) is None
    assert too_large(REF, {"k": LARGEST_SECRET, "l": 1}, {}) is not None
    assert too_large(REF, {}, {"a": "x" * LARGEST_ANNOTATIONS}) is not None
