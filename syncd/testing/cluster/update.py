"""Guarded merge patch: exactly what differs, or nothing."""

from __future__ import annotations

from dataclasses import replace

from syncd.model.names import (
    REFRESH_REQUESTED,
    ObjectRef,
)
from syncd.model.reasons import Reason
from syncd.testing.cluster.subject import (
    ENDPOINT,
    REGION,
    Subject,
    differs,
    look_at,
    rejected,
    secret,
    stored,
    value,
    wanted,
    written,
)


class UpdateContract:
    """Guarded merge patch: exactly what differs, or nothing."""

    def test_update_leaves_nothing_to_do(self, subject: Subject) -> None:
        """Values, keys, annotations and labels that changed are written; those that went are taken away."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        changed = replace(
            wanted(want.ref, AWS_SECRET="3", new="4"),
            annotations={ENDPOINT: "elsewhere:9000"},
            bound_to=frozenset(),
            labels={"team": "search"},
        )
        written(subject.cluster.update_secret(changed, look_at(subject, want.ref)))
        have = look_at(subject, want.ref)
        assert not differs(subject, changed)
        assert set(have.data) == {"AWS_SECRET", "new"}
        assert REGION not in have.annotations
        assert "syncd.dev/bound-to" not in have.annotations

    def test_update_of_an_equal_secret_writes_nothing(self, subject: Subject) -> None:
        """Where nothing differs the object is not touched."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        made = written(subject.cluster.create_secret(want))
        assert subject.cluster.update_secret(want, look_at(subject, want.ref)) == made
        assert look_at(subject, want.ref).resource_version == made.resource_version

    def test_update_keeps_what_others_wrote(self, subject: Subject) -> None:
        """Labels and annotations of others survive, and so does the users' refresh request."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        theirs = {"reloader.example/seen": "yes", REFRESH_REQUESTED: "now"}
        subject.world.patch(
            "secrets", want.ref, {"metadata": {"labels": {"cost": "7"}, "annotations": theirs}}
        )
        written(subject.cluster.update_secret(wanted(want.ref, key="3"), look_at(subject, want.ref)))
        have = look_at(subject, want.ref)
        assert have.labels["cost"] == "7"
        assert {name: have.annotations[name] for name in theirs} == theirs

    def test_stale_update_changes_nothing(self, subject: Subject) -> None:
        """A Secret that was edited after it was observed is left as it is."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        have = look_at(subject, want.ref)
        subject.world.patch("secrets", want.ref, {"metadata": {"annotations": {"edited": "by hand"}}})
        before = stored(subject, "secrets", want.ref)
        rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", want.ref) == before

    def test_update_of_a_deleted_secret_does_not_bring_it_back(self, subject: Subject) -> None:
        """A Secret that is gone stays gone."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        have = look_at(subject, want.ref)
        subject.world.delete("secrets", want.ref)
        rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", want.ref) is None

    def test_update_of_a_recreated_secret_changes_nothing(self, subject: Subject) -> None:
        """Another Secret of the same name is not the one that was observed."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        have = look_at(subject, want.ref)
        subject.world.delete("secrets", want.ref)
        subject.world.put("secrets", secret(want.ref, {"other": value("theirs")}))
        before = stored(subject, "secrets", want.ref)
        rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", want.ref) == before

    def test_update_of_an_immutable_secret(self, subject: Subject) -> None:
        """An immutable Secret is refused before anything is sent."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        subject.world.patch("secrets", want.ref, {"immutable": True})
        have = look_at(subject, want.ref)
        assert have.immutable
        rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.SECRET_IMMUTABLE)
        assert not differs(subject, want)

    def test_update_of_another_type(self, subject: Subject) -> None:
        """A type is never changed, nor the rest of a Secret of another type."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        theirs = {"username": value("u"), "password": value("p")}
        subject.world.put("secrets", secret(want.ref, theirs, type="kubernetes.io/basic-auth"))
        before = stored(subject, "secrets", want.ref)
        rejected(subject.cluster.update_secret(want, look_at(subject, want.ref)), Reason.TYPE_MISMATCH)
        assert stored(subject, "secrets", want.ref) == before

    def test_a_secret_held_by_a_finalizer(self, subject: Subject) -> None:
        """What is being deleted is neither patched, which would be lost, nor created again."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        subject.world.begin_deletion("secrets", want.ref)
        have = look_at(subject, want.ref)
        assert have.deleting
        rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.BEING_DELETED)
        rejected(subject.cluster.create_secret(want), Reason.CONFLICT, again=True)

    def test_update_in_a_terminating_namespace(self, subject: Subject) -> None:
        """What exists in a namespace that is being deleted can still be rotated."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        subject.world.terminate(want.ref.namespace)
        changed = wanted(want.ref, key="3")
        written(subject.cluster.update_secret(changed, look_at(subject, want.ref)))
        assert not differs(subject, changed)

    def test_update_too_large(self, subject: Subject) -> None:
        """A Secret that would become too large keeps its last good values."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        larger = wanted(want.ref, key="x" * 1024 * 1024)
        rejected(subject.cluster.update_secret(larger, look_at(subject, want.ref)), Reason.OBJECT_TOO_LARGE)
        assert not differs(subject, want)

    def test_update_takes_over_what_has_no_label(self, subject: Subject) -> None:
        """Adoption is one request: data and label together, foreign keys gone."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        subject.world.put("secrets", secret(want.ref, {"other": value("theirs")}, labels={"cost": "7"}))
        written(subject.cluster.update_secret(want, look_at(subject, want.ref)))
        assert not differs(subject, want)
        assert look_at(subject, want.ref).labels["cost"] == "7"
