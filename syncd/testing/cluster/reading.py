"""What is looked at, and what is not there."""

from __future__ import annotations

from syncd.model.names import (
    LABEL_INSTANCE,
    TARGET,
    ObjectRef,
)
from syncd.model.secret import SecretValue
from syncd.testing.cluster.subject import (
    CANARY,
    DIGEST_KEY,
    Subject,
    account,
    look,
    look_at,
    secret,
    value,
    wanted,
    written,
)


class ReaderContract:
    """What is looked at, and what is not there."""

    def test_observe_sees_ours_copies_and_foreign(self, subject: Subject) -> None:
        """Seen are our label (copies too), targets, storage-config, and what bound ServiceAccounts list."""
        namespace = subject.world.namespace()
        ref = {
            name: ObjectRef(namespace, name) for name in ("ours", "copy", "target", "listed", "pull", "other")
        }
        config = ObjectRef(namespace, "storage-config")
        written(subject.cluster.create_secret(wanted(ref["ours"])))
        label = {LABEL_INSTANCE: str(subject.instance)}
        copied = secret(ref["copy"], {"a": value("c")}, labels=label, annotations={TARGET: "elsewhere/ours"})
        subject.world.put("secrets", copied)
        for foreign in (ref["target"], ref["listed"], ref["pull"], ref["other"], config):
            subject.world.put("secrets", secret(foreign, {foreign.name: value("f")}))
        models = ObjectRef(namespace, "models")
        lists = {
            "secrets": [{"name": "listed"}, {"name": "gone"}, {}],
            "imagePullSecrets": [{"name": "pull"}],
        }
        subject.world.put("serviceaccounts", account(models, **lists))
        missing = ObjectRef(namespace, "missing")
        found = look(
            subject,
            secrets=[ref["target"], missing],
            entries=frozenset({config}),
            accounts=frozenset({models, missing}),
        )
        here = {found_ref for found_ref in found if found_ref.namespace == namespace}
        assert here == {ref["ours"], ref["copy"], ref["target"], ref["listed"], ref["pull"], config}
        assert set(found[ref["listed"]].data) == {"listed"}
        assert found[ref["copy"]].annotations[TARGET] == "elsewhere/ours"

    def test_observe_sees_many_targets_of_one_name(self, subject: Subject) -> None:
        """A credential in many namespaces is seen in each, there or not."""
        namespaces = [subject.world.namespace() for _ in range(6)]
        refs = [ObjectRef(namespace, "models") for namespace in namespaces]
        for ref in refs[:5]:
            subject.world.put("secrets", secret(ref, {ref.namespace: value("f")}))
        assert look(subject, secrets=refs).keys() & set(refs) == set(refs[:5])

    def test_observe_sees_a_listed_secret_that_changed_hands(self, subject: Subject) -> None:
        """A Secret that a ServiceAccount lists is still seen when it has lost our label."""
        ref = ObjectRef(subject.world.namespace(), "models")
        written(subject.cluster.create_secret(wanted(ref)))
        subject.world.put("serviceaccounts", account(ref, secrets=[{"name": ref.name}]))
        assert ref in look(subject, accounts=frozenset({ref}))
        subject.world.patch("secrets", ref, {"metadata": {"labels": {LABEL_INSTANCE: None}}})
        assert ref in look(subject, accounts=frozenset({ref}))

    def test_observe_measures(self, subject: Subject) -> None:
        """Of a value nothing is seen but a digest and its size."""
        ref = ObjectRef(subject.world.namespace(), "models")
        hidden = value("f")
        subject.world.put("secrets", secret(ref, {"a": hidden, "empty": SecretValue(b"")}))
        have = look_at(subject, ref)
        assert dict(have.sizes) == {"a": hidden.size(), "empty": 0}
        assert have.data["a"] == hidden.digest(DIGEST_KEY)
        assert CANARY not in repr(have)

    def test_observe_names_the_controller(self, subject: Subject) -> None:
        """Who else controls a Secret is said in words."""
        ref = ObjectRef(subject.world.namespace(), "models")
        tracking = {"argocd.argoproj.io/tracking-id": "shop:/Secret:x/models"}
        subject.world.put("secrets", secret(ref, {"a": value("f")}, annotations=tracking))
        owner = look_at(subject, ref).owner
        assert owner is not None
        assert owner.name == "Argo CD (shop)"

    def test_survey(self, subject: Subject) -> None:
        """Namespaces come with their labels, ServiceAccounts with their lists."""
        namespace = subject.world.namespace()
        ref = ObjectRef(namespace, "models")
        subject.world.put("serviceaccounts", account(ref, secrets=[{"name": "a"}]))
        survey = subject.cluster.survey()
        assert survey.namespaces[namespace].labels["kubernetes.io/metadata.name"] == namespace
        assert not survey.namespaces[namespace].terminating
        assert survey.accounts[ref].names("secrets") == ("a",)

    def test_kserve_config(self, subject: Subject) -> None:
        """The `credentials` of KServe's ConfigMap are its text; without the ConfigMap they are None."""
        assert subject.cluster.kserve_config() is None
        name = {"name": "inferenceservice-config", "namespace": subject.kserve_namespace}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": {"credentials": "{}"}}
        subject.world.put("configmaps", manifest)
        assert subject.cluster.kserve_config() == "{}"

    def test_read_by_name(self, subject: Subject) -> None:
        """A store's own Secret and a ConfigMap are read whole; missing ones are None."""
        ref = ObjectRef(subject.world.namespace(), "login")
        data = {"password": value("p"), "empty": SecretValue(b"")}
        subject.world.put("secrets", secret(ref, data))
        metadata = {"name": ref.name, "namespace": ref.namespace}
        subject.world.put(
            "configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.pem": "text"}},
        )
        assert subject.cluster.read_secret(ref.namespace, ref.name) == data
        assert subject.cluster.read_config_map(ref.namespace, ref.name) == {"ca.pem": "text"}
        assert subject.cluster.read_secret(ref.namespace, "missing") is None
        assert subject.cluster.read_config_map(ref.namespace, "missing") is None
