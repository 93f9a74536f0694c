"""Create-only: made whole, or nothing touched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from syncd.cluster.interface import Written
from syncd.model.names import (
    LABEL_INSTANCE,
    LABEL_MANAGED_BY,
    ObjectRef,
)
from syncd.model.reasons import Reason
from syncd.testing.cluster.subject import (
    CREATORS,
    ENDPOINT,
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


class CreateContract:
    """Create-only: made whole, or nothing touched."""

    def test_create_makes_the_whole_secret(self, subject: Subject) -> None:
        """A created Secret has type, data, annotations, records and label, and leaves nothing to do."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        made = written(subject.cluster.create_secret(want))
        have = look_at(subject, want.ref)
        assert (have.uid, have.resource_version) == (made.uid, made.resource_version)
        assert have.labels[LABEL_INSTANCE] == subject.instance
        assert have.labels[LABEL_MANAGED_BY] == "syncd"
        assert have.annotations["syncd.dev/bound-to"] == '["secrets/a","secrets/b"]'
        assert not differs(subject, want)

    def test_create_leaves_a_foreign_secret_untouched(self, subject: Subject) -> None:
        """Where something of that name exists, creating is a rejection and changes nothing."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        subject.world.put("secrets", secret(want.ref, {"other": value("theirs")}))
        before = stored(subject, "secrets", want.ref)
        rejected(subject.cluster.create_secret(want), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", want.ref) == before

    def test_create_leaves_our_own_secret_untouched(self, subject: Subject) -> None:
        """A second create of our own Secret is rejected too, with other values as with the same."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        written(subject.cluster.create_secret(want))
        before = stored(subject, "secrets", want.ref)
        rejected(subject.cluster.create_secret(wanted(want.ref, other="3")), Reason.CONFLICT, again=True)
        rejected(subject.cluster.create_secret(want), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", want.ref) == before

    def test_of_racing_creators_one_wins(self, subject: Subject) -> None:
        """Of many that create the same Secret at once exactly one succeeds, and its values stand."""
        ref = ObjectRef(subject.world.namespace(), "models")
        wants = [wanted(ref, key=str(number)) for number in range(CREATORS)]
        with ThreadPoolExecutor(CREATORS) as threads:
            results = list(threads.map(subject.cluster.create_secret, wants))
        winners = [want for want, result in zip(wants, results, strict=True) if isinstance(result, Written)]
        assert len(winners) == 1
        assert not differs(subject, winners[0])

    def test_create_in_a_missing_namespace(self, subject: Subject) -> None:
        """Without the namespace nothing is created."""
        want = wanted(ObjectRef(subject.world.namespace() + "-not", "models"))
        rejected(subject.cluster.create_secret(want), Reason.NAMESPACE_MISSING)

    def test_create_in_a_terminating_namespace(self, subject: Subject) -> None:
        """A namespace that is being deleted takes nothing new."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"))
        subject.world.terminate(want.ref.namespace)
        rejected(subject.cluster.create_secret(want), Reason.NAMESPACE_TERMINATING)
        assert subject.cluster.survey().namespaces[want.ref.namespace].terminating
        assert stored(subject, "secrets", want.ref) is None

    def test_create_too_large(self, subject: Subject) -> None:
        """More than the API server takes is refused before it is sent."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"), key="x" * 1024 * 1024)
        rejected(subject.cluster.create_secret(want), Reason.OBJECT_TOO_LARGE)
        annotated = replace(wanted(want.ref), annotations={ENDPOINT: "x" * 256 * 1024})
        rejected(subject.cluster.create_secret(annotated), Reason.OBJECT_TOO_LARGE)
        assert stored(subject, "secrets", want.ref) is None

    def test_create_of_the_largest(self, subject: Subject) -> None:
        """One mebibyte of values is accepted."""
        want = wanted(ObjectRef(subject.world.namespace(), "models"), key="")
        filled = value("x" * (1024 * 1024 - value("").size()))
        written(subject.cluster.create_secret(replace(want, data={"key": filled})))
