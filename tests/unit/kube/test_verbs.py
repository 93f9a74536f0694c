"""What requests are called in metrics."""

from __future__ import annotations

import pytest

from syncd.kube.verbs import resource_of, verb_of


@pytest.mark.parametrize(
    ("method", "path", "verb", "resource"),
    [
        ("GET", "/api/v1/namespaces", "list", "namespaces"),
        ("GET", "/api/v1/namespaces/a", "get", "namespaces"),
        ("GET", "/api/v1/secrets", "list", "secrets"),
        ("GET", "/api/v1/namespaces/a/secrets", "list", "secrets"),
        ("GET", "/api/v1/namespaces/a/secrets/b", "get", "secrets"),
        ("POST", "/api/v1/namespaces/a/events", "create", "events"),
        ("PUT", "/api/v1/namespaces/a/secrets/b", "update", "secrets"),
        ("PATCH", "/api/v1/namespaces/a/secrets/b", "patch", "secrets"),
        ("DELETE", "/api/v1/namespaces/a/secrets/b", "delete", "secrets"),
        ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token", "create", "serviceaccounts/token"),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "get", "leases"),
        ("HEAD", "/readyz", "head", "other"),
        ("GET", "/readyz", "list", "other"),
    ],
)
def test_verb_and_resource(method: str, path: str, verb: str, resource: str) -> None:
    """No name of an object is in either, so that labels stay few."""
    assert (verb_of(method, path), resource_of(path)) == (verb, resource)
