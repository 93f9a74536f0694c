"""What syncd remembers in the cluster: ConfigMaps of its own, and what it released."""

from __future__ import annotations

from syncd.model.names import LABEL_INSTANCE, LABEL_RELEASED, ObjectRef
from syncd.model.reasons import Reason
from syncd.testing.cluster.subject import (
    Subject,
    look_at,
    rejected,
    secret,
    stored,
    value,
    wanted,
    written,
)


class MemoryContract:
    """ConfigMaps of ours are created only, or patched as observed; what was released is found again."""

    def test_a_config_map_is_created_and_read_back(self, subject: Subject) -> None:
        """A missing ConfigMap is None; once created its texts come back with what guards a write."""
        ref = ObjectRef(subject.world.namespace(), "syncd-state")
        assert subject.cluster.observe_config_map(ref) is None
        made = written(subject.cluster.write_config_map(ref, {"held": "{}", "history": "[]"}, None))
        have = subject.cluster.observe_config_map(ref)
        assert have is not None
        assert (have.uid, have.resource_version) == (made.uid, made.resource_version)
        assert dict(have.data) == {"held": "{}", "history": "[]"}

    def test_a_config_map_that_is_there_is_not_created_again(self, subject: Subject) -> None:
        """Two that create at once do not overwrite each other."""
        ref = ObjectRef(subject.world.namespace(), "syncd-state")
        written(subject.cluster.write_config_map(ref, {"held": "first"}, None))
        before = stored(subject, "configmaps", ref)
        rejected(subject.cluster.write_config_map(ref, {"held": "second"}, None), Reason.CONFLICT, again=True)
        assert stored(subject, "configmaps", ref) == before

    def test_only_the_keys_that_are_named_change(self, subject: Subject) -> None:
        """A key of somebody else stays, and None takes one away."""
        ref = ObjectRef(subject.world.namespace(), "syncd-state")
        written(subject.cluster.write_config_map(ref, {"held": "1", "confirmed": "[]"}, None))
        subject.world.patch("configmaps", ref, {"data": {"theirs": "kept"}})
        have = subject.cluster.observe_config_map(ref)
        assert have is not None
        written(subject.cluster.write_config_map(ref, {"held": "2", "confirmed": None}, have))
        after = subject.cluster.observe_config_map(ref)
        assert after is not None
        assert dict(after.data) == {"held": "2", "theirs": "kept"}

    def test_an_equal_config_map_is_not_written(self, subject: Subject) -> None:
        """Unchanged means untouched: the resourceVersion stays."""
        ref = ObjectRef(subject.world.namespace(), "syncd-state")
        made = written(subject.cluster.write_config_map(ref, {"held": "1"}, None))
        have = subject.cluster.observe_config_map(ref)
        assert written(subject.cluster.write_config_map(ref, {"held": "1"}, have)) == made
        assert subject.cluster.observe_config_map(ref) == have

    def test_a_config_map_that_moved_is_left_alone(self, subject: Subject) -> None:
        """A confirmation that came in between is not overwritten."""
        ref = ObjectRef(subject.world.namespace(), "syncd-state")
        written(subject.cluster.write_config_map(ref, {"confirmed": "[]"}, None))
        have = subject.cluster.observe_config_map(ref)
        subject.world.patch("configmaps", ref, {"data": {"confirmed": '["abcdefgh"]'}})
        before = stored(subject, "configmaps", ref)
        rejected(
            subject.cluster.write_config_map(ref, {"confirmed": None}, have), Reason.CONFLICT, again=True
        )
        assert stored(subject, "configmaps", ref) == before

    def test_what_was_released_is_found(self, subject: Subject) -> None:
        """Secrets with our label for what was released are listed; others' and those in use are not."""
        namespace = subject.world.namespace()
        ref = {name: ObjectRef(namespace, name) for name in ("ours", "released", "theirs")}
        for name in ("ours", "released"):
            written(subject.cluster.create_secret(wanted(ref[name])))
        labels = {LABEL_INSTANCE: None, LABEL_RELEASED: str(subject.instance)}
        written(subject.cluster.patch_records(look_at(subject, ref["released"]), labels, {}))
        other = secret(ref["theirs"], {"a": value("f")}, labels={LABEL_RELEASED: "somebody-else"})
        subject.world.put("secrets", other)
        assert [found for found in subject.cluster.released() if found.namespace == namespace] == [
            ref["released"]
        ]
