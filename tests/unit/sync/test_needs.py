"""Which remote secrets a mapping reads, with a cluster and without one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from syncd.mapping.credential import Source
from syncd.model.names import PAUSED, CredentialId
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef
from syncd.sync.needs import Needs, needs
from tests.unit.sync.builders import ORIGIN, STORE, credential, namespace, selector, survey, target

if TYPE_CHECKING:
    from syncd.mapping.credential import Credential
    from syncd.model.objects import Survey

BY_NAMESPACE = "kv/teams/$(namespace)/hub"
BY_LABEL = "kv/teams/$(label:syncd.dev/team)/hub"
MODELS = target(namespaces=None, selector=selector(**{"syncd.dev/models": "true"}))


def reading(secret: str, **changes: Any) -> Credential:
    """A credential that reads this secret."""
    return credential(sources={"token": source(secret)}, **changes)


def source(secret: str) -> Source:
    """The whole of this secret."""
    return Source(SecretRef(STORE, secret), "whole")


def of(credentials: Credential, cluster: Survey | None = None) -> Needs:
    """What is needed."""
    return needs([credentials], cluster, own_namespace="syncd")


def secrets(found: Needs) -> list[str]:
    """The names of the secrets that can be asked for."""
    return sorted(ref.secret for ref in found.refs)


@pytest.mark.parametrize("cluster", [None, survey()], ids=["no cluster", "cluster"])
def test_a_plain_name_needs_no_cluster(cluster: Survey | None) -> None:
    """A secret without placeholders is known whatever the cluster has."""
    found = of(reading("kv/hub", targets=(MODELS, target(namespaces=("nowhere",)))), cluster)
    (need,) = found.known
    assert (secrets(found), need.namespaces, found.unnamed) == (["kv/hub"], ("nowhere",), ())


def test_one_need_for_many_namespaces() -> None:
    """A secret that goes to many namespaces is needed once, with all of their names."""
    found = of(credential(targets=(target(namespaces=("a", "b")), target(namespaces=("b", "c")))))
    assert [need.namespaces for need in found.known] == [("a", "b", "c")]


def test_the_name_of_a_namespace_needs_no_cluster() -> None:
    """A namespace that the mapping names is enough for `$(namespace)`."""
    found = of(reading(BY_NAMESPACE, targets=(target(namespaces=("a", "b")),)))
    assert secrets(found) == ["kv/teams/a/hub", "kv/teams/b/hub"]
    assert found.unnamed == ()


def test_selected_namespaces_need_the_cluster() -> None:
    """Placeholders of namespaces that a selector finds cannot be filled in without a cluster."""
    (unnamed,) = of(reading(BY_NAMESPACE, targets=(MODELS,))).unnamed
    assert unnamed.reason is Reason.CLUSTER_UNAVAILABLE
    assert unnamed.secrets == (SecretRef(STORE, BY_NAMESPACE),)
    assert unnamed.origin == ORIGIN


def test_placeholders_are_filled_in_from_the_cluster() -> None:
    """Each namespace that matches has its own secret."""
    models = {"syncd.dev/models": "true"}
    cluster = survey(
        namespace("a", labels=models), namespace("b", labels=models), namespace("c"), namespace("syncd")
    )
    found = of(reading(BY_NAMESPACE, targets=(MODELS,)), cluster)
    assert secrets(found) == ["kv/teams/a/hub", "kv/teams/b/hub"]


def test_a_selector_that_matches_nothing() -> None:
    """No namespace, no secret: that is told, and nothing is amiss."""
    (unnamed,) = of(reading(BY_NAMESPACE, targets=(MODELS,)), survey()).unnamed
    assert (unnamed.reason, unnamed.message) == (None, "no namespace matches its selector")


def test_labels_need_the_cluster() -> None:
    """A label's value is not known without a cluster, though the namespace is."""
    (unnamed,) = of(reading(BY_LABEL)).unnamed
    assert (unnamed.reason, unnamed.message) == (
        Reason.CLUSTER_UNAVAILABLE,
        "needs the labels of namespace nlp",
    )


def test_labels_of_a_namespace_that_is_missing() -> None:
    """A namespace that does not exist has no labels."""
    (unnamed,) = of(reading(BY_LABEL, targets=(target(namespaces=("gone",)),)), survey()).unnamed
    assert unnamed.reason is Reason.NAMESPACE_MISSING
    assert "gone, which does not exist" in unnamed.message


def test_a_label_that_is_missing() -> None:
    """A namespace without the label is told as a sweep tells it."""
    (unnamed,) = of(reading(BY_LABEL), survey()).unnamed
    assert unnamed.reason is Reason.MAPPING_INVALID
    assert "no value for label syncd.dev/team" in unnamed.message


def test_a_label_that_is_there() -> None:
    """A label's value stands in the name of the secret."""
    found = of(reading(BY_LABEL), survey(namespace(labels={"syncd.dev/team": "vision"})))
    assert secrets(found) == ["kv/teams/vision/hub"]


def test_the_plain_half_of_a_credential() -> None:
    """Of a credential that reads a plain secret besides, that one can be asked for, and not rendered."""
    both = credential(sources={"token": source("kv/hub"), "other": source(BY_NAMESPACE)}, targets=(MODELS,))
    found = of(both)
    (need,) = found.known
    assert (secrets(found), need.whole) == (["kv/hub"], False)
    assert [ref.secret for one in found.unnamed for ref in one.secrets] == [BY_NAMESPACE]


def test_keyless_credentials_need_nothing() -> None:
    """A credential without sources reads no secret."""
    assert of(credential(sources={})) == Needs((), ())


def test_suspended_everywhere() -> None:
    """A credential is suspended if it is so itself, or in every namespace that it goes to."""
    cluster = survey(namespace("a", annotations={PAUSED: "true"}), namespace("b"))
    both = target(namespaces=("a", "b"))
    assert [need.suspended for need in of(credential(suspended=True), cluster).known] == [True]
    assert [need.suspended for need in of(credential(targets=(both,)), cluster).known] == [False]
    alone = replace(both, namespaces=("a",))
    assert [need.suspended for need in of(credential(targets=(alone,)), cluster).known] == [True]


def test_two_credentials_with_one_secret() -> None:
    """Each credential has its own need of a secret that both read."""
    other = replace(credential(), id=CredentialId("other"))
    found = needs([credential(), other], None, own_namespace="syncd")
    assert len(found.known) == 2
    assert len(found.refs) == 1
