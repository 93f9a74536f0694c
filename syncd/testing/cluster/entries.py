"""storage-config: the entries on our record, not the object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from syncd.cluster.interface import Written
from syncd.model.difference import entry_records
from syncd.model.names import (
    LABEL_INSTANCE,
    ObjectRef,
    entries_annotation,
)
from syncd.model.reasons import Reason
from syncd.testing.cluster.subject import (
    CREATORS,
    DIGEST_KEY,
    Subject,
    entry,
    look,
    rejected,
    secret,
    stored,
    value,
    written,
)


class EntriesContract:
    """storage-config: the entries on our record, not the object."""

    def test_entries_create_the_secret(self, subject: Subject) -> None:
        """Where there is no storage-config it is created with entries and record, without our label."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        want = [entry(ref, "a"), entry(ref, "b")]
        written(subject.cluster.patch_entries(ref, want, None))
        have = look(subject, entries=frozenset({ref}))[ref]
        assert dict(have.data) == {item.key: item.value.digest(DIGEST_KEY) for item in want}
        assert set(entry_records(have.annotations[entries_annotation(subject.instance)])) == {"a", "b"}
        assert LABEL_INSTANCE not in have.labels

    def test_entries_do_not_create_over_a_foreign_secret(self, subject: Subject) -> None:
        """A storage-config that appeared meanwhile is not merged into."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        subject.world.put("secrets", secret(ref, {"theirs": value("t")}))
        before = stored(subject, "secrets", ref)
        rejected(subject.cluster.patch_entries(ref, [entry(ref, "a")], None), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", ref) == before

    def test_entries_keep_foreign_keys_and_earlier_records(self, subject: Subject) -> None:
        """Foreign keys stay, and a later entry joins the record of the earlier ones."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        theirs = {"theirs": value("t")}
        subject.world.put("secrets", secret(ref, theirs, annotations={"note": "keep"}))
        for name in ("a", "b"):
            have = look(subject, entries=frozenset({ref}))[ref]
            written(subject.cluster.patch_entries(ref, [entry(ref, name)], have))
        have = look(subject, entries=frozenset({ref}))[ref]
        assert have.data["theirs"] == theirs["theirs"].digest(DIGEST_KEY)
        assert set(have.data) == {"theirs", "a", "b"}
        assert have.annotations["note"] == "keep"
        assert set(entry_records(have.annotations[entries_annotation(subject.instance)])) == {"a", "b"}

    def test_equal_entries_write_nothing(self, subject: Subject) -> None:
        """Entries that are there already are not written again."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        made = written(subject.cluster.patch_entries(ref, [entry(ref, "a")], None))
        have = look(subject, entries=frozenset({ref}))[ref]
        assert subject.cluster.patch_entries(ref, [entry(ref, "a")], have) == made

    def test_entries_while_somebody_else_edits(self, subject: Subject) -> None:
        """Another writer's edit between read and write is kept; after looking again both are there."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        written(subject.cluster.patch_entries(ref, [entry(ref, "a")], None))
        have = look(subject, entries=frozenset({ref}))[ref]
        theirs = secret(ref, {"theirs": value("t")})["data"]
        subject.world.patch("secrets", ref, {"data": theirs})
        before = stored(subject, "secrets", ref)
        want = [entry(ref, "a", "2"), entry(ref, "b")]
        rejected(subject.cluster.patch_entries(ref, want, have), Reason.CONFLICT, again=True)
        assert stored(subject, "secrets", ref) == before
        written(subject.cluster.patch_entries(ref, want, look(subject, entries=frozenset({ref}))[ref]))
        assert set(look(subject, entries=frozenset({ref}))[ref].data) == {"theirs", "a", "b"}

    def test_entries_of_many_writers_at_once(self, subject: Subject) -> None:
        """Writers that look again after each rejection all get their entry and record in."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        written(subject.cluster.patch_entries(ref, [entry(ref, "a")], None))
        names = [f"k{number}" for number in range(CREATORS)]

        def add(name: str) -> None:
            while True:
                have = look(subject, entries=frozenset({ref}))[ref]
                result = subject.cluster.patch_entries(ref, [entry(ref, name)], have)
                if isinstance(result, Written):
                    return
                rejected(result, Reason.CONFLICT, again=True)

        with ThreadPoolExecutor(CREATORS) as threads:
            list(threads.map(add, names))
        have = look(subject, entries=frozenset({ref}))[ref]
        assert set(have.data) == {"a", *names}
        assert set(entry_records(have.annotations[entries_annotation(subject.instance)])) == {"a", *names}

    def test_a_damaged_record_is_not_overwritten(self, subject: Subject) -> None:
        """A record that cannot be read is refused: a new one would disown what it listed."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        written(subject.cluster.patch_entries(ref, [entry(ref, "a")], None))
        name = entries_annotation(subject.instance)
        subject.world.patch("secrets", ref, {"metadata": {"annotations": {name: "no JSON"}}})
        have = look(subject, entries=frozenset({ref}))[ref]
        rejected(subject.cluster.patch_entries(ref, [entry(ref, "b")], have), Reason.OWNERSHIP_LOST)

    def test_entries_of_an_immutable_secret(self, subject: Subject) -> None:
        """An immutable storage-config is refused before anything is sent."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        subject.world.put("secrets", secret(ref, {"theirs": value("t")}, immutable=True))
        have = look(subject, entries=frozenset({ref}))[ref]
        rejected(subject.cluster.patch_entries(ref, [entry(ref, "a")], have), Reason.SECRET_IMMUTABLE)

    def test_entries_that_do_not_fit(self, subject: Subject) -> None:
        """What others put there counts against the size too."""
        ref = ObjectRef(subject.world.namespace(), "storage-config")
        subject.world.put("secrets", secret(ref, {"theirs": value("x" * 600 * 1024)}))
        have = look(subject, entries=frozenset({ref}))[ref]
        large = entry(ref, "a", "x" * 600 * 1024)
        rejected(subject.cluster.patch_entries(ref, [large], have), Reason.OBJECT_TOO_LARGE)
