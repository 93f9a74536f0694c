"""ServiceAccounts: ours appended, everyone's items in everyone's order."""

from __future__ import annotations

from syncd.cluster.interface import AccountPatch, Written
from syncd.model.names import (
    LABEL_INSTANCE,
    CredentialId,
    ObjectRef,
    annotations_annotation,
)
from syncd.model.objects import (
    AccountAnnotation,
    Binding,
)
from syncd.model.reasons import Reason
from syncd.testing.cluster.subject import Subject, account, bind, look_at_account, rejected, stored, written


class AccountContract:
    """ServiceAccounts: ours appended, everyone's items in everyone's order."""

    def test_bind_keeps_foreign_items_and_their_order(self, subject: Subject) -> None:
        """Foreign, duplicate and nameless items stay where they are; new names come last."""
        ref = ObjectRef(subject.world.namespace(), "models")
        theirs = [{"name": "z"}, {"namespace": "elsewhere"}, {"name": "a"}, {"name": "z"}, {}]
        pull = [{"name": "registry"}]
        subject.world.put("serviceaccounts", account(ref, secrets=theirs, imagePullSecrets=pull))
        today = look_at_account(subject, ref)
        written(subject.cluster.patch_account(ref, bind("new", "a", "newer", "new"), today))
        have = look_at_account(subject, ref)
        assert today.names("secrets") == ("z", "a", "z")
        assert have.items["secrets"] == (*today.items["secrets"], {"name": "new"}, {"name": "newer"})
        assert have.items["imagePullSecrets"] == tuple(pull)

    def test_bind_to_both_lists_is_one_request(self, subject: Subject) -> None:
        """Bindings of both lists and annotations arrive together."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref))
        credential = CredentialId("models")
        patch = AccountPatch(
            (
                Binding("secrets", "s3", credential, "s3"),
                Binding("imagePullSecrets", "pull", credential, None),
            ),
            {"iam.example/role": AccountAnnotation("reader", credential)},
            '{"iam.example/role":"models"}',
        )
        done = written(subject.cluster.patch_account(ref, patch, look_at_account(subject, ref)))
        have = look_at_account(subject, ref)
        assert have.resource_version == done.resource_version
        assert (have.names("secrets"), have.names("imagePullSecrets")) == (("s3",), ("pull",))
        assert have.annotations["iam.example/role"] == "reader"
        assert have.annotations[annotations_annotation(subject.instance)] == patch.record
        assert have.labels[LABEL_INSTANCE] == subject.instance

    def test_bind_what_is_bound_writes_nothing(self, subject: Subject) -> None:
        """A name that is listed already is not listed twice, and nothing is written."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref, secrets=[{"name": "a"}]))
        today = look_at_account(subject, ref)
        done = written(subject.cluster.patch_account(ref, bind("a"), today))
        assert done == Written(today.uid, today.resource_version)
        assert look_at_account(subject, ref) == today

    def test_bind_keeps_other_annotations_and_sets_no_label(self, subject: Subject) -> None:
        """Binding alone changes neither labels nor annotations."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref))
        subject.world.patch("serviceaccounts", ref, {"metadata": {"annotations": {"theirs": "1"}}})
        written(subject.cluster.patch_account(ref, bind("a"), look_at_account(subject, ref)))
        have = look_at_account(subject, ref)
        assert dict(have.annotations) == {"theirs": "1"}
        assert LABEL_INSTANCE not in have.labels

    def test_stale_bind_changes_nothing(self, subject: Subject) -> None:
        """A list that somebody reordered after it was observed is left as it is."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref, secrets=[{"name": "a"}, {"name": "b"}]))
        today = look_at_account(subject, ref)
        subject.world.patch("serviceaccounts", ref, {"secrets": [{"name": "b"}, {"name": "a"}]})
        rejected(subject.cluster.patch_account(ref, bind("c"), today), Reason.CONFLICT, again=True)
        assert look_at_account(subject, ref).names("secrets") == ("b", "a")

    def test_bind_to_an_account_that_is_gone(self, subject: Subject) -> None:
        """A ServiceAccount that is gone is not brought back."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref))
        today = look_at_account(subject, ref)
        subject.world.delete("serviceaccounts", ref)
        rejected(subject.cluster.patch_account(ref, bind("a"), today), Reason.CONFLICT, again=True)
        assert stored(subject, "serviceaccounts", ref) is None

    def test_bind_to_an_account_that_is_being_deleted(self, subject: Subject) -> None:
        """A ServiceAccount that a finalizer holds is refused."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref))
        subject.world.begin_deletion("serviceaccounts", ref)
        today = look_at_account(subject, ref)
        rejected(subject.cluster.patch_account(ref, bind("a"), today), Reason.BEING_DELETED)

    def test_create_an_account(self, subject: Subject) -> None:
        """Without one observed the ServiceAccount is created, if there is none."""
        ref = ObjectRef(subject.world.namespace(), "models")
        patch = bind("a", "b", record='{"iam.role":"models"}', iam_role="reader")
        written(subject.cluster.patch_account(ref, patch, None))
        have = look_at_account(subject, ref)
        assert have.names("secrets") == ("a", "b")
        assert have.annotations["iam.role"] == "reader"
        assert have.labels[LABEL_INSTANCE] == subject.instance

    def test_create_an_account_that_exists(self, subject: Subject) -> None:
        """A ServiceAccount that is there is not merged into."""
        ref = ObjectRef(subject.world.namespace(), "models")
        subject.world.put("serviceaccounts", account(ref, secrets=[{"name": "z"}]))
        before = stored(subject, "serviceaccounts", ref)
        rejected(subject.cluster.patch_account(ref, bind("a"), None), Reason.CONFLICT, again=True)
        assert stored(subject, "serviceaccounts", ref) == before
