"""Everybody else in the cluster: what they see, what they change, and when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.mapping.read import read
from syncd.model.events import ApiRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.model.events import Event
    from tests.e2e.workbench import Workbench
    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

WATCHED = ("secrets", "serviceaccounts")
FINALIZER = "tests.example/hold"


def objects(plane: ControlPlane, *namespaces: str) -> dict[str, str]:
    """Every Secret and ServiceAccount there, resourceVersion and all: path → digest of its JSON."""
    found = {}
    for namespace in namespaces:
        for resource in WATCHED:
            path = f"/api/v1/namespaces/{namespace}/{resource}"
            for item in plane.admin.must(plane.admin.get(path))["items"]:
                found[f"{path}/{item['metadata']['name']}"] = digest(item)
    return found


def digest(tree: object) -> str:
    """Stands for a JSON tree in an assertion, which then shows no value."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def published(bench: Workbench, namespace: str, name: str) -> dict[str, str]:
    """What a Secret holds: key → digest of its value (an assertion prints what it compares)."""
    return {key: hidden_value(value) for key, value in bench.values(namespace, name).items()}


def hidden(**data: str) -> dict[str, str]:
    """What ``published`` says of a Secret that holds this."""
    return {key: hidden_value(value.encode()) for key, value in data.items()}


def hidden_value(value: bytes) -> str:
    """Stands for a value."""
    return hashlib.sha256(value).hexdigest()[:16]


def edit(
    plane: ControlPlane, resource: str, namespace: str, name: str, patch: Mapping[str, object]
) -> Object:
    """Merges a patch into an object without looking at it first; returns the object."""
    path = f"/api/v1/namespaces/{namespace}/{resource}/{name}"
    return plane.admin.must(plane.admin.patch(path, dict(patch)))


def remove(plane: ControlPlane, resource: str, namespace: str, name: str) -> None:
    """Deletes an object."""
    plane.admin.must(plane.admin.delete(f"/api/v1/namespaces/{namespace}/{resource}/{name}"))


def force(bench: Workbench, text: str) -> None:
    """Puts a whole mapping in force though it is warned of something."""
    reading = read({"mapping.yaml": text}, bench._document)
    assert reading.document is not None
    assert not [str(problem) for problem in reading.problems if problem.severity == "error"]
    bench._document = reading.document
    bench.app.use(reading.document)


@dataclass(slots=True)
class Meddler:
    """Does something when the API server has answered the n-th request of a kind, before syncd goes on.

    A listener of a workbench. ``nth`` counts from 1 after each time that it acted; ``times`` is how often it
    acts.
    """

    verb: str
    resource: str
    act: Callable[[], object]
    nth: int = 1
    times: int = 1
    acted: int = 0
    _counted: int = field(default=0)

    def __call__(self, event: Event) -> None:
        """Hears an event."""
        if not isinstance(event, ApiRequest) or (event.verb, event.resource) != (self.verb, self.resource):
            return
        self._counted += 1
        if self._counted < self.nth or self.acted >= self.times:
            return
        self._counted = 0
        self.acted += 1
        self.act()
